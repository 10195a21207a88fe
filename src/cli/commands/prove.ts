import { buildCommand } from '@stricli/core'
import type { ProveFlags } from '../prove/prove.ts'
import { interruptible, runCommand } from '../run-command.ts'

const optionalText = { kind: 'parsed', parse: String, optional: true } as const

/** Attacks the running cluster and says which controls held. */
export const proveCommand = buildCommand({
  func: (flags: ProveFlags, ...ids: string[]) =>
    runCommand(async () => {
      const { prove } = await import('../prove/prove.ts')
      const print = (text: string) => process.stdout.write(`${text}\n`)
      return await prove(flags, ids, { print, color: process.stdout.isTTY === true && process.stdout.hasColors() }, interruptible())
    }),
  parameters: {
    flags: {
      dataDir: { ...optionalText, brief: 'The data directory of the cluster, as given to "bulkhead up"', placeholder: 'DIR' },
      kubeconfig: {
        ...optionalText,
        brief: "An administrator's kubeconfig (default: that of --data-dir, else KUBECONFIG, else that of the data directory)",
        placeholder: 'FILE',
      },
      output: { kind: 'enum', values: ['text', 'json'], optional: true, brief: 'How the result is printed (default: text)' },
    },
    positional: { kind: 'array', parameter: { brief: 'Which proofs to run (default: all)', parse: String, placeholder: 'ID' } },
  },
  docs: { brief: 'Attack the running cluster and show that its controls hold' },
})
