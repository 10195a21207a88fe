import { buildCommand } from '@stricli/core'
import { dataDirFlag, optionalText, outputFlag } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'
import type { WhereFlags } from '../where/where.ts'

const command = buildCommand({
  func: (flags: WhereFlags, wanted: string) =>
    runCommand(async () => {
      const { where } = await import('../where/where.ts')
      const printing = {
        print: (text: string) => void process.stdout.write(`${text}\n`),
        warn: (text: string) => void process.stderr.write(`${text}\n`),
      }
      return await where(flags, wanted, printing, interruptible())
    }, 2),
  parameters: {
    flags: {
      dataDir: dataDirFlag,
      kubeconfig: { ...optionalText, brief: 'Credentials to use (default: of --data-dir or KUBECONFIG)', placeholder: 'FILE' },
      output: outputFlag,
    },
    aliases: { o: 'output' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'NAME, NAME@VERSION, a package URL, an advisory or a CVE', parse: String, placeholder: 'PACKAGE|ADVISORY' }],
    },
  },
  docs: { brief: 'Find the running containers that have a package or a vulnerability' },
})

/** Every running container that has it, in namespaces whose pods the user may list. */
export const whereCommand = withHelp(command, {
  usage: '[flags] PACKAGE|ADVISORY',
  examples: [
    ['bulkhead where openssl', 'by the name of a package, or of the source package'],
    ['bulkhead where log4j-core@2.14.1', 'of one version'],
    ['bulkhead where CVE-2026-12345', 'what an advisory is about'],
  ],
  exitCodes: '0 found, 1 no container has it, 2 the search could not be done',
})
