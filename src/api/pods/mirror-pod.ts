// A mirror pod represents a static pod, which a node runs by itself.
import type { KubeObject } from '../object.ts'

export const mirrorPodAnnotation = 'kubernetes.io/config.mirror'

export function isMirrorPod({ metadata }: KubeObject): boolean {
  return metadata.annotations !== undefined && Object.hasOwn(metadata.annotations, mirrorPodAnnotation)
}
