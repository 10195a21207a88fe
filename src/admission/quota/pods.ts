// The quota usage of a pod. Compute resources count while it can run, `count/pods` while it exists.
import type { KubeObject } from '../../api/object.ts'
import { podLimits, podRequests } from '../../api/pods/pod-resources.ts'
import { parseQuantity } from '../../api/quantity/quantity.ts'
import type { ReadonlyAmounts, ResourceAmounts } from '../../api/quantity/resource-amounts.ts'
import { recordedQualityOfService } from '../../api/resources/core/pod-quality-of-service.ts'
import type {
  Container,
  ContainerStatus,
  Pod,
  PodAffinityTerm,
  ResourceList,
  ScopedResourceSelectorRequirement,
} from '../../api/types/core-v1.ts'
import { isExtendedResource, isHugePages, isNativeResource } from '../../api/validation/resource-names.ts'
import { countName, type Evaluator } from './evaluator.ts'

const one = parseQuantity('1')
const compute = ['cpu', 'memory', 'ephemeral-storage']
const covered: ReadonlySet<string> = new Set([
  'pods',
  countName('pods'),
  ...compute.flatMap(name => [name, `requests.${name}`, `limits.${name}`]),
])
const terminal: ReadonlySet<string> = new Set(['Failed', 'Succeeded'])
/** Upstream requires these for every container if they are limited, and calls that a mistake that it keeps. */
const demanded = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])

export const pods: Evaluator = {
  groupResource: 'pods',
  measures: 'objects',
  handles: ({ subresource, operation }) =>
    (subresource === '' && operation === 'CREATE') || (subresource === 'resize' && operation === 'UPDATE'),
  covers: name =>
    covered.has(name) ||
    isHugePages(name) ||
    name.startsWith('requests.hugepages-') ||
    (name.startsWith('requests.') && !isNativeResource(name)),
  usage: (object, now) => (isCharged(object as Pod, now) ? chargedUsage(object as Pod) : existing),
  inScope,
  mustStateUsage: name => demanded.has(name),
  missing,
  endsAt,
}

const existing: ReadonlyAmounts = new Map([[countName('pods'), one]])

function isCharged(pod: Pod, now: number): boolean {
  if (terminal.has(pod.status?.phase ?? '')) return false
  const end = endsAt(pod)
  return end === undefined || now <= end
}

/** A pod that outlives its grace period, on a lost node, is no longer charged. */
function endsAt({ metadata }: KubeObject): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return undefined
  // The timestamp already includes the grace period, and upstream adds it once more.
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

/** Pods of one template have equal requests, so their usage is computed once. */
const known = new Map<string, ReadonlyAmounts>()
const maxKnown = 2000
const maxKeyLength = 2000

function chargedUsage(pod: Pod): ReadonlyAmounts {
  const key = keyOf(pod)
  const found = known.get(key)
  if (found !== undefined) return found
  const usage = addUp(pod)
  if (key.length > maxKeyLength) return usage
  // Cleared rather than aged: values in use return at once.
  if (known.size >= maxKnown) known.clear()
  known.set(key, usage)
  return usage
}

/** Everything that `addUp` reads. The separators cannot occur in names or quantities. */
function keyOf({ spec, status }: Pod): string {
  let key = ''
  for (const container of spec.containers ?? []) key += containerKey(container)
  for (const container of spec.initContainers ?? []) key += `!${container.restartPolicy ?? ''}${containerKey(container)}`
  if (spec.overhead !== undefined) key += `+${listKey(spec.overhead)}`
  for (const container of status?.containerStatuses ?? []) key += statusKey(container)
  for (const container of status?.initContainerStatuses ?? []) key += statusKey(container)
  if (status?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible')) key += '?'
  return key
}

function containerKey({ name, resources }: Container): string {
  return `|${name}:${listKey(resources?.requests)}<${listKey(resources?.limits)}`
}

function statusKey({ name, resources, allocatedResources }: ContainerStatus): string {
  if (resources === undefined && allocatedResources === undefined) return ''
  return `#${name}:${listKey(resources?.requests)}<${listKey(resources?.limits)}<${listKey(allocatedResources)}`
}

function listKey(list: ResourceList | undefined): string {
  let key = ''
  for (const name in list) key += `${name}=${list[name]},`
  return key
}

function addUp(pod: Pod): ReadonlyAmounts {
  const usage: ResourceAmounts = new Map([
    [countName('pods'), one],
    ['pods', one],
  ])
  for (const [name, amount] of podRequests(pod, { useStatus: true })) {
    if (compute.includes(name)) usage.set(name, amount).set(`requests.${name}`, amount)
    else if (isHugePages(name)) usage.set(name, amount).set(`requests.${name}`, amount)
    else if (isExtendedResource(name)) usage.set(`requests.${name}`, amount)
  }
  for (const [name, amount] of podLimits(pod, { useStatus: true })) if (compute.includes(name)) usage.set(`limits.${name}`, amount)
  return usage
}

function missing(names: readonly string[], object: KubeObject): string | undefined {
  const { containers = [], initContainers = [] } = (object as Pod).spec
  const texts: string[] = []
  for (const name of names) {
    const limit = name.startsWith('limits.')
    const resource = limit ? name.slice('limits.'.length) : name.replace('requests.', '')
    const isSilent = ({ resources }: Container) => (limit ? resources?.limits : resources?.requests)?.[resource] === undefined
    if (!containers.some(isSilent) && !initContainers.some(isSilent)) continue
    const silent = new Set([...containers, ...initContainers].filter(isSilent).map(container => container.name))
    texts.push(`${name} for: ${[...silent].sort().join(',')}`)
  }
  return texts.length === 0 ? undefined : `must specify ${texts.join('; ')}`
}

function inScope({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, object: KubeObject): boolean {
  const pod = object as Pod
  switch (scopeName) {
    case 'Terminating':
      return isTerminating(pod)
    case 'NotTerminating':
      return !isTerminating(pod)
    case 'BestEffort':
      return recordedQualityOfService(pod) === 'BestEffort'
    case 'NotBestEffort':
      return recordedQualityOfService(pod) !== 'BestEffort'
    case 'PriorityClass':
      return hasPriorityClass(pod.spec.priorityClassName ?? '', operator, values)
    case 'CrossNamespacePodAffinity':
      return usesOtherNamespaces(pod)
    default:
      return false
  }
}

const isTerminating = ({ spec }: Pod): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0

function hasPriorityClass(name: string, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return name !== ''
    case 'DoesNotExist':
      return name === ''
    case 'In':
      return name !== '' && values.includes(name)
    case 'NotIn':
      return !values.includes(name) || name === ''
    default:
      return false
  }
}

function usesOtherNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  const reaches = (term: PodAffinityTerm | undefined): boolean =>
    term !== undefined && ((term.namespaces ?? []).length > 0 || term.namespaceSelector != null)
  return [podAffinity, podAntiAffinity].some(
    affinity =>
      affinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(reaches) ||
      affinity?.preferredDuringSchedulingIgnoredDuringExecution?.some(({ podAffinityTerm }) => reaches(podAffinityTerm)),
  )
}
