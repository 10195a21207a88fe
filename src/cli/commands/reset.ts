import { buildCommand } from '@stricli/core'
import { dataDirFlag } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import type { ResetFlags } from '../reset/reset.ts'
import { runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
  func: (flags: ResetFlags) =>
    runCommand(async () => {
      const { resetHere } = await import('../reset/reset-here.ts')
      await resetHere(flags, text => process.stdout.write(`${text}\n`))
    }),
  parameters: {
    flags: {
      dataDir: dataDirFlag,
      yes: { kind: 'boolean', optional: true, withNegated: false, brief: 'Remove without a question' },
      keepAudit: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Copy the audit log to a new folder first',
        placeholder: 'DIR',
      },
    },
  },
  docs: { brief: 'Remove a stopped cluster from this machine, its keys first' },
})

/** Destroys a stopped cluster. */
export const resetCommand = withHelp(command, {
  usage: '[flags]',
  examples: [
    ['bulkhead reset', 'shows what it removes, and asks for the path'],
    ['bulkhead reset --keep-audit DIR', 'the audit log and its public key stay'],
    ['bulkhead reset --data-dir DIR --yes', 'for scripts'],
  ],
  exitCodes: '0 removed, 1 refused or not all removed: run it again',
})
