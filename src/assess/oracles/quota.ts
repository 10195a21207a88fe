// What a ResourceQuota must count, added up from the objects of its namespace: by the documentation of Kubernetes, independent of the
// product's accounting. For pods that no node has: what a node reports of a pod in status is not looked at.
import type { KubeObject } from '../../api/object.ts'
import type {
  Container,
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ResourceQuotaSpec,
  Service,
} from '../../api/types/core-v1.ts'
import { billionths } from './quantity.ts'

/** The objects of one namespace by resource, such as `deployments.apps`. */
export type Inventory = Readonly<Record<string, readonly KubeObject[]>>

const one = 10n ** 9n
/** Those that a quota limits by their plain name too. */
const compute = ['cpu', 'memory', 'ephemeral-storage']
const classSuffix = '.storageclass.storage.k8s.io/'

/** In billionths, of each resource that the quota limits and the inventory shows; others, such as bytes, are absent. */
export function expectedUse({ spec = {} }: Pick<ResourceQuota, 'spec'>, inventory: Inventory): Map<string, bigint> {
  const use = new Map<string, bigint>()
  const podsInScope = ((inventory['pods'] ?? []) as readonly Pod[]).filter(pod => inScopes(spec, pod))
  for (const name of Object.keys(spec.hard ?? {})) {
    const amount = amountOf(name, podsInScope, inventory)
    if (amount !== undefined) use.set(name, amount)
  }
  return use
}

function amountOf(name: string, pods: readonly Pod[], inventory: Inventory): bigint | undefined {
  if (name === 'count/pods') return count(pods)
  const alive = pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
  if (name === 'pods') return count(alive)
  if (name.startsWith('count/')) return counted(inventory, name.slice('count/'.length))
  if (name === 'requests.storage' || name.includes(classSuffix) || name === 'persistentvolumeclaims') return storage(name, inventory)
  if (name.startsWith('services')) return services(name, inventory)
  if (name.startsWith('limits.')) return sum(alive, pod => podAmount(pod, 'limits', name.slice('limits.'.length)))
  if (name.startsWith('requests.')) return sum(alive, pod => podAmount(pod, 'requests', name.slice('requests.'.length)))
  if (compute.includes(name)) return sum(alive, pod => podAmount(pod, 'requests', name))
  return counted(inventory, name)
}

const count = (list: readonly unknown[]): bigint => BigInt(list.length) * one
const counted = (inventory: Inventory, resource: string): bigint | undefined => {
  const list = inventory[resource]
  return list === undefined ? undefined : count(list)
}
const sum = <T>(list: readonly T[], of: (value: T) => bigint): bigint => list.reduce((total, value) => total + of(value), 0n)
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** Containers and sidecars run together; each other init container runs with the sidecars that are before it. */
export function podAmount({ spec }: Pick<Pod, 'spec'>, list: 'requests' | 'limits', resource: string): bigint {
  const of = ({ resources }: Pick<Container, 'resources'>): bigint => billionths(resources?.[list]?.[resource] ?? '0')
  let sidecars = 0n
  let peak = 0n
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') sidecars += of(container)
    else peak = most(peak, sidecars + of(container))
  }
  const running = most(sum(spec.containers, of) + sidecars, peak)
  const overhead = billionths(spec.overhead?.[resource] ?? '0')
  return running + (list === 'requests' || running > 0n ? overhead : 0n)
}

function storage(name: string, inventory: Inventory): bigint | undefined {
  const claims = inventory['persistentvolumeclaims'] as readonly PersistentVolumeClaim[] | undefined
  const [storageClass, what = name] = name.includes(classSuffix) ? name.split(classSuffix) : []
  const own = claims?.filter(({ spec }) => storageClass === undefined || spec?.storageClassName === storageClass)
  if (own === undefined) return undefined
  return what === 'requests.storage'
    ? sum(own, ({ spec, status }) =>
        most(billionths(spec?.resources?.requests?.['storage'] ?? '0'), billionths(status?.allocatedResources?.['storage'] ?? '0')),
      )
    : count(own)
}

function services(name: string, inventory: Inventory): bigint | undefined {
  const all = inventory['services'] as readonly Service[] | undefined
  if (all === undefined || name === 'services') return all && count(all)
  if (name === 'services.loadbalancers') return count(all.filter(({ spec }) => spec?.type === 'LoadBalancer'))
  return count(all.flatMap(({ spec }) => (spec?.ports ?? []).filter(({ nodePort = 0 }) => nodePort > 0)))
}

function inScopes({ scopes = [], scopeSelector }: ResourceQuotaSpec, pod: Pod): boolean {
  const requirements = scopeSelector?.matchExpressions ?? []
  return (
    scopes.every(scope => inScope(scope, pod)) &&
    requirements.every(({ scopeName, operator, values = [] }) =>
      scopeName === 'PriorityClass' ? hasClass(pod.spec.priorityClassName, operator, values) : inScope(scopeName, pod),
    )
  )
}

function inScope(scope: string, pod: Pod): boolean {
  const bounded = pod.spec.activeDeadlineSeconds !== undefined
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  const states = all.some(({ resources }) =>
    [resources?.requests, resources?.limits].some(list => ['cpu', 'memory'].some(name => billionths(list?.[name] ?? '0') > 0n)),
  )
  switch (scope) {
    case 'Terminating':
      return bounded
    case 'NotTerminating':
      return !bounded
    case 'BestEffort':
      return !states
    case 'NotBestEffort':
      return states
    case 'PriorityClass':
      return pod.spec.priorityClassName !== undefined
    case 'CrossNamespacePodAffinity':
      return affinityTerms(pod).some(({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined)
    default:
      throw new Error(`unknown scope ${scope}`)
  }
}

function hasClass(name: string | undefined, operator: string, values: readonly string[]): boolean {
  const listed = name !== undefined && values.includes(name)
  return { In: listed, NotIn: !listed, Exists: name !== undefined, DoesNotExist: name === undefined }[operator] ?? false
}

function affinityTerms({ spec }: Pod): PodAffinityTerm[] {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  return [podAffinity, podAntiAffinity].flatMap(affinity => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
}
