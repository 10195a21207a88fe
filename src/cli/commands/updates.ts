import { buildCommand } from '@stricli/core'
import { dataDirFlag, optionalText } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'
import type { UpdatesFlags } from '../updates/updates.ts'

const command = buildCommand({
  func: (flags: UpdatesFlags) =>
    runCommand(async () => {
      const { updates } = await import('../updates/updates.ts')
      return await updates(flags, { print: text => void process.stdout.write(`${text}\n`) }, interruptible())
    }, 2),
  parameters: {
    flags: {
      dataDir: dataDirFlag,
      kubeconfig: { ...optionalText, brief: 'Credentials to use (default: of --data-dir or KUBECONFIG)', placeholder: 'FILE' },
      output: {
        kind: 'enum',
        values: ['text', 'json', 'patch'],
        optional: true,
        brief: 'Output format; patch: patches in YAML (default: text)',
      },
    },
    aliases: { o: 'output' },
  },
  docs: { brief: 'Propose newer images for what runs, with fewer known vulnerabilities' },
})

/** Newer images of what runs, in namespaces whose pods the user may list. */
export const updatesCommand = withHelp(command, {
  usage: '[flags]',
  examples: [
    ['bulkhead updates', 'what would be fixed, and what would come'],
    ['bulkhead updates -o patch', 'the patch for each workload'],
  ],
  exitCodes: '0 nothing is proposed, 1 something is, 2 it could not be asked',
})
