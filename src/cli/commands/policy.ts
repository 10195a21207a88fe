import { buildCommand, buildRouteMap } from '@stricli/core'
import type { PolicyFlags, ReplayFlags } from '../policy/policy.ts'
import { failureCode, interruptible, runCommand } from '../run-command.ts'

const couldNotValidator = failureCode('policy')
const output = { kind: 'enum', values: ['text', 'json'], optional: true, brief: 'How the result is printed (default: text)' } as const
const log = { brief: 'An audit log: events of audit.k8s.io/v1, one a line', parse: String, placeholder: 'AUDITLOG' } as const
const print = (text: string) => process.stdout.write(`${text}\n`)

const testCommand = buildCommand({
  func: (flags: PolicyFlags, ...files: string[]) =>
    runCommand(async () => {
      const { policyTest } = await import('../policy/policy.ts')
      return await policyTest(flags, files, print, interruptible())
    }, couldNotValidator),
  parameters: {
    flags: { output },
    positional: {
      kind: 'array',
      parameter: { brief: 'Tables of requests with the verdict that each must get', parse: String, placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Run tables of requests against policies' },
})

const replayCommand = buildCommand({
  func: (flags: ReplayFlags, file: string) =>
    runCommand(async () => {
      const { policyReplay } = await import('../policy/policy.ts')
      return await policyReplay(flags, file, print, interruptible())
    }, couldNotValidator),
  parameters: {
    flags: {
      output,
      policy: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        brief: 'A file or folder with the policies; may be repeated',
        placeholder: 'PATH',
      },
      kubeconfig: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Judge objects that the log does not hold as this cluster has them now',
        placeholder: 'FILE',
      },
      context: { kind: 'parsed', parse: String, optional: true, brief: 'The context of the kubeconfig', placeholder: 'NAME' },
      profile: {
        kind: 'enum',
        values: ['secure', 'upstream'],
        optional: true,
        brief: "upstream: judge by Kubernetes' own defaults (default: secure)",
      },
    },
    positional: { kind: 'tuple', parameters: [log] },
  },
  docs: { brief: 'Judge the writes of an audit log again, under new policies' },
})

const reportCommand = buildCommand({
  func: (flags: PolicyFlags, file: string) =>
    runCommand(async () => {
      const { policyReport } = await import('../policy/policy.ts')
      return await policyReport(flags, file, print)
    }, couldNotValidator),
  parameters: { flags: { output }, positional: { kind: 'tuple', parameters: [log] } },
  docs: { brief: 'Say what policies in audit mode would have refused' },
})

/** Policies tried before they are enforced. */
export const policyCommand = buildRouteMap({
  routes: { test: testCommand, replay: replayCommand, report: reportCommand },
  docs: { brief: 'Try policies before they are enforced' },
})
