// The verdict of a running cluster by dry runs: its policies, webhooks and quotas apply, and nothing is stored.
import type { FoundKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import type { Manifest } from './manifests.ts'
import { ObjectValidator } from './object-validator.ts'
import { type OfflineOptions, validateOffline } from './validate-offline.ts'
import type { Answer, Verdict } from './verdict.ts'

/** Limit of parallel dry runs, because the server has other clients too. */
const parallel = 8

/**
 * Results are in the order of the manifests. Where a namespace or kind is itself among the manifests, the cluster cannot evaluate yet, and
 * a new cluster in memory does.
 */
export async function validateWithCluster(
  manifests: readonly Manifest[],
  cluster: FoundKubeconfig,
  offline: OfflineOptions,
  signal: AbortSignal,
): Promise<Verdict[]> {
  await using transport = reachCluster(cluster, 'bulkhead-check')
  const validate = new ObjectValidator({ transport, namespace: offline.namespace, keeps: () => false, signal })
  const answers = new Map<Manifest, Answer>()
  const waiting = [...manifests]
  const work = async () => {
    for (let manifest = waiting.shift(); manifest !== undefined; manifest = waiting.shift())
      answers.set(manifest, await validate.validate(manifest))
  }
  await Promise.all(Array.from({ length: parallel }, work))
  const coming = comingWith([...manifests, ...(offline.definitions ?? [])])
  const reasons = new Map(
    manifests.flatMap(manifest => {
      const reason = notYet(manifest, answers.get(manifest), coming, offline.namespace)
      return reason === undefined ? [] : [[manifest, reason] as const]
    }),
  )
  const instead = reasons.size === 0 ? [] : await validateOffline(manifests, offline, signal)
  return manifests.map((manifest, index) => {
    const reason = reasons.get(manifest)
    const own = answers.get(manifest) ?? { outcome: 'unknown-kind' }
    return reason === undefined ? own : { ...(instead[index] ?? own), instead: reason }
  })
}

interface Coming {
  readonly namespaces: ReadonlySet<string>
  readonly definitions: boolean
}

function comingWith(manifests: readonly Manifest[]): Coming {
  return {
    namespaces: new Set(manifests.flatMap(({ kind, name }) => (kind === 'Namespace' ? [name] : []))),
    definitions: manifests.some(({ kind }) => kind === 'CustomResourceDefinition'),
  }
}

function notYet(
  manifest: Manifest,
  answer: Answer | undefined,
  { namespaces, definitions }: Coming,
  namespace: string,
): string | undefined {
  if (answer?.outcome === 'unknown-kind')
    return definitions ? 'the cluster does not have this kind yet, so a new cluster in memory evaluated the object' : undefined
  const name = manifest.namespace ?? namespace
  const missing = answer?.outcome === 'refused' && answer.status.code === 404 && namespaces.has(name)
  return missing ? `the cluster has no namespace "${name}" yet, so a new cluster in memory evaluated the object` : undefined
}
