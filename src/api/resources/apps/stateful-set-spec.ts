// Validates a StatefulSet's spec. Its pod template is validated only in part: mounts may name claims from claim templates.

import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { StatefulSetSpec, StatefulSetUpdateStrategy } from '../../types/apps-v1.ts'
import { goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { dns1123Label } from '../../validation/names.ts'
import { pushMessages, validateAnnotations, validateLabels } from '../../validation/object-meta.ts'
import { validatePodAnnotations } from '../../validation/pod/pod-annotations.ts'
import { goUpdateStrategy, validateNonnegative, validateOwnerSelector, validateRunsForEver, validateTemplateLabels } from './pod-owner.ts'

const rollingType = 'apps.RollingUpdateStatefulSetStrategy'
const retentionPolicies = ['Retain', 'Delete']

/** `created` is false for an existing object: its service cannot change, and may have a name that is invalid by now. */
export function validateStatefulSetSpec(spec: StatefulSetSpec, created: boolean): FieldError[] {
  const errors: FieldError[] = []
  const { podManagementPolicy = '', persistentVolumeClaimRetentionPolicy: retention, selector, template } = spec
  if (podManagementPolicy === '') {
    errors.push(required('spec.podManagementPolicy'))
  } else if (podManagementPolicy !== 'OrderedReady' && podManagementPolicy !== 'Parallel') {
    errors.push(invalidValue('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"))
  }
  validateUpdateStrategy(spec.updateStrategy ?? {}, errors)
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[name]
    if (policy !== undefined && !retentionPolicies.includes(policy)) {
      errors.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${name}`, policy, retentionPolicies))
    }
  }
  validateNonnegative(spec.replicas, 'spec.replicas', errors)
  validateNonnegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  validateNonnegative(spec.ordinals?.start, 'spec.ordinals.start', errors)
  if (created && spec.serviceName) pushMessages(errors, 'spec.serviceName', spec.serviceName, dns1123Label(spec.serviceName))
  if (validateOwnerSelector(selector, 'statefulset', '', errors)) {
    validateTemplateLabels(template, selector, errors)
    validateLabels(template.metadata?.labels, 'spec.template.labels', errors)
    validateAnnotations(template.metadata?.annotations, 'spec.template.annotations', errors)
    validatePodAnnotations(template.metadata?.annotations, template.spec ?? { containers: [] }, 'spec.template.annotations', errors)
  }
  validateRunsForEver(template, 'StatefulSet', errors)
  return errors
}

function validateUpdateStrategy(strategy: StatefulSetUpdateStrategy, errors: FieldError[]): void {
  const { type = '', rollingUpdate } = strategy
  switch (type) {
    case '':
      errors.push(required('spec.updateStrategy'))
      return
    case 'OnDelete':
      if (rollingUpdate !== undefined) {
        const shown = goStruct(rollingType, {
          Partition: String(rollingUpdate.partition ?? 0),
          MaxUnavailable: '(*intstr.IntOrString)(nil)',
        })
        errors.push(invalidShown('spec.updateStrategy.rollingUpdate', shown, "only allowed for updateStrategy 'RollingUpdate'"))
      }
      return
    case 'RollingUpdate':
      validateNonnegative(rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition', errors)
      return
    default:
      errors.push(invalidShown('spec.updateStrategy', goUpdateStrategy('StatefulSet', strategy), "must be 'RollingUpdate' or 'OnDelete'"))
  }
}
