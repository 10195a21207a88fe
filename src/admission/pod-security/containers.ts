// The one way to visit a pod's containers: init, ordinary and ephemeral ones, so that no check forgets a kind.
import type { Container, PodSpec, SecurityContext } from '../../api/types/core-v1.ts'

export interface VisitedContainer {
  readonly container: Pick<Container, 'name' | 'securityContext' | 'ports'>
  /** `spec.initContainers[0]` */
  readonly path: string
}

export function containersOf(spec: PodSpec): VisitedContainer[] {
  const visited: VisitedContainer[] = []
  for (const field of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const list: readonly VisitedContainer['container'][] = spec[field] ?? []
    for (let index = 0; index < list.length; index++) {
      const container = list[index]
      if (container !== undefined) visited.push({ container, path: `spec.${field}[${index}]` })
    }
  }
  return visited
}

/** The container's security context, made where it is missing; for fixes. */
export function securityContextOf(container: { securityContext?: SecurityContext }): SecurityContext {
  container.securityContext ??= {}
  return container.securityContext
}

export const isWindows = (spec: PodSpec): boolean => spec.os?.name === 'windows'
