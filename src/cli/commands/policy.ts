import { buildCommand, buildRouteMap } from '@stricli/core'
import { outputFlag } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import type { PolicyFlags, ReplayFlags, TestFlags } from '../policy/policy.ts'
import { failureCode, interruptible, runCommand } from '../terminal/run-command.ts'

const couldNotEvaluate = failureCode('policy')
const log = { brief: 'Audit log: events of audit.k8s.io/v1, one per line', parse: String, placeholder: 'AUDITLOG' } as const
const images = {
  kind: 'parsed',
  parse: String,
  variadic: true,
  optional: true,
  brief: 'OCI layout or archive of an image, for image policies',
  placeholder: '[NAME=]PATH',
} as const
const print = (text: string) => process.stdout.write(`${text}\n`)

const testParsed = buildCommand({
  func: (flags: TestFlags, ...files: string[]) =>
    runCommand(async () => {
      const { policyTest } = await import('../policy/policy.ts')
      return await policyTest(flags, files, print, interruptible())
    }, couldNotEvaluate),
  parameters: {
    flags: { output: outputFlag, images },
    positional: {
      kind: 'array',
      parameter: { brief: 'PolicyTest files: requests with the expected verdicts', parse: String, placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Run tables of requests against policies' },
})

const replayParsed = buildCommand({
  func: (flags: ReplayFlags, file: string) =>
    runCommand(async () => {
      const { policyReplay } = await import('../policy/policy.ts')
      return await policyReplay(flags, file, print, interruptible())
    }, couldNotEvaluate),
  parameters: {
    flags: {
      output: outputFlag,
      images,
      policy: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        brief: 'File or folder with policies; may be repeated',
        placeholder: 'PATH',
      },
      kubeconfig: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Cluster whose current objects replace those missing in the log',
        placeholder: 'FILE',
      },
      context: { kind: 'parsed', parse: String, optional: true, brief: 'Context of the kubeconfig', placeholder: 'NAME' },
      profile: {
        kind: 'enum',
        values: ['secure', 'upstream'],
        optional: true,
        brief: "upstream: apply Kubernetes' own defaults (default: secure)",
      },
    },
    positional: { kind: 'tuple', parameters: [log] },
  },
  docs: { brief: 'Evaluate the writes of an audit log again under new policies' },
})

const reportParsed = buildCommand({
  func: (flags: PolicyFlags, file: string) =>
    runCommand(async () => {
      const { policyReport } = await import('../policy/policy.ts')
      return await policyReport(flags, file, print)
    }, couldNotEvaluate),
  parameters: { flags: { output: outputFlag }, positional: { kind: 'tuple', parameters: [log] } },
  docs: { brief: 'Report what policies in audit mode would have refused' },
})

const testCommand = withHelp(testParsed, {
  usage: '[flags] FILE…',
  examples: [['bulkhead policy test tests.yaml', 'every request must get the verdict of its row']],
  exitCodes: '0 every verdict is as expected, 1 one is not, 2 no verdict was possible',
})

const replayCommand = withHelp(replayParsed, {
  usage: '[flags] --policy PATH AUDITLOG',
  examples: [
    ['bulkhead policy replay --policy new/ audit.log', 'which recorded writes the new policies would refuse'],
    ['bulkhead policy replay --policy new/ --context prod audit.log', 'with objects that the log does not hold from a cluster'],
  ],
  exitCodes: '0 nothing would be refused, 1 something would, 2 no verdict was possible',
})

const reportCommand = withHelp(reportParsed, {
  usage: '[flags] AUDITLOG',
  examples: [['bulkhead policy report audit.log', 'what policies in audit mode found, by policy and user']],
  exitCodes: '0 nothing would have been refused, 1 something would, 2 the log could not be read',
})

const commands = buildRouteMap({
  routes: { test: testCommand, replay: replayCommand, report: reportCommand },
  docs: { brief: 'Test policies before you enforce them' },
})

/** Policies tried before they are enforced. */
export const policyCommand = withCommandList(commands, [
  ['bulkhead policy test tests.yaml', 'test policies with a table of requests'],
  ['bulkhead policy report audit.log', 'see what a policy in audit mode would have refused'],
])
