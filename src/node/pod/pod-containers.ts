// The containers of a pod spec, one walk over all three lists.
import type { Container, ContainerStatus, EphemeralContainer, Pod } from '../../api/types/core-v1.ts'

export type ContainerKind = 'init' | 'regular' | 'ephemeral'

export interface PodContainer {
  readonly kind: ContainerKind
  readonly spec: Container | EphemeralContainer
}

export function containersOf({ spec }: Pod): PodContainer[] {
  return [
    ...(spec.initContainers ?? []).map(spec => ({ kind: 'init' as const, spec })),
    ...spec.containers.map(spec => ({ kind: 'regular' as const, spec })),
    ...(spec.ephemeralContainers ?? []).map(spec => ({ kind: 'ephemeral' as const, spec })),
  ]
}

/** A sidecar: an init container that keeps running beside the others. */
export function isSidecar(container: Container | EphemeralContainer): boolean {
  return container.restartPolicy === 'Always'
}

/** Upstream's field path in events: `spec.containers{name}`. */
export function fieldPath({ kind, spec }: PodContainer): string {
  const list = { init: 'initContainers', regular: 'containers', ephemeral: 'ephemeralContainers' }[kind]
  return `spec.${list}{${spec.name}}`
}

/** The `fieldPath` of the container with this name; '' if the pod has none. */
export function pathOfContainer(pod: Pod, name: string): string {
  const found = containersOf(pod).find(({ spec }) => spec.name === name)
  return found ? fieldPath(found) : ''
}

/** `name_namespace(uid)`: how upstream's messages name a pod. */
export function podText({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`
}

export function podUid({ metadata }: Pod): string {
  return metadata.uid ?? ''
}

/**
 * The API's last state of an ended ephemeral container. It runs only once, even if the runtime has lost its record (the node was stopped),
 * and the API accepts no other state.
 */
export function endedEphemeral({ status }: Pod, name: string): ContainerStatus | undefined {
  return status?.ephemeralContainerStatuses?.find(known => known.name === name && known.state?.terminated)
}
