// Validation of pod annotations with a meaning in Kubernetes: mirror pods, tolerations, deletion cost, seccomp, AppArmor.
import { type FieldError, forbiddenField, invalidValue } from '../../field-error.ts'
import { goQuote } from '../../go-text/go-quote.ts'
import type { ObjectMeta } from '../../object.ts'
import { containersOf } from '../../pods/containers-of.ts'
import { mirrorPodAnnotation } from '../../pods/mirror-pod.ts'
import type { PodSpec, SeccompProfile, Toleration } from '../../types/core-v1.ts'
import { readStructures } from '../json-structures.ts'
import { validateDescendingPath } from './paths-in-volumes.ts'
import { validateTolerations } from './pod-placement.ts'

export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const tolerationsAnnotation = 'scheduler.alpha.kubernetes.io/tolerations'
const tolerationShape = { go: 'core.Toleration', texts: ['key', 'operator', 'value', 'effect'], numbers: ['tolerationSeconds'] }
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/'

type Annotations = Readonly<Record<string, string>>

export function validatePodAnnotations(annotations: Annotations | undefined, spec: PodSpec, path: string, errors: FieldError[]): void {
  if (annotations === undefined) return
  const mirror = annotations[mirrorPodAnnotation]
  if (mirror !== undefined && !spec.nodeName) {
    errors.push(invalidValue(`${path}[${mirrorPodAnnotation}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'))
  }
  if (annotations[tolerationsAnnotation]) validateTolerationsAnnotation(annotations[tolerationsAnnotation], path, errors)
  const cost = annotations[deletionCostAnnotation]
  if (cost !== undefined && !isDeletionCost(cost)) {
    errors.push(invalidValue(`${path}[${deletionCostAnnotation}]`, cost, 'must be a 32bit integer'))
  }
  if (!hasProfileAnnotation(annotations)) return
  const entries = Object.entries(annotations)
  for (const [key, value] of entries) if (key === seccompPod) validateSeccompAnnotation(value, `${path}.${key}`, errors)
  for (const [key, value] of entries) if (key.startsWith(seccompContainerPrefix)) validateSeccompAnnotation(value, `${path}.${key}`, errors)
  for (const [key, value] of entries)
    if (key.startsWith(appArmorPrefix)) validateAppArmorAnnotation(key, value, spec, `${path}[${key}]`, errors)
}

/** A 32-bit integer without a plus sign, and without leading zeros unless it is negative. */
function isDeletionCost(text: string): boolean {
  if (!/^(?:0|[1-9]\d*|-\d+)$/.test(text)) return false
  const cost = Number(text)
  return cost >= -2147483648 && cost <= 2147483647
}

function validateTolerationsAnnotation(text: string, path: string, errors: FieldError[]): void {
  const read = readStructures<Toleration>(text, tolerationShape)
  if (read.ok) validateTolerations(read.items, `${path}.${tolerationsAnnotation}`, errors)
  else errors.push(invalidValue(path, tolerationsAnnotation, read.problem))
}

function validateSeccompAnnotation(profile: string, path: string, errors: FieldError[]): void {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return
  if (profile.startsWith('localhost/')) validateDescendingPath(profile.slice('localhost/'.length), path, errors)
  else errors.push(invalidValue(path, profile, 'must be a valid seccomp profile'))
}

function validateAppArmorAnnotation(key: string, profile: string, spec: PodSpec, path: string, errors: FieldError[]): void {
  const name = key.slice(appArmorPrefix.length)
  if (!containersOf(spec).some(({ container }) => container.name === name)) errors.push(invalidValue(path, name, 'container not found'))
  if (profile !== '' && profile !== 'runtime/default' && profile !== 'unconfined' && !profile.startsWith('localhost/')) {
    errors.push(invalidValue(path, profile, `invalid AppArmor profile name: ${goQuote(profile)}`))
  }
}

/** On an update: the mirror annotation of a static pod, and AppArmor's old annotations, are immutable. */
export function validatePodAnnotationsUpdate(meta: ObjectMeta, old: ObjectMeta, spec: PodSpec, path: string, errors: FieldError[]): void {
  const now = meta.annotations ?? {}
  const before = old.annotations ?? {}
  for (const key of Object.keys(before)) {
    if (now[key] === before[key]) continue
    if (key.startsWith(appArmorPrefix)) errors.push(forbiddenField(`${path}[${key}]`, 'may not remove or update AppArmor annotations'))
    if (key === mirrorPodAnnotation) errors.push(forbiddenField(`${path}[${key}]`, 'may not remove or update mirror pod annotation'))
  }
  for (const key of Object.keys(now)) {
    if (key in before) continue
    if (key.startsWith(appArmorPrefix)) errors.push(forbiddenField(`${path}[${key}]`, 'may not add AppArmor annotations'))
    if (key === mirrorPodAnnotation) errors.push(forbiddenField(`${path}[${key}]`, 'may not add mirror pod annotation'))
  }
  validatePodAnnotations(now, spec, path, errors)
}

/** If the old annotation and the field both set one profile, they must agree. */
export function validateProfilesAgree(meta: ObjectMeta | undefined, spec: PodSpec, path: string, errors: FieldError[]): void {
  const annotations = meta?.annotations
  if (annotations === undefined || !hasProfileAnnotation(annotations)) return
  const podAnnotation = annotations[seccompPod]
  if (podAnnotation !== undefined) {
    validateProfileAgrees('seccomp', podAnnotation, spec.securityContext?.seccompProfile, `${path}.securityContext.seccompProfile`, errors)
  }
  const containers = containersOf(spec, path)
  for (const { container, path: at } of containers) {
    const annotation = annotations[`${seccompContainerPrefix}${container.name}`]
    if (annotation === undefined) continue
    validateProfileAgrees('seccomp', annotation, container.securityContext?.seccompProfile, `${at}.securityContext.seccompProfile`, errors)
  }
  if (spec.os?.name === 'windows') return
  for (const { container, path: at } of containers) {
    const annotation = annotations[`${appArmorPrefix}${container.name}`]
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile
    if (annotation !== undefined) validateProfileAgrees('apparmor', annotation, profile, `${at}.securityContext.appArmorProfile`, errors)
  }
}

/** Whether any annotation sets a seccomp or AppArmor profile, as before there were fields. */
export function hasProfileAnnotation(annotations: Readonly<Record<string, string>>): boolean {
  for (const key in annotations)
    if (key === seccompPod || key.startsWith(seccompContainerPrefix) || key.startsWith(appArmorPrefix)) return true
  return false
}

function validateProfileAgrees(
  what: 'seccomp' | 'apparmor',
  annotation: string,
  profile: Pick<SeccompProfile, 'type' | 'localhostProfile'> | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (profile === undefined) return
  const differs = (): void => {
    errors.push(forbiddenField(`${path}.type`, `${what} type in annotation and field must match`))
  }
  if (profile.type === 'Unconfined') {
    if (annotation !== 'unconfined') differs()
  } else if (profile.type === 'RuntimeDefault') {
    if (annotation !== 'runtime/default' && !(what === 'seccomp' && annotation === 'docker/default')) differs()
  } else if (profile.type === 'Localhost') {
    if (!annotation.startsWith('localhost/')) differs()
    else if (annotation.slice('localhost/'.length) !== profile.localhostProfile) {
      errors.push(forbiddenField(`${path}.localhostProfile`, `${what} profile in annotation and field must match`))
    }
  }
}
