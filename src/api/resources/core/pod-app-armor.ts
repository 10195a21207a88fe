// Synchronises the AppArmor field and annotation of a new pod, for nodes that read only one of them.
import type { FieldError } from '../../field-error.ts'
import type { ObjectMeta } from '../../object.ts'
import { containersOf, someContainer } from '../../pods/containers-of.ts'
import type { AppArmorProfile, Container, EphemeralContainer, Pod } from '../../types/core-v1.ts'
import { appArmorPrefix, hasProfileAnnotation } from '../../validation/pod/pod-annotations.ts'
import { validateAppArmorProfile } from '../../validation/pod/security-context.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { appArmorAnnotationWarning } from './pod-warnings.ts'

const localhost = 'localhost/'

/** What `syncAppArmor` added to a pod. */
export interface AddedAppArmor {
  /** Keys of annotations. */
  readonly annotations: Set<string>
  /** Names of containers that got a profile. */
  readonly containers: Set<string>
}

const added = new WeakMap<ObjectMeta, AddedAppArmor>()

/** By the metadata of the pod; undefined if nothing was added. A patch of what the author sent must not name these. */
export const addedAppArmor = (metadata: ObjectMeta): AddedAppArmor | undefined => added.get(metadata)

function noteAdded(metadata: ObjectMeta): AddedAppArmor {
  const known = added.get(metadata) ?? { annotations: new Set(), containers: new Set() }
  added.set(metadata, known)
  return known
}

/** Changes the pod in place. `warn` is told of annotations that only the field should replace. */
export function syncAppArmor(pod: Pod, warn: (text: string) => void): void {
  const { spec, metadata } = pod
  if (spec.os?.name === 'windows') return
  const ofPod = spec.securityContext?.appArmorProfile
  if (ofPod === undefined && !hasProfileAnnotation(metadata.annotations ?? {}) && !someContainer(spec, hasProfile)) return
  for (const { container } of containersOf(spec)) {
    const key = `${appArmorPrefix}${container.name}`
    const annotation = metadata.annotations?.[key]
    const profile = container.securityContext?.appArmorProfile
    if (annotation === undefined) {
      const text = annotationOf(profile ?? ofPod)
      if (text !== '') {
        metadata.annotations = { ...metadata.annotations, [key]: text }
        noteAdded(metadata).annotations.add(key)
      }
      continue
    }
    if (profile !== undefined) continue
    const wanted = profileOf(annotation)
    if (wanted === undefined) warn(appArmorAnnotationWarning('metadata.annotations', key))
    else if (!semanticallyEqual(wanted, ofPod)) {
      container.securityContext = { ...container.securityContext, appArmorProfile: wanted }
      noteAdded(metadata).containers.add(container.name)
      warn(appArmorAnnotationWarning('metadata.annotations', key))
    }
  }
}

const hasProfile = ({ securityContext }: Container | EphemeralContainer) => securityContext?.appArmorProfile !== undefined

/** '' for a profile that no annotation can express. */
function annotationOf(profile: AppArmorProfile | undefined): string {
  switch (profile?.type) {
    case 'Unconfined':
      return 'unconfined'
    case 'RuntimeDefault':
      return 'runtime/default'
    case 'Localhost':
      return profile.localhostProfile === undefined ? '' : `${localhost}${profile.localhostProfile}`
    default:
      return ''
  }
}

/** Undefined if the annotation is invalid. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' }
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' }
  if (!annotation.startsWith(localhost)) return undefined
  const profile: AppArmorProfile = { type: 'Localhost', localhostProfile: annotation.slice(localhost.length) }
  const errors: FieldError[] = []
  validateAppArmorProfile(profile, '', errors)
  return errors.length === 0 ? profile : undefined
}
