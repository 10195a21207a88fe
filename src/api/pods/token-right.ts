// A pod's mounted token comes with the first right of its ServiceAccount: what marks a pod that waits, and what says that the right is there. Pure.
import type { Pod, Volume } from '../types/core-v1.ts'

/** Set at admission on a pod whose account had no right then. */
export const tokenAnnotation = 'bulkhead.dev/token'
export const withFirstRight = 'with-first-right'
/** Of the pod's status: True once the account has a right. */
export const tokenCondition = 'bulkhead.dev/Token'

const volumePrefix = 'kube-api-access-'

/** The volume that admission mounts; projected tokens of the pod's author wait for nothing. */
export const isTokenVolume = ({ name }: Volume): boolean => name.startsWith(volumePrefix)
export const tokenVolumeName = (suffix: string): string => `${volumePrefix}${suffix}`

/** Whether the token of the pod's account is given with the account's first right only. */
export const needsRight = ({ metadata }: Pod): boolean => metadata.annotations?.[tokenAnnotation] === withFirstRight

/** Whether that right is still missing, as far as the pod says. */
export const waitsForRight = (pod: Pod): boolean =>
  needsRight(pod) && !(pod.status?.conditions ?? []).some(({ type, status }) => type === tokenCondition && status === 'True')
