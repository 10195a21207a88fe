// What an update may change in a pod, through the main path and `/ephemeralcontainers`.

import { writeJson } from '../../../base/write-json.ts'
import { type FieldError, forbiddenField, invalidValue, required, wholeObject } from '../../field-error.ts'
import { mirrorPodAnnotation } from '../../pods/mirror-pod.ts'
import type {
  Affinity,
  Container,
  NodeAffinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '../../types/core-v1.ts'
import { goList, goString, goStringMap, goStrings, goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { rangeMessage } from '../../validation/names.ts'
import { validateImageOfPod } from '../../validation/pod/containers.ts'
import { validatePodAnnotationsUpdate } from '../../validation/pod/pod-annotations.ts'
import { validateTolerations } from '../../validation/pod/pod-placement.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { validatePodBody } from './pod-create.ts'

const maxInt32 = 2147483647
const updatableFields = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = []
  validatePodBody(pod, errors)
  validatePodAnnotationsUpdate(pod.metadata, old.metadata, pod.spec, 'metadata.annotations', errors)
  if (!validateContainerUpdates(pod.spec.containers, old.spec.containers, 'spec.containers', errors)) return errors
  if (!validateContainerUpdates(pod.spec.initContainers, old.spec.initContainers, 'spec.initContainers', errors)) return errors
  if (!validateDeadline(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds, errors)) return errors
  validateTolerationsUpdate(pod.spec.tolerations ?? [], old.spec.tolerations ?? [], errors)
  validateGatesUpdate(pod.spec, old.spec, errors)
  if (semanticallyEqual(pod.spec, old.spec)) return errors
  validateRestUnchanged(pod.spec, old.spec, errors)
  return errors
}

/** Whether the number of containers is unchanged; otherwise nothing further can be compared. */
function validateContainerUpdates(
  containers: readonly Container[] = [],
  old: readonly Container[] = [],
  path: string,
  errors: FieldError[],
): boolean {
  if (containers.length !== old.length) {
    errors.push(forbiddenField(path, 'pod updates may not add or remove containers'))
    return false
  }
  containers.forEach((container, index) => {
    if (!container.image) errors.push(required(`${path}[${index}].image`))
    validateImageOfPod(container, `${path}[${index}]`, errors)
  })
  return true
}

/** It may be set once, and shortened. */
function validateDeadline(deadline: number | undefined, old: number | undefined, errors: FieldError[]): boolean {
  const path = 'spec.activeDeadlineSeconds'
  if (deadline === undefined) {
    if (old !== undefined) errors.push(invalidValue(path, undefined, 'must not update from a positive integer to nil value'))
    return true
  }
  if (deadline < 0 || deadline > maxInt32) {
    errors.push(invalidValue(path, deadline, rangeMessage(0, maxInt32)))
    return false
  }
  if (old !== undefined && old < deadline) {
    errors.push(invalidValue(path, deadline, 'must be less than or equal to previous value'))
    return false
  }
  return true
}

function validateTolerationsUpdate(tolerations: readonly Toleration[], old: readonly Toleration[], errors: FieldError[]): void {
  const path = 'spec.tolerations'
  const withoutSeconds = ({ key = '', operator = '', value = '', effect = '' }: Toleration) => writeJson([key, operator, value, effect])
  const now = new Set(tolerations.map(withoutSeconds))
  if (!old.every(before => now.has(withoutSeconds(before)))) {
    errors.push(forbiddenField(path, 'existing toleration can not be modified except its tolerationSeconds'))
    return
  }
  validateTolerations(tolerations, path, errors)
}

function validateGatesUpdate(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  const before = new Set((old.schedulingGates ?? []).map(gate => gate.name))
  spec.schedulingGates?.forEach((gate, index) => {
    if (before.has(gate.name)) return
    const text = `only deletion is allowed, but found new scheduling gate '${gate.name}'`
    errors.push(forbiddenField(`spec.schedulingGates[${index}].name`, text))
  })
}

/** Restores the mutable fields in a copy, and compares the rest. */
function validateRestUnchanged(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  const withOldImages = (containers: readonly Container[] = [], before: readonly Container[] = []): Container[] =>
    containers.map((container, index) => ({ ...container, image: before[index]?.image ?? '' }))
  const munged: PodSpec = {
    ...spec,
    containers: withOldImages(spec.containers, old.containers),
    initContainers: withOldImages(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  } as PodSpec
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    munged.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds ?? 1
  }
  if ((old.schedulingGates?.length ?? 0) > 0) allowNarrowing(munged, old, errors)
  if (!semanticallyEqual(munged, old)) {
    errors.push(forbiddenField('spec', `pod updates may not change fields other than ${updatableFields}\n${changedFields(munged, old)}`))
  }
}

/** While scheduling gates hold a pod, its node selection may be narrowed. */
function allowNarrowing(munged: PodSpec, old: PodSpec, errors: FieldError[]): void {
  if (!semanticallyEqual(munged.nodeSelector, old.nodeSelector)) {
    for (const [key, value] of Object.entries(old.nodeSelector ?? {})) {
      if (munged.nodeSelector?.[key] === value) continue
      const text = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
      errors.push(invalidShown('spec.nodeSelector', goStringMap(munged.nodeSelector), text))
      break
    }
    if (old.nodeSelector === undefined) delete munged.nodeSelector
    else munged.nodeSelector = old.nodeSelector
  }
  const before = old.affinity?.nodeAffinity
  if (semanticallyEqual(before, munged.affinity?.nodeAffinity)) return
  validateNarrowedAffinity(munged.affinity?.nodeAffinity, before, errors)
  const { nodeAffinity: _ignored, ...rest }: Affinity = munged.affinity ?? {}
  if (before !== undefined) munged.affinity = { ...rest, nodeAffinity: before }
  else if (old.affinity === undefined && rest.podAffinity === undefined && rest.podAntiAffinity === undefined) delete munged.affinity
  else munged.affinity = rest
}

function validateNarrowedAffinity(affinity: NodeAffinity | undefined, old: NodeAffinity | undefined, errors: FieldError[]): void {
  const before = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const now = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  if (before.length > 0 && before.length !== (now?.length ?? 0)) {
    const shown = goList('core.NodeSelectorTerm', now, goNodeTerm)
    errors.push(invalidShown(path, shown, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'))
    return
  }
  before.forEach((term, index) => {
    const other = now?.[index] ?? {}
    if (!onlyAddsTo(other, term)) {
      errors.push(invalidShown(`${path}[${index}]`, goNodeTerm(other), 'only additions are allowed (no mutations or deletions)'))
    }
  })
}

function goNodeTerm({ matchExpressions, matchFields }: NodeSelectorTerm): string {
  const type = 'core.NodeSelectorRequirement'
  const requirement = ({ key, operator, values }: NodeSelectorRequirement): string =>
    goStruct(type, { Key: goString(key), Operator: goString(operator), Values: goStrings(values) })
  const list = (of: readonly NodeSelectorRequirement[] | undefined): string => goList(type, of, requirement)
  return goStruct('core.NodeSelectorTerm', { MatchExpressions: list(matchExpressions), MatchFields: list(matchFields) })
}

function onlyAddsTo(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const { matchExpressions: expressions = [], matchFields: fields = [] } = old
  if (expressions.length === 0 && fields.length === 0)
    return (term.matchExpressions?.length ?? 0) === 0 && (term.matchFields?.length ?? 0) === 0
  return (
    semanticallyEqual(term.matchExpressions?.slice(0, expressions.length), expressions) &&
    semanticallyEqual(term.matchFields?.slice(0, fields.length), fields)
  )
}

/** The differing fields, for the error; upstream prints a diff of its Go structures here. */
export function changedFields(now: object, old: object): string {
  const before: Record<string, unknown> = { ...old }
  const after: Record<string, unknown> = { ...now }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .filter(name => !semanticallyEqual(before[name], after[name]))
    .flatMap(name => [`- ${name}: ${writeJson(before[name]) ?? 'nil'}`, `+ ${name}: ${writeJson(after[name]) ?? 'nil'}`])
    .join('\n')
}

export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = []
  validatePodBody(pod, errors)
  validatePodAnnotationsUpdate(pod.metadata, old.metadata, pod.spec, 'metadata.annotations', errors)
  if (old.metadata.annotations?.[mirrorPodAnnotation] !== undefined) {
    return [forbiddenField(wholeObject, 'static pods do not support ephemeral containers')]
  }
  const now = new Map((pod.spec.ephemeralContainers ?? []).map(container => [container.name, container]))
  for (const container of old.spec.ephemeralContainers ?? []) {
    const current = now.get(container.name)
    const text = `existing ephemeral containers ${writeJson(container.name)} may not be`
    if (current === undefined) errors.push(forbiddenField('spec.ephemeralContainers', `${text} removed\n`))
    else if (!semanticallyEqual(current, container)) {
      errors.push(forbiddenField('spec.ephemeralContainers', `${text} changed\n${changedFields(current, container)}`))
    }
  }
  return errors
}
