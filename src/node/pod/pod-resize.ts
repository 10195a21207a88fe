// Finds containers that run with other resources than their pod requests now, and plans the changes (KEP-1287). Pure.
import { compareQuantities, parseQuantity } from '../../api/quantity/quantity.ts'
import type { Container, Pod, ResourceList, ResourceRequirements } from '../../api/types/core-v1.ts'
import { parseJson } from '../../base/json.ts'
import type { ContainerStatus } from '../cri/messages.ts'
import type { PodContainer } from './pod-containers.ts'
import { containerAnnotations } from './pod-state.ts'

/** Resources that can change while a container runs. */
const resizable = ['cpu', 'memory'] as const

export interface Resize {
  readonly container: PodContainer
  readonly status: ContainerStatus
  /** Its resizePolicy requires a restart for this change. */
  readonly restart: boolean
}

/** The resources of the container's start, or those in the API's status: an earlier agent may have changed them. */
export function startedWith({ status: podStatus }: Pod, { name, resources }: Container, status: ContainerStatus): ResourceRequirements {
  const known = [...(podStatus?.containerStatuses ?? []), ...(podStatus?.initContainerStatuses ?? [])].find(
    reported => reported.name === name,
  )
  if (known?.resources !== undefined && known.containerID?.endsWith(status.id) === true) return known.resources
  const written = status.annotations[containerAnnotations.resources]
  return written === undefined ? (resources ?? {}) : (parseJson(written) as ResourceRequirements)
}

/** The resources that a node granted to the containers of a pod, by name. */
export type Given = ReadonlyMap<string, ResourceRequirements>

const allContainers = ({ spec }: Pod): readonly Container[] => [...spec.containers, ...(spec.initContainers ?? [])]

export const asksFor = (pod: Pod): Given => new Map(allContainers(pod).map(({ name, resources = {} }) => [name, resources]))

/** The resources that an earlier agent granted: those of the status, otherwise those of the spec. */
export function givenBefore(pod: Pod): Given {
  const reported = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  const known = reported.flatMap(({ name, resources }) => (resources === undefined ? [] : [[name, resources] as const]))
  return new Map([...asksFor(pod), ...known])
}

/** The pod as if it requested what it was granted; the same object if it does. */
export function asGiven(pod: Pod, given: Given): Pod {
  const asksOther = ({ name, resources }: Container) => changedResources(given.get(name) ?? {}, resources).length > 0
  if (!allContainers(pod).some(asksOther)) return pod
  return withContainers(pod, container => {
    if (!asksOther(container)) return container
    const { requests, limits } = given.get(container.name) ?? {}
    const { requests: _, limits: __, ...others } = container.resources ?? {}
    return { ...container, resources: { ...others, ...(requests && { requests }), ...(limits && { limits }) } }
  })
}

/** Undefined if the container has the resources of its spec. */
export function planResize(container: PodContainer, status: ContainerStatus, applied: ResourceRequirements): Resize | undefined {
  const { resources, resizePolicy = [] } = container.spec
  const changed = changedResources(applied, resources)
  if (changed.length === 0) return undefined
  const restart = resizePolicy.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.some(name => name === resourceName),
  )
  return { container, status, restart }
}

/**
 * The pod with the larger of current and new resources for each container: while both may be in force, the pod's own limits must fit them
 * all. `applied` by container name.
 */
export function widestPod(pod: Pod, applied: ReadonlyMap<string, ResourceRequirements>): Pod {
  const widen = (container: Container): Container => {
    const before = applied.get(container.name)
    const { resources } = container
    if (before === undefined) return container
    return {
      ...container,
      resources: { requests: larger(before.requests, resources?.requests), limits: larger(before.limits, resources?.limits) },
    }
  }
  return withContainers(pod, widen)
}

function withContainers(pod: Pod, change: (container: Container) => Container): Pod {
  const { containers, initContainers } = pod.spec
  return {
    ...pod,
    spec: { ...pod.spec, containers: containers.map(change), ...(initContainers && { initContainers: initContainers.map(change) }) },
  }
}

/** The larger value of each resource that both set; a resource that one leaves unset is unset. */
function larger(a: ResourceList = {}, b: ResourceList = {}): ResourceList {
  const both = Object.entries(a).flatMap(([name, amount]) => {
    const other = b[name]
    if (other === undefined) return []
    return [[name, compareQuantities(parseQuantity(amount), parseQuantity(other)) > 0 ? amount : other] as const]
  })
  return Object.fromEntries(both)
}

function changedResources(a: ResourceRequirements, b: ResourceRequirements = {}): readonly string[] {
  return resizable.filter(name => differs(a.requests?.[name], b.requests?.[name]) || differs(a.limits?.[name], b.limits?.[name]))
}

function differs(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a !== b
  return a !== b && compareQuantities(parseQuantity(a), parseQuantity(b)) !== 0
}
