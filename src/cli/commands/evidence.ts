import { buildCommand, buildRouteMap } from '@stricli/core'
import { optionalText, outputFlag } from '../common-flags.ts'
import type { ExportFlags, KeyFlags, VerifyFlags } from '../evidence/evidence.ts'
import { withCommandList, withHelp } from '../help.ts'
import { runCommand } from '../terminal/run-command.ts'

const dataDir = { ...optionalText, brief: 'Data directory of the cluster whose key it is', placeholder: 'DIR' } as const
const key = { ...optionalText, brief: 'Public key (PEM), as "bulkhead evidence key" prints it', placeholder: 'FILE' } as const
const positional = {
  kind: 'tuple',
  parameters: [{ brief: 'Report of "bulkhead prove --report"', parse: String, placeholder: 'FILE' }],
} as const
const print = (text: string) => process.stdout.write(`${text}\n`)

const verify = buildCommand({
  func: (flags: VerifyFlags, file: string) =>
    runCommand(async () => (await import('../evidence/evidence.ts')).verifyEvidence(flags, file, print)),
  parameters: {
    flags: { key, dataDir, output: outputFlag },
    positional,
  },
  docs: { brief: 'Verify signature and completeness of a report, without the cluster' },
})

const exported = buildCommand({
  func: (flags: ExportFlags, file: string) =>
    runCommand(async () => (await import('../evidence/evidence.ts')).exportEvidence(flags, file, print)),
  parameters: {
    flags: { format: { kind: 'enum', values: ['oscal', 'sarif'], brief: 'oscal: assessment results 1.1.2; sarif: 2.1.0' }, key, dataDir },
    positional,
  },
  docs: { brief: 'Print a verified report for tools of auditors' },
})

const printKey = buildCommand({
  func: (flags: Pick<KeyFlags, 'dataDir'>) => runCommand(async () => (await import('../evidence/evidence.ts')).evidenceKey(flags, print)),
  parameters: { flags: { dataDir } },
  docs: { brief: 'Print the public key with which reports of this cluster are verified' },
})

/** Reports of proofs, for people who were not there. */
export const evidenceCommand = withCommandList(
  buildRouteMap({
    routes: {
      verify: withHelp(verify, {
        usage: '[flags] FILE',
        examples: [['bulkhead evidence verify evidence.json --key cluster.pub', 'on any machine']],
        exitCodes: '0 authentic and all held, 1 not authentic, 3 authentic, but not all held or ran',
      }),
      export: withHelp(exported, {
        usage: '--format FORMAT [flags] FILE',
        examples: [['bulkhead evidence export evidence.json --format oscal', 'for an audit']],
        exitCodes: '0 printed, 1 not authentic',
      }),
      key: withHelp(printKey, { usage: '[flags]', examples: [['bulkhead evidence key > cluster.pub', 'to hand out']] }),
    },
    docs: { brief: 'Verify and export signed reports of proofs' },
  }),
  [
    ['bulkhead prove --report evidence.json', 'write a report'],
    ['bulkhead evidence verify evidence.json', 'see whether it is authentic'],
  ],
)
