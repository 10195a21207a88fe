// `bulkhead policy`: policies tried before they are enforced. Reads files, prints, and says it by the exit code.
import type { Profile } from '../../base/config.ts'
import { UserError } from '../../base/user-error.ts'
import { printableLines } from '../printable.ts'
import { readAuditLog } from './audit-log.ts'
import { type Replayed, replay } from './replay.ts'
import { type ReportedPolicy, reportPolicies } from './report.ts'
import { type CaseResult, readPolicies, runPolicyTest } from './run-tests.ts'
import { readPolicyTest } from './test-file.ts'

export interface PolicyFlags {
  readonly output?: 'text' | 'json'
}
export interface ReplayFlags extends PolicyFlags {
  readonly policy: readonly string[]
  readonly profile?: Profile
}

type Print = (text: string) => void

/** 0 where every verdict is as expected, 1 where one is not. Throws a `UserError` where none can be given. */
export async function policyTest(flags: PolicyFlags, files: readonly string[], print: Print, signal: AbortSignal): Promise<number> {
  if (files.length === 0) throw new UserError('Name the files of the tests: bulkhead policy test FILE…')
  const results: CaseResult[] = []
  for (const file of files) results.push(...(await runPolicyTest(readPolicyTest(file), signal)))
  const failed = results.filter(({ problem }) => problem !== undefined)
  if (flags.output === 'json') print(JSON.stringify(results, null, 2))
  else {
    for (const { file, name, problem } of results)
      print(printableLines(problem === undefined ? `ok    ${file}: ${name}` : `FAIL  ${file}: ${name}: ${problem}`))
    print(`${results.length - failed.length} as expected, ${failed.length} not`)
  }
  return failed.length === 0 ? 0 : 1
}

/** 0 where nothing would be refused, 1 where something would. */
export async function policyReplay(flags: ReplayFlags, log: string, print: Print, signal: AbortSignal): Promise<number> {
  const replayed = await replay(readAuditLog(log), await readPolicies(flags.policy), flags.profile ?? 'secure', signal)
  print(flags.output === 'json' ? JSON.stringify(replayed, null, 2) : printableLines(replayText(replayed)))
  return replayed.refused.length === 0 ? 0 : 1
}

function replayText({ judged, unrecorded, refused }: Replayed): string {
  const unknown =
    unrecorded === 0
      ? []
      : [`${unrecorded} writes are in the log without their object (audit level Metadata): let the policy audit, and use "policy report"`]
  return [
    ...refused.map(({ time, user, verb, object, message }) => `REFUSED  ${time} ${user} ${verb} ${object}: ${message}`),
    `${judged} writes judged again, ${refused.length} would be refused`,
    ...unknown,
  ].join('\n')
}

/** 0 where no policy in audit mode found anything, 1 where one did. */
export async function policyReport(flags: PolicyFlags, log: string, print: Print): Promise<number> {
  const reported = await reportPolicies(readAuditLog(log))
  print(flags.output === 'json' ? JSON.stringify(reported, null, 2) : printableLines(reportText(reported)))
  return reported.length === 0 ? 0 : 1
}

function reportText(reported: readonly ReportedPolicy[]): string {
  if (reported.length === 0) return 'No policy in audit mode would have refused anything'
  return reported
    .map(({ policy, binding, message, count, users, examples }) => {
      const by = binding === undefined ? policy : `${policy} (binding ${binding})`
      return [`${count} × ${by}: ${message}`, `    by ${users.join(', ')}`, `    ${examples.join(', ')}`].join('\n')
    })
    .join('\n')
}
