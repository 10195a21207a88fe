// Groups of the Kubernetes project itself take definitions that the project approved, or that say that it did not.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { CustomResourceDefinition } from '../../types/apiextensions-v1.ts'

const annotation = 'api-approved.kubernetes.io'
const field = `metadata.annotations[${annotation}]`
const where = 'see https://github.com/kubernetes/enhancements/pull/1111'

type Approval = 'missing' | 'bypassed' | 'invalid' | 'approved'

/** An update that leaves the state as it is says nothing new. */
export function validateApproval(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  errors: FieldError[],
): void {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return
  const text = metadata.annotations?.[annotation] ?? ''
  const approval = approvalOf(text)
  if (old !== undefined && approvalOf(old.metadata.annotations?.[annotation] ?? '') === approval) return
  if (approval === 'missing') {
    errors.push(required(field, `protected groups must have approval annotation "${annotation}", ${where}`))
  } else if (approval === 'invalid') {
    const wanted = `with either a URL or a reason starting with "unapproved", ${where}`
    errors.push(invalidValue(field, text, `protected groups must have approval annotation "${annotation}" ${wanted}`))
  }
}

function approvalOf(text: string): Approval {
  if (text === '') return 'missing'
  if (text.startsWith('unapproved')) return 'bypassed'
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.test(text) ? 'approved' : 'invalid'
}
