import { buildCommand } from '@stricli/core'
import { dataDirFlag, optionalText, outputFlag } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import type { ProveFlags } from '../prove/prove.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
  func: (flags: ProveFlags, ...ids: string[]) =>
    runCommand(async () => {
      const { prove } = await import('../prove/prove.ts')
      const print = (text: string) => process.stdout.write(`${text}\n`)
      return await prove(
        flags,
        ids,
        { print, color: process.stdout.isTTY === true && process.stdout.hasColors() },
        interruptible('SIGTERM'),
      )
    }),
  parameters: {
    flags: {
      dataDir: dataDirFlag,
      kubeconfig: {
        ...optionalText,
        brief: 'kubeconfig of an administrator (default: of --data-dir or KUBECONFIG)',
        placeholder: 'FILE',
      },
      output: outputFlag,
      report: { ...optionalText, brief: 'Write a report for "bulkhead evidence", signed by the cluster', placeholder: 'FILE' },
      key: { ...optionalText, brief: 'Sign the report with this private key (PEM, Ed25519 or EC)', placeholder: 'FILE' },
      roles: { ...optionalText, brief: 'Write the ClusterRoles with the rights that this run needed', placeholder: 'FILE' },
      schedule: { ...optionalText, brief: 'Run again after this time, such as 6h, at low priority', placeholder: 'TIME' },
      strict: { kind: 'boolean', optional: true, withNegated: false, brief: 'Count a skipped proof as failed (exit code 1)' },
    },
    positional: { kind: 'array', parameter: { brief: 'Ids of the proofs to run (default: all)', parse: String, placeholder: 'ID' } },
  },
  docs: { brief: 'Attack the running cluster and show that its controls hold' },
})

/** Attacks the running cluster and reports which controls held. */
export const proveCommand = withHelp(command, {
  usage: '[flags] [ID…]',
  examples: [
    ['bulkhead prove', 'all proofs'],
    ['bulkhead prove A3 C3', 'two of them'],
    ['bulkhead prove --strict', 'for a pipeline: fails if something could not be tried'],
    ['bulkhead prove --report evidence.json', 'with a signed report for auditors'],
    ['bulkhead prove --roles roles.yaml A5', 'with the rights that a user needs to run it'],
    ['bulkhead prove --schedule 6h A5 C3', 'two of them every six hours, until it is stopped'],
    ['bulkhead prove --output json', 'with evidence and times, for programs'],
  ],
  exitCodes: '0 all held, 1 one failed or the cluster was not reached, 3 none failed, one was skipped',
})
