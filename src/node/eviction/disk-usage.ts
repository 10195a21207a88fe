// Measures folders as `du` does: blocks, not lengths, each file once, without other file systems mounted in them.
import { execFile } from 'node:child_process'
import type { DiskResource } from './thresholds.ts'

/** A pod may fill its folders with millions of files: a measurement that takes longer is given up. */
const limitMs = 60_000
const maxOutput = 16 << 20

export interface CountOptions {
  readonly program: string
  /** Aborted when one run has taken too long. */
  tooLong(): AbortSignal
}

const defaults: CountOptions = { program: 'du', tooLong: () => AbortSignal.timeout(limitMs) }

/** By path; a folder that is missing or takes too long has no entry. Rejects if nothing could be measured. */
export async function diskUsage(
  paths: readonly string[],
  resource: DiskResource,
  signal: AbortSignal,
  { program, tooLong }: CountOptions = defaults,
): Promise<Map<string, number>> {
  const counted = new Map<string, number>()
  const unit = resource === 'inodes' ? '--inodes' : '--block-size=1'
  for (let left = paths; left.length > 0; ) {
    const limit = tooLong()
    const text = await output(program, ['-s', '-x', '-0', unit, '--', ...left], signal, limit)
    for (const line of text.split('\0').filter(line => line !== '')) {
      const tab = line.indexOf('\t')
      counted.set(line.slice(tab + 1), Number(line.slice(0, tab)))
    }
    if (!limit.aborted) break
    // `du` counts in order, so a pod that keeps it busy hides only its own usage and not that of others.
    left = left.slice(left.findLastIndex(path => counted.has(path)) + 2)
  }
  return counted
}

/** Its output until it ended or `limit` ended it. A separate process, so that the agent's event loop does not wait for a disk. */
function output(program: string, args: readonly string[], signal: AbortSignal, limit: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { signal, maxBuffer: maxOutput }, (err, stdout, stderr) => {
      limit.removeEventListener('abort', end)
      // Exit code 1 also means that a file disappeared meanwhile.
      if (err === null || err.code === 1 || (limit.aborted && !signal.aborted)) resolve(stdout)
      else reject(new Error(`Cannot count what pods hold on the disk: ${stderr.trim().split('\n').at(-1) || err.message}`, { cause: err }))
    })
    // Not the signal option of execFile(), which would lose output not read yet.
    const end = () => void child.kill('SIGKILL')
    if (limit.aborted) end()
    else limit.addEventListener('abort', end, { once: true })
  })
}
