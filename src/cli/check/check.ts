// `bulkhead check`: what the server and the checks say of manifests, before they are sent anywhere.
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { readFeatures } from '../../api/features.ts'
import { dns1123Label } from '../../api/validation/names.ts'
import { manifestChecks } from '../../assess/checks/index.ts'
import type { Severity } from '../../assess/manifest-check.ts'
import { type Profile, parseSettings, switchesIn } from '../../base/config.ts'
import { UserError } from '../../base/user-error.ts'
import { findKubeconfig } from '../find-kubeconfig.ts'
import { readConfiguration } from './configuration.ts'
import { splitDocuments } from './documents.ts'
import { applyExceptions, type FilteredFindings } from './exceptions.ts'
import { type Finding, ownRules, rankOf } from './finding.ts'
import { applyFixes } from './fix/apply-fixes.ts'
import { kustomize } from './kustomize.ts'
import { type Manifest, readManifests } from './manifests.ts'
import { outputs } from './outputs/index.ts'
import type { RuleDescription } from './outputs/output.ts'
import { type CheckOptions, type CheckResult, runCheck } from './run-check.ts'
import { readSources, type SourceParts, type SourceText } from './sources.ts'
import { validateOffline } from './validate-offline.ts'
import { validateWithCluster } from './validate-with-cluster.ts'

export type OutputName = 'text' | 'json' | 'sarif' | 'junit' | 'github'

export interface CheckFlags {
  readonly output?: OutputName
  readonly namespace?: string
  readonly profile?: Profile
  readonly config?: string
  readonly failOn?: Severity
  readonly fix?: boolean
  /** Files and folders with CustomResourceDefinitions that the manifests need, and that are not checked themselves. */
  readonly crds?: readonly string[]
  /** Lets kustomize fetch bases from elsewhere. */
  readonly allowRemote?: boolean
  readonly kubeconfig?: string
  readonly context?: string
  /** As for `bulkhead up`: what the cluster has on that is off by default. */
  readonly featureGates?: string
  readonly runtimeConfig?: string
}

export interface CheckContext {
  readonly stdin: Readable
  readonly color: boolean
  /** The variable KUBECONFIG: where a kubeconfig is that no flag names. */
  readonly kubeconfigVariable?: string | undefined
  /** And where neither does, as kubectl looks for it: in the home folder. */
  readonly kubeconfig: string
  /** Milliseconds since the epoch: which exceptions have ended. */
  readonly now: number
  print(text: string): void
  /** Puts a file that `--fix` has changed in the place of the one that was read. */
  write(file: string, text: string): void
}

/** How often what was fixed is fixed again. */
const maxRounds = 5

const exitCodes = { clean: 0, findings: 1, couldNotCheck: 2 } as const

/** The exit code: 0 where nothing is found, 1 where something is. Throws a `UserError` where nothing can be said. */
export async function check(flags: CheckFlags, paths: readonly string[], context: CheckContext, signal: AbortSignal): Promise<number> {
  const { profile = 'secure' } = flags
  const asked = flags.kubeconfig !== undefined || flags.context !== undefined
  const cluster = asked ? await findKubeconfig(flags, context.kubeconfigVariable, context.kubeconfig) : undefined
  const namespace = flags.namespace ?? cluster?.config.namespace ?? 'default'
  if (paths.length === 0) throw new UserError('Name files or folders, or "-" for the standard input: bulkhead check PATH…')
  if (dns1123Label(namespace).length > 0)
    throw new UserError(`The namespace is "${namespace}", wanted is a lowercase DNS label of at most 63 characters`)
  const configuration = readConfiguration(flags.config)
  const output = outputs.find(({ name }) => name === (flags.output ?? 'text'))
  if (output === undefined) throw new UserError(`There is no output "${flags.output}"`)
  const { featureGates, runtimeConfig } = flags
  parseSettings('flags', {
    ...(featureGates === undefined ? {} : { featureGates }),
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
  })
  const features = readFeatures({ featureGates: switchesIn(featureGates), runtimeConfig: switchesIn(runtimeConfig) })
  const parts = { stdin: context.stdin, kustomize: (folder: string) => kustomize(folder, { allowRemote: flags.allowRemote === true }) }
  const { texts: read, charts } = await readSources(paths, parts)
  const definitions = await readDefinitions(flags.crds ?? [], parts)
  const offline = { profile, namespace, features, definitions }
  const options = {
    namespace,
    validate: (manifests: readonly Manifest[]) =>
      cluster === undefined ? validateOffline(manifests, offline, signal) : validateWithCluster(manifests, cluster, offline, signal),
  }
  const first: Round = { texts: read, result: await runCheck(read, options), fixed: [] }
  if (first.result.manifests.length === 0 && first.result.findings.length === 0)
    throw new UserError('There is no manifest in what was given')
  const wanted = (findings: readonly Finding[]) => applyExceptions(findings, configuration, context.now)
  const { texts, result, fixed } = flags.fix === true ? await fixAll(first, options, wanted) : first
  for (const { file, text } of texts.filter((text, index) => text !== read[index])) context.write(file, text)
  const { findings, excepted } = wanted([...result.findings, ...charts.map(chartFinding), ...guesses(fixed)])
  const report = {
    ...{ findings, excepted, fixed: fixed.length, foreign: result.foreign },
    ...{ objects: result.manifests.length, files: new Set(texts.map(({ file }) => file)).size },
    describe,
  }
  const text = output.format(report, { color: context.color })
  if (text !== '') context.print(text)
  const threshold = rankOf(flags.failOn ?? configuration.failOn ?? 'warning')
  return findings.some(({ severity }) => rankOf(severity) >= threshold) ? exitCodes.findings : exitCodes.clean
}

interface Round {
  readonly texts: readonly SourceText[]
  readonly result: CheckResult
  readonly fixed: readonly Finding[]
}

/** Behind one refusal there can be another: what is fixed is checked again, until nothing more can be fixed. */
async function fixAll(
  round: Round,
  options: CheckOptions,
  wanted: (findings: readonly Finding[]) => FilteredFindings,
  left = maxRounds,
): Promise<Round> {
  const { texts, mended } = applyFixes(round.texts, wanted(round.result.findings).findings, round.result.manifestOf)
  if (mended.length === 0 || left === 0) return round
  return await fixAll({ texts, result: await runCheck(texts, options), fixed: [...round.fixed, ...mended] }, options, wanted, left - 1)
}

/** The CustomResourceDefinitions among the files; whatever else stands there is not looked at. */
async function readDefinitions(paths: readonly string[], parts: SourceParts): Promise<readonly Manifest[]> {
  const { texts } = await readSources(paths, parts)
  const { manifests } = readManifests(texts.flatMap(({ file, text }) => splitDocuments(file, text)))
  const definitions = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition')
  if (paths.length > 0 && definitions.length === 0)
    throw new UserError(`There is no CustomResourceDefinition in ${paths.map(path => `"${path}"`).join(', ')}`)
  return definitions
}

/** What was fixed with a value that nothing in the manifest confirms, once for each object. */
function guesses(fixed: readonly Finding[]): Finding[] {
  const byObject = new Map(fixed.filter(setsNonRoot).map(finding => [JSON.stringify([finding.file, finding.object]), finding]))
  const message = 'runAsNonRoot is set: containers start only if their image names a user other than root by number; else set runAsUser too'
  return [...byObject.values()].map(({ file, line, column, object }): Finding => {
    return { rule: 'fixed-by-guess', severity: 'note', message, file, line, column, ...(object === undefined ? {} : { object }) }
  })
}

const setsNonRoot = ({ fix = [] }: Finding): boolean =>
  fix.some(({ path, value }) => path.endsWith('/runAsNonRoot') || (JSON.stringify(value) ?? '').includes('"runAsNonRoot":true'))

function chartFinding(folder: string): Finding {
  const message = `a Helm chart's files are templates and were left out: helm template ${folder} | bulkhead check -`
  return { rule: 'helm-chart', severity: 'note', message, file: join(folder, 'Chart.yaml'), line: 1, column: 1 }
}

function describe(rule: string): RuleDescription {
  const found = manifestChecks.find(({ id }) => id === rule)
  if (found !== undefined) return found
  const title = Object.entries(ownRules).find(([name]) => name === rule)?.[1]
  return { title: title ?? `Admission plug-in ${rule} admits the object`, serves: rule === 'PodSecurity' ? ['C3', 'PSS'] : [] }
}
