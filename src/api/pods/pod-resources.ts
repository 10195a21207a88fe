// Requests and limits of a whole pod, from its containers (KEP-753 for sidecars, KEP-1287 for running pods that are resized).
import {
  addAmounts,
  noAmounts,
  parseAmounts,
  type ReadonlyAmounts,
  type ResourceAmounts,
  raiseAmounts,
} from '../quantity/resource-amounts.ts'
import type { Container, ContainerStatus, Pod } from '../types/core-v1.ts'

export interface PodResourceOptions {
  /** Also counts a running container's granted resources if they exceed its spec. */
  readonly useStatus?: boolean
  /** Counts only the containers. */
  readonly excludeOverhead?: boolean
  /** The value of a container without a request for a resource; for requests only. */
  readonly unspecified?: ReadonlyAmounts
}

/** The maximum that the pod requests at any time: init containers run one by one, sidecars stay; overhead is added. */
export function podRequests(
  pod: Pod,
  { useStatus = false, excludeOverhead = false, unspecified = noAmounts }: PodResourceOptions = {},
): ResourceAmounts {
  const status = useStatus ? statusOf(pod) : noStatus
  const infeasible = useStatus && isResizeInfeasible(pod)
  const total = combine(pod, container => completed(requestsOf(container, status.get(container.name), infeasible), unspecified))
  if (!excludeOverhead) addAmounts(total, parseAmounts(pod.spec.overhead))
  return total
}

/** The sum of the limits; a resource that some container leaves unlimited is unlimited only if all do. Overhead counts if there is a limit. */
export function podLimits(pod: Pod, { useStatus = false, excludeOverhead = false }: PodResourceOptions = {}): ResourceAmounts {
  const status = useStatus ? statusOf(pod) : noStatus
  const infeasible = useStatus && isResizeInfeasible(pod)
  const total = combine(pod, container => limitsOf(container, status.get(container.name), infeasible))
  if (excludeOverhead) return total
  const overhead = parseAmounts(pod.spec.overhead)
  for (const name of overhead.keys()) if (!total.has(name)) overhead.delete(name)
  addAmounts(total, overhead)
  return total
}

function combine({ spec }: Pod, amountsOf: (container: Container) => ReadonlyAmounts): ResourceAmounts {
  const total: ResourceAmounts = new Map()
  for (const container of spec.containers ?? []) addAmounts(total, amountsOf(container))
  if (spec.initContainers === undefined) return total
  const sidecars: ResourceAmounts = new Map()
  const initial: ResourceAmounts = new Map()
  for (const container of spec.initContainers) {
    const own = amountsOf(container)
    if (container.restartPolicy === 'Always') {
      addAmounts(total, own)
      addAmounts(sidecars, own)
      raiseAmounts(initial, sidecars)
    } else {
      const peak = new Map(own)
      addAmounts(peak, sidecars)
      raiseAmounts(initial, peak)
    }
  }
  raiseAmounts(total, initial)
  return total
}

const noStatus: ReadonlyMap<string, ContainerStatus> = new Map()

function statusOf({ status, spec }: Pod): ReadonlyMap<string, ContainerStatus> {
  const reported = status?.containerStatuses
  if (!reported?.some(isResized) && !status?.initContainerStatuses?.some(isResized)) return noStatus
  const sidecars = new Set(spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name))
  const initial = (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))
  return new Map([...(reported ?? []), ...initial].filter(isResized).map(container => [container.name, container]))
}

const isResized = ({ resources, allocatedResources }: ContainerStatus): boolean =>
  resources !== undefined || allocatedResources !== undefined

function isResizeInfeasible({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible') ?? false
}

function requestsOf({ resources }: Container, status: ContainerStatus | undefined, infeasible: boolean): ReadonlyAmounts {
  const wanted = resources?.requests === undefined ? noAmounts : parseAmounts(resources.requests)
  if (status === undefined) return wanted
  const amounts = new Map(infeasible ? noAmounts : wanted)
  raiseAmounts(amounts, parseAmounts(status.resources?.requests))
  raiseAmounts(amounts, parseAmounts(status.allocatedResources))
  return amounts
}

function completed(amounts: ReadonlyAmounts, unspecified: ReadonlyAmounts): ReadonlyAmounts {
  if (unspecified.size === 0) return amounts
  return new Map([...unspecified, ...amounts])
}

function limitsOf({ resources }: Container, status: ContainerStatus | undefined, infeasible: boolean): ReadonlyAmounts {
  const wanted = resources?.limits === undefined ? noAmounts : parseAmounts(resources.limits)
  if (status?.resources === undefined) return wanted
  const amounts = new Map(infeasible ? noAmounts : wanted)
  raiseAmounts(amounts, parseAmounts(status.resources.limits))
  return amounts
}
