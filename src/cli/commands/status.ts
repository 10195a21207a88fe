import { buildCommand } from '@stricli/core'
import { dataDirFlag, outputFlag } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import type { StatusFlags } from '../status/status.ts'
import { runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
  func: (flags: StatusFlags) =>
    runCommand(async () => {
      const { status } = await import('../status/status.ts')
      return await status(flags, text => process.stdout.write(`${text}\n`))
    }),
  parameters: {
    flags: {
      dataDir: dataDirFlag,
      output: outputFlag,
    },
  },
  docs: { brief: 'Show parts, certificates, store and enforced controls of the cluster' },
})

/** Shows what runs, in which state, and which controls are enforced. */
export const statusCommand = withHelp(command, {
  usage: '[flags]',
  examples: [
    ['bulkhead status', 'the cluster in the default data directory'],
    ['bulkhead status --data-dir DIR', 'another cluster on this machine'],
    ['bulkhead status --output json', 'for programs'],
  ],
  exitCodes: '0 all is well, 1 nothing runs or something is wrong',
})
