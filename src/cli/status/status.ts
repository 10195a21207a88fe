// `bulkhead status`: what runs here, its state, and what it enforces.
import { fileAnnotation } from '../../admission/policy/policy-files.ts'
import type { BreakGlassUse } from '../../api/credentials/break-glass-record.ts'
import type { KubeObject } from '../../api/object.ts'
import { clusterDefaultsName } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { ProofResult } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Profile } from '../../base/config/config.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { clusterDefaults, namespaces, nodes, podSecurityExceptions, proofResults } from '../../client/resources.ts'
import { buildPath, type RunningBuild } from '../../server/paths/build-path.ts'
import { filePoliciesPath } from '../../server/paths/file-policies-path.ts'
import type { PackageFacts } from '../../supply-chain/release/part-code.ts'
import { findDataDirectory, findUp } from '../connection/find-cluster.ts'
import { type FoundKubeconfig, findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printableJson } from '../terminal/printable.ts'
import type { UpStatus } from '../up/control-socket.ts'
import type { DataDirectory } from '../up/data-directory.ts'
import { breakGlassUse } from './break-glass.ts'
import { type ComponentFacts, componentFacts, drifted, importedAdvisories } from './component-facts.ts'
import { type ConfigurationFacts, configurationFacts, refusedConfigurations } from './configurations.ts'
import { controlsOf } from './controls.ts'
import {
  type AuditFacts,
  adminCertificate,
  auditFacts,
  type CertificateFacts,
  nodeCertificates,
  servingCertificate,
  storeBytes,
} from './data-facts.ts'
import { freeBytes, lowDisk } from './disk-space.ts'
import { type ExceptionFacts, exceptionFacts } from './exceptions.ts'
import { formatStatus } from './format.ts'
import { namespacesWithoutDefaults } from './namespaces-without-defaults.ts'
import { type PolicyFacts, policyFacts, unenforced } from './policy-facts.ts'
import { processFacts } from './process-facts.ts'
import { failedProofs, type ProvedControl, provedControls } from './proved-controls.ts'
import { unlessOlder } from './unless-older.ts'
import { whatIsDead } from './what-is-dead.ts'

export interface StatusFlags {
  readonly dataDir?: string
  readonly output?: 'text' | 'json'
}

export interface PartFacts {
  readonly name: string
  readonly state: string
  readonly pid: number | undefined
  readonly userId: number
  readonly restarts: number
  readonly lastExit: string | undefined
  readonly memoryBytes: number | undefined
  readonly uptimeSeconds: number | undefined
}

export interface NodeFacts {
  readonly name: string
  readonly ready: boolean
  /** For example `containerd://1.7.24`, or that the node is simulated. */
  readonly runtime: string
  readonly networkPolicies: PolicyFacts
  readonly components: readonly ComponentFacts[]
  /** What of them changed under the running node; empty if nothing did. */
  readonly drift: string
}

export interface ClusterFacts {
  readonly kubernetes: string
  readonly nodes: readonly NodeFacts[]
  readonly revision: number
  /** One sentence for each failed check of the server, webhook that failed recently, and unavailable aggregated API. */
  readonly dead: readonly string[]
  readonly filePolicies: FilePolicyFacts
  readonly exceptions: readonly ExceptionFacts[]
  readonly namespacesWithoutDefaults: readonly string[]
  readonly breakGlass: BreakGlassUse | undefined
  readonly proofResults: readonly ProofResult[]
  /** Undefined for a server of an older release. */
  readonly running: RunningBuild | undefined
}

/** Policies from files, which the API cannot change. */
export interface FilePolicyFacts {
  readonly policies: readonly { readonly name: string; readonly file: string }[]
  /** Why the current content of the folder is not in force. */
  readonly problem?: string
}

export interface Status {
  readonly dataDirectory: string
  readonly server: string
  readonly profile: string
  /** How the files of the installed package were verified; undefined in a clone. */
  readonly package: PackageFacts | undefined
  readonly versions: { readonly bulkhead: string; readonly node: string; readonly kubernetes: string | undefined }
  readonly parts: readonly PartFacts[]
  readonly nodes: readonly NodeFacts[]
  readonly filePolicies: FilePolicyFacts['policies']
  /** Exceptions from Pod Security rules. */
  readonly exceptions: readonly ExceptionFacts[]
  /** Created before ClusterDefaults existed, or while they were exempt. */
  readonly namespacesWithoutDefaults: readonly string[]
  /** The latest use of a credential of group system:masters. */
  readonly breakGlass: BreakGlassUse | undefined
  /** Access configuration that comes from files. */
  readonly configurations: readonly ConfigurationFacts[]
  readonly certificates: readonly CertificateFacts[]
  readonly store: { readonly revision: number | undefined; readonly objects: number | undefined; readonly bytesOnDisk: number | undefined }
  readonly audit: AuditFacts | undefined
  readonly controls: readonly ProvedControl[]
  /** What could not be determined, and why. */
  readonly problems: readonly string[]
}

const limitMs = 20_000

/** Returns the exit code: 1 if nothing runs or something that runs is unhealthy. */
export async function status(flags: StatusFlags, print: (text: string) => void): Promise<number> {
  const directory = findDataDirectory(flags.dataDir)
  const up = await findUp(directory).catch((err: unknown) => {
    throw isForbiddenToAsk(err, directory.path)
  })
  if (up === undefined) {
    const text = `No cluster runs in "${directory.path}": start one with "bulkhead up", or name its directory with --data-dir`
    print(flags.output === 'json' ? printableJson({ dataDirectory: directory.path, running: false, message: text }) : text)
    return 1
  }
  const result = await gather(directory, up)
  print(flags.output === 'json' ? printableJson({ running: true, ...result }) : formatStatus(result))
  return result.problems.length > 0 || result.parts.some(({ state }) => state !== 'ready') ? 1 : 0
}

/** EACCES means that another user runs a cluster here, not that there is none. */
export function isForbiddenToAsk(err: unknown, path: string): unknown {
  if (codeOf(err) !== 'EACCES') return err
  return new UserError(`The cluster in "${path}" answers only the user that started it and root: run this command as one of them`, {
    cause: err,
  })
}

async function gather(directory: DataDirectory, up: UpStatus): Promise<Status> {
  const problems: string[] = []
  const servingProblems: string[] = []
  const found = await findKubeconfig({ dataDir: directory.path }).catch(note(problems))
  const config = found?.config
  const [cluster, serving] = await Promise.all([
    found && readCluster(found, directory.advisories).catch((err: unknown) => note(problems)(silence(up.server, err))),
    config && servingCertificate(config).catch(note(servingProblems)),
  ])
  // A server that does not answer presents no certificate either.
  if (cluster !== undefined) problems.push(...servingProblems)
  problems.push(
    ...(cluster?.dead ?? []),
    ...unenforced(cluster?.nodes ?? []),
    ...drifted(cluster?.nodes ?? []),
    ...failedProofs(cluster?.proofResults ?? []),
  )
  if (cluster?.filePolicies.problem !== undefined)
    problems.push(`The policies from files are an earlier version: ${cluster.filePolicies.problem}`)
  const disk = lowDisk(directory.path, freeBytes(directory.path))
  if (disk !== undefined) problems.push(disk)
  const details = up.parts.find(({ name }) => name === 'server')?.details ?? {}
  const { objects } = details
  const configurations = configurationFacts(details)
  problems.push(...refusedConfigurations(configurations))
  return {
    dataDirectory: directory.path,
    server: up.server,
    profile: up.profile,
    package: up.package,
    versions: { bulkhead: up.version, node: process.version, kubernetes: cluster?.kubernetes },
    parts: up.parts.map(({ name, state, pid, userId, restarts, lastExit }) => {
      const facts = pid === undefined ? undefined : processFacts(pid)
      return { name, state, pid, userId, restarts, lastExit, memoryBytes: facts?.memoryBytes, uptimeSeconds: facts?.uptimeSeconds }
    }),
    nodes: cluster?.nodes ?? [],
    filePolicies: cluster?.filePolicies.policies ?? [],
    exceptions: cluster?.exceptions ?? [],
    namespacesWithoutDefaults: cluster?.namespacesWithoutDefaults ?? [],
    breakGlass: cluster?.breakGlass,
    configurations,
    certificates: [...(serving ? [serving] : []), ...(config ? adminCertificate(config) : []), ...nodeCertificates(directory.node)],
    store: {
      revision: cluster?.revision,
      objects: typeof objects === 'number' ? objects : undefined,
      bytesOnDisk: storeBytes(directory.server),
    },
    audit: auditFacts(`${directory.server}/audit`),
    controls: provedControls(controlsOf(profileOf(up.profile), up.pluginsOff ?? []), cluster?.proofResults ?? [], cluster?.running),
    problems,
  }
}

/** Anything that is not known to be secure counts as insecure. */
const profileOf = (name: string): Profile => (name === 'secure' ? 'secure' : 'upstream')

const note =
  (problems: string[]) =>
  (err: unknown): undefined => {
    problems.push(messageOf(err))
  }

/** `up` runs here and restarts its server, so there is no advice to give. */
const silence = (server: string, err: unknown): unknown =>
  err instanceof UserError ? new UserError(`The API server ${server} does not answer (${messageOf(err.cause)})`, { cause: err }) : err

async function readCluster(found: FoundKubeconfig, advisories: string): Promise<ClusterFacts> {
  const signal = AbortSignal.timeout(limitMs)
  await using transport = reachCluster(found, 'bulkhead-status')
  const client = new Client(transport)
  const now = Date.now()
  using lookup = importedAdvisories(advisories)
  const [version, list, newest, all, files, exceptions, defaults, breakGlass, results, running, dead] = await Promise.all([
    client.getPath<{ gitVersion: string }>('/version', signal),
    client.listAll(nodes, {}, signal),
    // The resourceVersion of a list is the revision of the whole store.
    client.list(namespaces, { limit: 1 }, signal),
    client.listAll(namespaces, {}, signal),
    client.getPath<FilePolicyList>(filePoliciesPath, signal),
    client.listAll(podSecurityExceptions, {}, signal),
    client.listAll(clusterDefaults, {}, signal),
    breakGlassUse(client, signal),
    client.listAll(proofResults, {}, signal).catch(unlessOlder([])),
    client.getPath<RunningBuild>(buildPath, signal).catch(unlessOlder(undefined)),
    whatIsDead(client, transport, now, signal),
  ])
  return {
    kubernetes: version.gitVersion,
    nodes: list.map(({ metadata, status: state }) => ({
      networkPolicies: policyFacts(state?.conditions ?? []),
      ...componentFacts(metadata.annotations, state?.conditions ?? [], lookup),
      name: metadata.name ?? '',
      ready: state?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
      runtime: state?.nodeInfo?.containerRuntimeVersion ?? 'unknown',
    })),
    revision: Number(newest.resourceVersion),
    dead,
    filePolicies: filePolicyFacts(files),
    exceptions: exceptionFacts(exceptions, now),
    breakGlass,
    proofResults: results,
    running,
    namespacesWithoutDefaults: namespacesWithoutDefaults(
      all,
      defaults.find(({ metadata }) => metadata.name === clusterDefaultsName),
    ),
  }
}

interface FilePolicyList {
  readonly items: readonly KubeObject[]
  readonly problem?: string
}

function filePolicyFacts({ items, problem }: FilePolicyList): FilePolicyFacts {
  const policies = items
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicy' || kind === 'MutatingAdmissionPolicy')
    .map(({ metadata }) => ({ name: metadata.name ?? '', file: metadata.annotations?.[fileAnnotation] ?? '' }))
  return { policies, ...(problem === undefined ? {} : { problem }) }
}
