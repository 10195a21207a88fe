import { buildCommand } from '@stricli/core'
import { systemClock } from '../../base/clock.ts'
import { withHelp } from '../help.ts'
import type { UpgradeFlags } from '../service/upgrade.ts'
import { runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
  func: (flags: UpgradeFlags) =>
    runCommand(async () => {
      const { upgrade } = await import('../service/upgrade.ts')
      await upgrade(flags, systemClock, line => process.stdout.write(`${line}\n`))
    }),
  parameters: {
    flags: {
      name: { kind: 'parsed', parse: String, optional: true, brief: 'Name of the service (default: bulkhead)', placeholder: 'NAME' },
      back: {
        kind: 'boolean',
        optional: true,
        withNegated: false,
        brief: 'Return to the build and the state from before the last upgrade',
      },
    },
  },
  docs: { brief: 'Let the installed service run this build, with a way back' },
})

/** Run it from the newer build. */
export const upgradeCommand = withHelp(command, {
  usage: '[flags]',
  examples: [
    ['sudo npx bulkhead@latest upgrade', 'to the newest release'],
    ['sudo bulkhead upgrade --back', 'writes since the upgrade are lost'],
  ],
})
