// Which containers run with other resources than their pod asks for now, and what it takes to give them those (KEP-1287). Pure.
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
  /** Its resizePolicy wants a new start for what changes. */
  readonly restart: boolean
}

/** What the container was started with, or what the API was told since: an agent before this one may have changed it. */
export function startedWith({ status: podStatus }: Pod, { name, resources }: Container, status: ContainerStatus): ResourceRequirements {
  const known = [...(podStatus?.containerStatuses ?? []), ...(podStatus?.initContainerStatuses ?? [])].find(told => told.name === name)
  if (known?.resources !== undefined && known.containerID?.endsWith(status.id) === true) return known.resources
  const written = status.annotations[containerAnnotations.resources]
  return written === undefined ? (resources ?? {}) : (parseJson(written) as ResourceRequirements)
}

/** What a node has given the containers of a pod, by their names. */
export type Given = ReadonlyMap<string, ResourceRequirements>

const allContainers = ({ spec }: Pod): readonly Container[] => [...spec.containers, ...(spec.initContainers ?? [])]

export const asksFor = (pod: Pod): Given => new Map(allContainers(pod).map(({ name, resources = {} }) => [name, resources]))

/** What an agent before this one gave the pod: what its status says that it has, or else what it asks for. */
export function givenBefore(pod: Pod): Given {
  const told = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  const known = told.flatMap(({ name, resources }) => (resources === undefined ? [] : [[name, resources] as const]))
  return new Map([...asksFor(pod), ...known])
}

/** The pod as if it asked for what it was given; the same object where it does. */
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

/** Undefined where the container has what its spec says. */
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
 * The pod as if each container had the more of what it has and is to get: while both are in force somewhere, the pod's own bounds must
 * hold them all. `applied` by the container's name.
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

/** Of each resource that both name; what one leaves open is open. */
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
