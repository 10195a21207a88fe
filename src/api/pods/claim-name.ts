// The claim behind a volume of a pod.
import type { Pod, Volume } from '../types/core-v1.ts'

/** The name of the claim behind a pod's volume; undefined for a volume of another type. */
export function claimNameOf({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  if (persistentVolumeClaim != null) return persistentVolumeClaim.claimName
  return ephemeral == null ? undefined : `${metadata.name}-${name}`
}
