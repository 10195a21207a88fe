// `bulkhead check`: evaluates manifests with the server's admission and with further checks, before they are sent to a cluster.
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { readFeatures } from '../../api/features.ts'
import { dns1123Label } from '../../api/validation/names.ts'
import { manifestChecks } from '../../assess/checks/index.ts'
import type { Severity } from '../../assess/manifest-check.ts'
import { type Profile, parseSettings, switchesIn } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
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
  /** Files and folders with CustomResourceDefinitions that the manifests need. They are not checked themselves. */
  readonly crds?: readonly string[]
  /** Whether kustomize may download remote bases. */
  readonly allowRemote?: boolean
  readonly kubeconfig?: string
  readonly context?: string
  /** As for `bulkhead up`: feature gates of the cluster. */
  readonly featureGates?: string
  readonly runtimeConfig?: string
  /** OCI layouts of images, by which image policies are evaluated. */
  readonly images?: readonly string[]
}

export interface CheckContext {
  readonly stdin: Readable
  readonly color: boolean
  /** The environment variable KUBECONFIG; used if no flag names a kubeconfig. */
  readonly kubeconfigVariable?: string | undefined
  /** The default kubeconfig in the home folder, as for kubectl. */
  readonly kubeconfig: string
  /** Milliseconds since the epoch; decides which exceptions have expired. */
  readonly now: number
  print(text: string): void
  /** Replaces a file with its fixed text (`--fix`). */
  write(file: string, text: string): void
}

/** Fixes can uncover further findings; they are applied in at most this many rounds. */
const maxRounds = 5

const exitCodes = { clean: 0, findings: 1, couldNotCheck: 2 } as const

/** Returns the exit code: 0 if nothing was found, 1 if something was. Throws a `UserError` if the check cannot be done. */
export async function check(flags: CheckFlags, paths: readonly string[], context: CheckContext, signal: AbortSignal): Promise<number> {
  const { profile = 'secure' } = flags
  const asked = flags.kubeconfig !== undefined || flags.context !== undefined
  const cluster = asked ? await findKubeconfig(flags, context.kubeconfigVariable, context.kubeconfig) : undefined
  const namespace = flags.namespace ?? cluster?.config.namespace ?? 'default'
  if (paths.length === 0) throw new UserError('Name files or folders, or "-" for stdin: bulkhead check PATH…')
  if (dns1123Label(namespace).length > 0)
    throw new UserError(`--namespace must be a lowercase DNS label of at most 63 characters, got "${namespace}"`)
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
  const { images = [] } = flags
  if (images.length > 0 && cluster !== undefined)
    throw new UserError('--images is for evaluations without a cluster: a cluster asks its registries')
  const offline = { profile, namespace, features, definitions, images }
  const options = {
    namespace,
    validate: (manifests: readonly Manifest[]) =>
      cluster === undefined ? validateOffline(manifests, offline, signal) : validateWithCluster(manifests, cluster, offline, signal),
  }
  const first: Round = { texts: read, result: await runCheck(read, options), fixed: [] }
  if (first.result.manifests.length === 0 && first.result.findings.length === 0) throw new UserError('The given paths contain no manifest')
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

/** A refusal can hide another one, so fixed texts are checked again until nothing more can be fixed. */
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

/** Only the CustomResourceDefinitions among the files; other objects in them are ignored. */
async function readDefinitions(paths: readonly string[], parts: SourceParts): Promise<readonly Manifest[]> {
  const { texts } = await readSources(paths, parts)
  const { manifests } = readManifests(texts.flatMap(({ file, text }) => splitDocuments(file, text)))
  const definitions = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition')
  if (paths.length > 0 && definitions.length === 0)
    throw new UserError(`There is no CustomResourceDefinition in ${paths.map(path => `"${path}"`).join(', ')}`)
  return definitions
}

/** One note for each object whose fix sets a value that the manifests cannot confirm. */
function guesses(fixed: readonly Finding[]): Finding[] {
  const byObject = new Map(fixed.filter(setsNonRoot).map(finding => [writeJson([finding.file, finding.object]), finding]))
  const message =
    '--fix set runAsNonRoot: containers start only if their image has a numeric user other than root; otherwise set runAsUser too'
  return [...byObject.values()].map(({ file, line, column, object }): Finding => {
    return { rule: 'fixed-by-guess', severity: 'note', message, file, line, column, ...(object === undefined ? {} : { object }) }
  })
}

const setsNonRoot = ({ fix = [] }: Finding): boolean =>
  fix.some(({ path, value }) => path.endsWith('/runAsNonRoot') || (writeJson(value) ?? '').includes('"runAsNonRoot":true'))

function chartFinding(folder: string): Finding {
  const message = `this Helm chart was skipped because its files are templates; check it with: helm template ${folder} | bulkhead check -`
  return { rule: 'helm-chart', severity: 'note', message, file: join(folder, 'Chart.yaml'), line: 1, column: 1 }
}

function describe(rule: string): RuleDescription {
  const found = manifestChecks.find(({ id }) => id === rule)
  if (found !== undefined) return found
  const title = Object.entries(ownRules).find(([name]) => name === rule)?.[1]
  return { title: title ?? `Admission plug-in ${rule} admits the object`, serves: rule === 'PodSecurity' ? ['C3', 'PSS'] : [] }
}
