import { buildCommand } from '@stricli/core'
import { runCommand } from '../run-command.ts'
import type { StatusFlags } from '../status/status.ts'

/** Shows what runs, in which state, and which controls are enforced. */
export const statusCommand = buildCommand({
  func: (flags: StatusFlags) =>
    runCommand(async () => {
      const { status } = await import('../status/status.ts')
      return await status(flags, text => process.stdout.write(`${text}\n`))
    }),
  parameters: {
    flags: {
      dataDir: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'The data directory of the cluster, as given to "bulkhead up"',
        placeholder: 'DIR',
      },
      output: { kind: 'enum', values: ['text', 'json'], optional: true, brief: 'How it is printed (default: text)' },
    },
  },
  docs: { brief: 'Show parts, versions, certificates, store and enforced controls of the cluster on this machine' },
})
