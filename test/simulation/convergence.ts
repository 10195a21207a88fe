// What a simulated cluster must come to when its faults are over and nobody changes anything. Each line says what is not yet so.
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../src/api/types/apps-v1.ts'
import type { Job } from '../../src/api/types/batch-v1.ts'
import type { Node, Pod, ResourceQuota } from '../../src/api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../src/api/types/policy-v1.ts'
import type { Store } from '../../src/store/store.ts'
import { roomy } from './objects.ts'
import { amountOf, holdsQuota, isFinished, isReady, keyOf, selectsPod } from './pod-facts.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'

const kinds: Readonly<Record<string, string>> = {
  ReplicaSet: 'replicasets.apps',
  StatefulSet: 'statefulsets.apps',
  DaemonSet: 'daemonsets.apps',
  Job: 'jobs.batch',
  Deployment: 'deployments.apps',
  CronJob: 'cronjobs.batch',
}

export async function missing({ store, nodes: machines }: SimulatedCluster): Promise<readonly string[]> {
  const pods = all<Pod>(store, 'pods')
  const nodes = all<Node>(store, 'nodes')
  const lines = [
    ...nodes.filter(node => !isReady(node as Pod)).map(({ metadata }) => `node ${metadata.name} is not ready`),
    ...nodes.filter(({ spec }) => (spec?.taints ?? []).length > 0).map(({ metadata }) => `node ${metadata.name} has taints`),
    ...orphans(store, pods),
    ...pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).map(pod => `pod ${keyOf(pod)} is not gone`),
    ...pods.filter(pod => !isFinished(pod) && !isReady(pod)).map(pod => `pod ${keyOf(pod)} is not ready (${pod.status?.phase})`),
    ...workloads(store, nodes.length),
    ...budgets(store, pods),
    ...quotas(store, pods),
    ...addresses(pods),
  ]
  for (const { name, runtime } of machines) {
    const sandboxes = (await runtime?.listSandboxes({})) ?? []
    const running = new Set(sandboxes.filter(({ state }) => state === 'SANDBOX_READY').map(({ metadata }) => metadata.uid))
    const bound = new Set(pods.filter(pod => pod.spec.nodeName === name && !isFinished(pod)).map(({ metadata }) => metadata.uid ?? ''))
    for (const uid of running) if (!bound.has(uid)) lines.push(`${name} runs the pod ${uid}, which is not its own`)
    for (const uid of bound) if (!running.has(uid)) lines.push(`${name} does not run the pod ${uid}`)
  }
  return lines
}

/** What has an owner that does not exist: nothing would ever remove it. */
function orphans(store: Store, pods: readonly Pod[]): string[] {
  const owned = [...pods, ...all<ReplicaSet>(store, 'replicasets.apps'), ...all<Job>(store, 'jobs.batch')]
  return owned.flatMap(({ metadata }) =>
    (metadata.ownerReferences ?? []).flatMap(({ kind, name, uid }) => {
      const resource = kinds[kind]
      if (resource === undefined) return []
      const owner = store.collection({ groupResource: resource }).get(metadata.namespace ?? '', name)?.object
      return owner?.metadata.uid === uid
        ? []
        : [`${metadata.namespace}/${metadata.name} belongs to the ${kind} ${name}, which does not exist`]
    }),
  )
}

function workloads(store: Store, nodeCount: number): string[] {
  const inRoomy = <T extends { metadata: { namespace?: string } }>(objects: readonly T[]) =>
    objects.filter(({ metadata }) => metadata.namespace === roomy)
  return [
    ...inRoomy(all<Deployment>(store, 'deployments.apps')).flatMap(({ metadata, spec, status = {} }) => {
      const { observedGeneration, replicas, updatedReplicas, availableReplicas } = status
      const counts = [replicas, updatedReplicas, availableReplicas]
      return observedGeneration === metadata.generation && counts.every(count => count === spec?.replicas)
        ? []
        : [`deployment ${metadata.name} wants ${spec?.replicas}, and has ${counts.join(' / ')}`]
    }),
    ...inRoomy(all<StatefulSet>(store, 'statefulsets.apps')).flatMap(({ metadata, spec, status }) =>
      status?.readyReplicas === spec?.replicas && status?.currentRevision === status?.updateRevision && status?.replicas === spec?.replicas
        ? []
        : [`statefulset ${metadata.name} wants ${spec?.replicas}, and has ${status?.readyReplicas} ready of ${status?.replicas}`],
    ),
    ...inRoomy(all<DaemonSet>(store, 'daemonsets.apps')).flatMap(({ metadata, status }) =>
      status?.numberAvailable === nodeCount && status.updatedNumberScheduled === nodeCount
        ? []
        : [`daemonset ${metadata.name} is available on ${status?.numberAvailable} of ${nodeCount} nodes`],
    ),
    ...all<Job>(store, 'jobs.batch').flatMap(({ metadata, spec, status = {} }) => {
      const ended = status.conditions?.some(({ type, status: value }) => (type === 'Complete' || type === 'Failed') && value === 'True')
      const wanted = spec?.completions ?? 1
      if ((status.succeeded ?? 0) > wanted) return [`job ${metadata.name} counts ${status.succeeded} of ${wanted} completions`]
      return ended === true ? [] : [`job ${metadata.name} has not ended: ${status.succeeded ?? 0} of ${wanted}`]
    }),
  ]
}

function budgets(store: Store, pods: readonly Pod[]): string[] {
  return all<PodDisruptionBudget>(store, 'poddisruptionbudgets.policy').flatMap(budget => {
    const { metadata, status } = budget
    const healthy = pods.filter(pod => pod.metadata.namespace === metadata.namespace && selectsPod(budget, pod) && isReady(pod)).length
    const allowed = Math.max(0, healthy - (status?.desiredHealthy ?? 0))
    return status?.currentHealthy === healthy && status.disruptionsAllowed === allowed
      ? []
      : [
          `budget ${metadata.name} counts ${status?.currentHealthy} healthy pods of ${healthy} and allows ${status?.disruptionsAllowed} of ${allowed}`,
        ]
  })
}

function quotas(store: Store, pods: readonly Pod[]): string[] {
  return all<ResourceQuota>(store, 'resourcequotas').flatMap(({ metadata, status }) => {
    const counted = pods.filter(pod => pod.metadata.namespace === metadata.namespace && holdsQuota(pod, Date.now()))
    return Object.entries(status?.used ?? {}).flatMap(([resource, used]) => {
      const found = amountOf(resource, counted)
      return found === undefined || found.limit(used) === found.amount
        ? []
        : [`quota ${metadata.namespace}/${metadata.name} counts ${used} of ${resource}, and there are ${found.amount}`]
    })
  })
}

function addresses(pods: readonly Pod[]): string[] {
  const byAddress = Map.groupBy(
    pods.filter(pod => !isFinished(pod) && pod.status?.podIP !== undefined),
    ({ status }) => status?.podIP ?? '',
  )
  return [...byAddress].flatMap(([address, owners]) =>
    owners.length < 2 ? [] : [`${owners.map(keyOf).join(' and ')} both have ${address}`],
  )
}

/** The server stored them, in their own kind. */
const all = <T>(store: Store, groupResource: string): readonly T[] =>
  store
    .collection({ groupResource })
    .list({})
    .entries.map(({ object }) => object as T)
