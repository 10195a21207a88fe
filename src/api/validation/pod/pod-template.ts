// Validation of pod templates, for all workload kinds.
import { type FieldError, forbiddenField } from '../../field-error.ts'
import type { PodTemplateSpec } from '../../types/core-v1.ts'
import { validateAnnotations, validateLabels } from '../object-meta.ts'
import { validatePodAnnotations, validateProfilesAgree } from './pod-annotations.ts'
import { validatePodSpec } from './pod-spec.ts'

/** Validates a template after defaulting; `path` is that of the template (`spec.template`). */
export function validatePodTemplateSpec(template: PodTemplateSpec, path: string, errors: FieldError[]): void {
  const spec = template.spec ?? { containers: [] }
  validateLabels(template.metadata?.labels, `${path}.labels`, errors)
  validateAnnotations(template.metadata?.annotations, `${path}.annotations`, errors)
  validatePodAnnotations(template.metadata?.annotations, spec, `${path}.annotations`, errors)
  validatePodSpec(spec, { isPod: false }, `${path}.spec`, errors)
  validateProfilesAgree(template.metadata, spec, `${path}.spec`, errors)
  if ((spec.ephemeralContainers?.length ?? 0) > 0) {
    errors.push(forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  }
}
