// `bulkhead policy`: tests policies before they are enforced. Reads files, prints the result and returns an exit code.
import type { Profile } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printable, printableJson, printableLines, printableParagraph } from '../terminal/printable.ts'
import { readAuditLog } from './audit-log.ts'
import { currentObjects } from './current-objects.ts'
import { type Replayed, replay } from './replay.ts'
import { type ReportedPolicy, reportPolicies } from './report.ts'
import { type CaseResult, readPolicies, runPolicyTest } from './run-tests.ts'
import { readPolicyTest } from './test-file.ts'

export interface PolicyFlags {
  readonly output?: 'text' | 'json'
}
export interface TestFlags extends PolicyFlags {
  /** OCI layouts of images, by which image policies are evaluated. */
  readonly images?: readonly string[]
}
export interface ReplayFlags extends TestFlags {
  readonly policy: readonly string[]
  readonly profile?: Profile
  /** The cluster for objects that the log does not hold. */
  readonly kubeconfig?: string
  readonly context?: string
}

type Print = (text: string) => void

/** Returns 0 if every verdict is as expected, 1 if one is not. Throws a `UserError` if no verdict is possible. */
export async function policyTest(flags: TestFlags, files: readonly string[], print: Print, signal: AbortSignal): Promise<number> {
  if (files.length === 0) throw new UserError('Name the files of the tests: bulkhead policy test FILE…')
  const results: CaseResult[] = []
  for (const file of files) results.push(...(await runPolicyTest(readPolicyTest(file), signal, flags.images)))
  const failed = results.filter(({ problem }) => problem !== undefined)
  if (flags.output === 'json') print(printableJson(results))
  else {
    for (const { file, name, problem, note } of results) {
      print(
        problem === undefined ? printable(`ok    ${file}: ${name}`) : printableParagraph(`FAIL  ${file}: ${name}: ${problem}`, '      '),
      )
      if (note !== undefined) print(printableParagraph(`      ${note}`, '      '))
    }
    print(`${results.length - failed.length} as expected, ${failed.length} not`)
  }
  return failed.length === 0 ? 0 : 1
}

/** Returns 0 if nothing would be refused, 1 if something would. Throws a `UserError` if the log has writes and none could be evaluated. */
export async function policyReplay(flags: ReplayFlags, log: string, print: Print, signal: AbortSignal): Promise<number> {
  const policies = await readPolicies(flags.policy)
  const asksCluster = flags.kubeconfig !== undefined || flags.context !== undefined
  await using transport = asksCluster ? reachCluster(await findKubeconfig(flags), 'bulkhead-policy') : undefined
  const findCurrent = transport === undefined ? undefined : currentObjects(new Client(transport), signal)
  const replayed = await replay(
    readAuditLog(log),
    policies,
    { profile: flags.profile ?? 'secure', images: flags.images ?? [] },
    signal,
    findCurrent,
  )
  if (replayed.evaluated === 0 && replayed.unrecorded > 0) throw new UserError(nothingEvaluated(log, replayed.unrecorded, asksCluster))
  print(flags.output === 'json' ? printableJson(replayed) : printableLines(replayText(replayed)))
  return replayed.refused.length === 0 ? 0 : 1
}

function nothingEvaluated(log: string, unrecorded: number, asksCluster: boolean): string {
  const cluster = asksCluster ? 'the cluster no longer has any of these objects' : '--kubeconfig FILE uses the current objects of a cluster'
  return (
    `None of the ${unrecorded} writes in "${log}" could be evaluated: the log holds no objects (audit level Metadata). To record them from now on, use a rule ` +
    `"level: RequestResponse" of an audit policy (bulkhead up --audit-policy-file FILE); ${cluster}`
  )
}

function replayText({ evaluated, unrecorded, current, refused }: Replayed): string {
  const unknown =
    unrecorded === 0
      ? []
      : [`${unrecorded} writes have no object in the log (audit level Metadata): set the policy to audit mode and use "policy report"`]
  const now = current === 0 ? [] : [`${current} of them with the current object of the cluster`]
  return [
    ...refused.map(({ time, user, verb, object, message }) => printable(`REFUSED  ${time} ${user} ${verb} ${object}: ${message}`)),
    `${evaluated} writes evaluated, ${refused.length} would be refused`,
    ...now,
    ...unknown,
  ].join('\n')
}

/** Returns 0 if no policy in audit mode found anything, 1 if one did. */
export async function policyReport(flags: PolicyFlags, log: string, print: Print): Promise<number> {
  const reported = await reportPolicies(readAuditLog(log))
  print(flags.output === 'json' ? printableJson(reported) : printableLines(reportText(reported)))
  return reported.length === 0 ? 0 : 1
}

function reportText(reported: readonly ReportedPolicy[]): string {
  if (reported.length === 0) return 'No policy in audit mode would have refused anything'
  return reported
    .map(({ policy, binding, message, count, users, examples }) => {
      const by = binding === undefined ? policy : `${policy} (binding ${binding})`
      return [`${count} × ${by}: ${message}`, `    by ${users.join(', ')}`, `    ${examples.join(', ')}`].map(printable).join('\n')
    })
    .join('\n')
}
