// A pod's token is mounted once its ServiceAccount has a right: the mark of a waiting pod, and the condition for the right. Pure.
import type { Pod, Volume } from '../types/core-v1.ts'

/** Set at admission on a pod whose account had no right. */
export const tokenAnnotation = 'bulkhead.dev/token'
export const withFirstRight = 'with-first-right'
/** Condition of the pod's status: True once the account has a right. */
export const tokenCondition = 'bulkhead.dev/Token'

const volumePrefix = 'kube-api-access-'

/** The volume that admission mounts; projected tokens in the pod's own spec do not wait. */
export const isTokenVolume = ({ name }: Volume): boolean => name.startsWith(volumePrefix)
export const tokenVolumeName = (suffix: string): string => `${volumePrefix}${suffix}`

/** Whether the pod's token waits for the account's first right. */
export const needsRight = ({ metadata }: Pod): boolean => metadata.annotations?.[tokenAnnotation] === withFirstRight

/** Whether that right is still missing according to the pod. */
export const waitsForRight = (pod: Pod): boolean =>
  needsRight(pod) && !(pod.status?.conditions ?? []).some(({ type, status }) => type === tokenCondition && status === 'True')
