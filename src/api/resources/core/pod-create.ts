// Prepares and validates a new pod.
import { formatTime } from '../../../base/clock.ts'
import { type FieldError, forbiddenField } from '../../field-error.ts'
import type { Pod, PodAffinityTerm } from '../../types/core-v1.ts'
import type { LabelSelectorRequirement } from '../../types/meta-v1.ts'
import { validateImageOfPod } from '../../validation/pod/containers.ts'
import { validatePodAnnotations, validateProfilesAgree } from '../../validation/pod/pod-annotations.ts'
import { validatePodSpec } from '../../validation/pod/pod-spec.ts'
import type { StrategyContext } from '../resource.ts'
import { syncAppArmor } from './pod-app-armor.ts'
import { qualityOfService } from './pod-quality-of-service.ts'

/** Sets the initial status of a pod. Modifies it. */
export function prepareNewPod(pod: Pod, { now, warn }: StrategyContext): void {
  pod.status = { phase: 'Pending', qosClass: qualityOfService(pod.spec) }
  if ((pod.spec.schedulingGates?.length ?? 0) > 0) {
    pod.status.conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
        lastProbeTime: null,
        lastTransitionTime: formatTime(now),
      },
    ]
  }
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  for (const affinity of [podAffinity, podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) selectByLabelKeys(term, pod)
    for (const weighted of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) selectByLabelKeys(weighted.podAffinityTerm, pod)
  }
  syncAppArmor(pod, text => warn?.(text))
}

/** Converts matchLabelKeys to requirements with the current values of this pod's labels. */
function selectByLabelKeys(term: PodAffinityTerm | undefined, pod: Pod): void {
  const selector = term?.labelSelector
  if (term === undefined || selector === undefined) return
  const requirements: LabelSelectorRequirement[] = []
  const require = (keys: readonly string[] | undefined, operator: 'In' | 'NotIn'): void => {
    for (const key of keys ?? []) {
      const value = pod.metadata.labels?.[key]
      if (value !== undefined) requirements.push({ key, operator, values: [value] })
    }
  }
  require(term.matchLabelKeys, 'In')
  require(term.mismatchLabelKeys, 'NotIn')
  if (requirements.length > 0) selector.matchExpressions = [...(selector.matchExpressions ?? []), ...requirements]
}

/** Rules that a pod must satisfy at any time. */
export function validatePodBody(pod: Pod, errors: FieldError[]): void {
  const { spec } = pod
  validatePodAnnotations(pod.metadata.annotations, spec, 'metadata.annotations', errors)
  validatePodSpec(spec, { meta: pod.metadata, isPod: true }, 'spec', errors)
  if (!spec.serviceAccountName) {
    spec.volumes?.forEach((volume, index) => {
      volume.projected?.sources?.forEach((source, sourceIndex) => {
        if (source.serviceAccountToken === undefined) return
        const path = `spec.volumes[${index}].projected.sources[${sourceIndex}].serviceAccountToken`
        errors.push(forbiddenField(path, 'must not be specified when serviceAccountName is not set'))
      })
    })
  }
  for (const field of ['containers', 'initContainers'] as const) {
    spec[field]?.forEach((container, index) => {
      validateImageOfPod(container, `spec.${field}[${index}]`, errors)
    })
  }
}

export function validateNewPod(pod: Pod): FieldError[] {
  const errors: FieldError[] = []
  validatePodBody(pod, errors)
  const { spec } = pod
  if ((spec.ephemeralContainers?.length ?? 0) > 0) errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'))
  if (spec.nodeName && (spec.schedulingGates?.length ?? 0) > 0) {
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
  }
  validateProfilesAgree(pod.metadata, spec, 'spec', errors)
  return errors
}
