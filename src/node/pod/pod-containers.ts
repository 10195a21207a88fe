// The containers of a pod spec, one walk for all three lists.
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

/** An init container that keeps running beside the others: a sidecar. */
export function isSidecar(container: Container | EphemeralContainer): boolean {
  return container.restartPolicy === 'Always'
}

/** Upstream's field path in events: `spec.containers{name}`. */
export function fieldPath({ kind, spec }: PodContainer): string {
  const list = { init: 'initContainers', regular: 'containers', ephemeral: 'ephemeralContainers' }[kind]
  return `spec.${list}{${spec.name}}`
}

/** `name_namespace(uid)`: how upstream's messages name a pod. */
export function podText({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`
}

export function podUid({ metadata }: Pod): string {
  return metadata.uid ?? ''
}

/**
 * What the API knows of an ephemeral container that has ended. It runs once: that holds also where the runtime has no record of it any more (the node
 * was stopped), and the API takes no other state of it.
 */
export function endedEphemeral({ status }: Pod, name: string): ContainerStatus | undefined {
  return status?.ephemeralContainerStatuses?.find(known => known.name === name && known.state?.terminated)
}
