import { homedir } from 'node:os'
import { buildCommand } from '@stricli/core'
import { defaultAdvisories } from '../advisories/advisories-folder.ts'
import { optionalText } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import type { ScanFlags } from '../scan/scan.ts'
import { failureCode, interruptible, runCommand } from '../terminal/run-command.ts'

/** What another scanner gets. */
const scannerVariables = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'TRIVY_CACHE_DIR']

const command = buildCommand({
  func: (flags: ScanFlags, target: string) =>
    runCommand(async () => {
      const { scan } = await import('../scan/scan.ts')
      const print = (text: string) => void process.stdout.write(`${text}\n`)
      const advisories = defaultAdvisories(homedir(), process.env['XDG_DATA_HOME'])
      const environment = Object.fromEntries(
        scannerVariables.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      )
      return await scan(flags, target, { advisories, now: Date.now(), print, environment }, interruptible())
    }, failureCode('scan')),
  parameters: {
    flags: {
      advisories: {
        ...optionalText,
        brief: 'Folder of imported advisories (default: ~/.local/share/bulkhead/advisories)',
        placeholder: 'DIR',
      },
      vex: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'Statements about what does not apply: OpenVEX, CycloneDX, CSAF',
        placeholder: 'FILE',
      },
      severity: {
        kind: 'enum',
        values: ['unknown', 'low', 'medium', 'high', 'critical'],
        optional: true,
        brief: 'Lowest severity that is shown (default: unknown)',
      },
      ignoreUnfixed: { kind: 'boolean', optional: true, withNegated: false, brief: 'Leave out what has no fix yet' },
      output: { kind: 'enum', values: ['table', 'json', 'sarif', 'cyclonedx'], optional: true, brief: 'Output format (default: table)' },
      exitCode: { kind: 'parsed', parse: Number, optional: true, brief: 'Exit code if something was found (default: 1)', placeholder: 'N' },
      image: { ...optionalText, brief: 'Name, tag or digest of one of several images', placeholder: 'NAME' },
      with: {
        ...optionalText,
        brief: 'Run this installed scanner instead: trivy, or trivy=PROGRAM',
        placeholder: 'SCANNER',
      },
      platform: { ...optionalText, brief: 'Platform of the image (default: of this machine)', placeholder: 'OS/ARCH' },
    },
    aliases: { o: 'output' },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'OCI layout, archive, folder, bill of materials, or report of another scanner', parse: String, placeholder: 'TARGET' },
      ],
    },
  },
  docs: { brief: 'Find known vulnerabilities in an image or a folder, without a network' },
})

/** Matches the packages of an image against imported advisories. */
export const scanCommand = withHelp(command, {
  usage: '[flags] TARGET',
  examples: [
    ['bulkhead scan image.tar', 'an archive of an image'],
    ['bulkhead scan --severity high --ignore-unfixed image.tar', 'what can and should be fixed, for CI'],
    ['bulkhead scan --vex web.vex.json -o sarif image.tar', 'for code scanning, with statements of VEX'],
    ['bulkhead scan web.cdx.json', 'a bill of materials: CycloneDX or SPDX'],
    ['bulkhead scan trivy.json', 'findings of another scanner'],
    ['bulkhead scan --with trivy image.tar', 'have Trivy scan it, with the advisories that Trivy has'],
  ],
  groups: {
    Advisories: ['advisories', 'vex'],
    Target: ['image', 'platform', 'with'],
    Output: ['output', 'severity', 'ignoreUnfixed', 'exitCode'],
  },
  exitCodes: '0 nothing found, 1 something found (see --exit-code), 2 the scan could not be done',
})
