// `bulkhead check`: what the server and the checks say of manifests, before they are sent anywhere.
import type { Readable } from 'node:stream'
import { dns1123Label } from '../../api/validation/names.ts'
import { manifestChecks } from '../../assess/checks/index.ts'
import type { Severity } from '../../assess/manifest-check.ts'
import type { Profile } from '../../base/config.ts'
import { UserError } from '../../base/user-error.ts'
import { readConfiguration } from './configuration.ts'
import { sift } from './exceptions.ts'
import { ownRules, rankOf } from './finding.ts'
import { judgeOffline } from './judge-offline.ts'
import { kustomize } from './kustomize.ts'
import { outputs } from './outputs/index.ts'
import type { RuleDescription } from './outputs/output.ts'
import { runCheck } from './run-check.ts'
import { readSources } from './sources.ts'

export type OutputName = 'text' | 'json' | 'sarif' | 'junit' | 'github'

export interface CheckFlags {
  readonly output?: OutputName
  readonly namespace?: string
  readonly profile?: Profile
  readonly config?: string
  readonly failOn?: Severity
}

export interface CheckContext {
  readonly stdin: Readable
  readonly color: boolean
  /** Milliseconds since the epoch: which exceptions have ended. */
  readonly now: number
  print(text: string): void
}

export const exitCodes = { clean: 0, findings: 1, couldNotCheck: 2 } as const

/** The exit code: 0 where nothing is found, 1 where something is. Throws a `UserError` where nothing can be said. */
export async function check(flags: CheckFlags, paths: readonly string[], context: CheckContext, signal: AbortSignal): Promise<number> {
  const { namespace = 'default', profile = 'secure' } = flags
  if (paths.length === 0) throw new UserError('Name files or folders, or "-" for the standard input: bulkhead check PATH…')
  if (dns1123Label(namespace).length > 0) throw new UserError(`"${namespace}" is no name of a namespace`)
  const configuration = readConfiguration(flags.config)
  const texts = await readSources(paths, { stdin: context.stdin, kustomize })
  const result = await runCheck(texts, { namespace, judge: manifests => judgeOffline(manifests, { profile, namespace }, signal) })
  if (result.manifests.length === 0 && result.findings.length === 0) throw new UserError('There is no manifest in what was given')
  const { findings, excepted } = sift(result.findings, configuration, context.now)
  const output = outputs.find(({ name }) => name === (flags.output ?? 'text'))
  if (output === undefined) throw new UserError(`There is no output "${flags.output}"`)
  const report = {
    ...{ findings, excepted, foreign: result.foreign },
    ...{ objects: result.manifests.length, files: new Set(texts.map(({ file }) => file)).size },
    describe,
  }
  const text = output.format(report, { color: context.color })
  if (text !== '') context.print(text)
  const threshold = rankOf(flags.failOn ?? configuration.failOn ?? 'warning')
  return findings.some(({ severity }) => rankOf(severity) >= threshold) ? exitCodes.findings : exitCodes.clean
}

function describe(rule: string): RuleDescription {
  const found = manifestChecks.find(({ id }) => id === rule)
  if (found !== undefined) return found
  const title = Object.entries(ownRules).find(([name]) => name === rule)?.[1]
  return { title: title ?? `Admission plug-in ${rule} admits the object`, serves: rule === 'PodSecurity' ? ['C3', 'PSS'] : [] }
}
