// Visits every container of a pod: init, regular and ephemeral ones, each with its path.
import type { Container, EphemeralContainer, PodSpec } from '../types/core-v1.ts'

export interface VisitedContainer {
  readonly container: Container | EphemeralContainer
  readonly kind: 'containers' | 'initContainers' | 'ephemeralContainers'
  /** `spec.containers[0]`, where `spec` is the given path of the pod's spec. */
  readonly path: string
}

/** In their starting order. Security checks must use this, or they miss containers. */
export function containersOf(spec: PodSpec, path = 'spec'): VisitedContainer[] {
  const visited: VisitedContainer[] = []
  for (const kind of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const list: readonly VisitedContainer['container'][] = spec[kind] ?? []
    for (let index = 0; index < list.length; index++) {
      const container = list[index]
      if (container !== undefined) visited.push({ container, kind, path: `${path}.${kind}[${index}]` })
    }
  }
  return visited
}

/** Whether any container matches: few pods have what the rarer rules check, so their paths need not be built. */
export function someContainer(spec: PodSpec, holds: (container: Container | EphemeralContainer) => boolean): boolean {
  return (
    spec.containers?.some(holds) === true || spec.initContainers?.some(holds) === true || spec.ephemeralContainers?.some(holds) === true
  )
}
