// Runs another scanner that is installed here, and reads its report as `bulkhead scan REPORT` reads it. Only `--with` does this.
import { spawn } from 'node:child_process'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { parseReport } from '../../supply-chain/advisories/reports/index.ts'
import { type ImportedReport, maxReportBytes } from '../../supply-chain/advisories/reports/report-format.ts'
import { softwareTarget } from '../sbom/software-target.ts'
import { scanners } from './scanners/index.ts'

/** Where a scanner finds its program and its own data; it gets no other variable. */
export interface ScannerEnvironment {
  readonly PATH?: string
  readonly HOME?: string
  readonly XDG_CACHE_HOME?: string
  readonly TRIVY_CACHE_DIR?: string
}

/** For one scan. */
export const scannerMs = 15 * 60_000
/** Of what it writes beside its report. */
const maxErrorLength = 4096

/** `name` as `trivy` or `trivy=/path/to/trivy`. Rejects with a UserError if it cannot be run, fails, or writes no report. */
export async function runScanner(
  name: string,
  text: string,
  platform: string | undefined,
  environment: ScannerEnvironment,
  signal: AbortSignal,
): Promise<ImportedReport> {
  const equals = name.indexOf('=')
  const [wanted, program] = equals < 0 ? [name, name] : [name.slice(0, equals), name.slice(equals + 1)]
  const scanner = scanners.find(each => each.name === wanted)
  if (scanner === undefined || program === '')
    throw new UserError(`--with must be ${scanners.map(each => `${each.name} or ${each.name}=PROGRAM`).join(', ')}, got "${name}"`)
  const target = softwareTarget(text)
  if (target === undefined) throw new UserError(`"${text}" does not exist: it must be an OCI layout, an archive of an image or a folder`)
  const { bytes, code, errors } = await outputOf(program, scanner.arguments(target, platform), environment, signal)
  if (code !== 0) {
    const why = scanner.hint(errors) ?? (errors.trim() || 'it says nothing else')
    throw new UserError(`"${program}" ended with ${code === null ? 'a signal' : `exit code ${code}`}: ${why}`)
  }
  return parseReport(bytes, `the report of ${program}`)
}

interface Output {
  readonly bytes: Buffer
  readonly code: number | null
  readonly errors: string
}

async function outputOf(program: string, args: readonly string[], environment: ScannerEnvironment, signal: AbortSignal): Promise<Output> {
  const late = AbortSignal.timeout(scannerMs)
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment },
    signal: AbortSignal.any([signal, late]),
    killSignal: 'SIGKILL',
  })
  const parts: Buffer[] = []
  let [length, errors] = [0, '']
  child.stdout.on('data', (part: Buffer) => {
    length += part.length
    if (length > maxReportBytes) child.kill('SIGKILL')
    else parts.push(part)
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    errors = `${errors}${part}`.slice(-maxErrorLength)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  }).catch((err: unknown) => {
    signal.throwIfAborted()
    if (late.aborted) throw new UserError(`"${program}" has not ended in ${scannerMs / 60_000} minutes`)
    const why = codeOf(err) === 'ENOENT' ? 'it is not installed here, or not in PATH' : messageOf(err)
    throw new UserError(`Cannot run "${program}": ${why}`, { cause: err })
  })
  if (length > maxReportBytes) throw new UserError(`The report of "${program}" has more than ${maxReportBytes} bytes`)
  return { bytes: Buffer.concat(parts), code, errors }
}
