// Groups of the Kubernetes project require definitions that the project approved, or that declare themselves unapproved.
import { writeJson } from '../../../base/write-json.ts'
import type { Finding } from '../../custom-resources/conditions.ts'
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { CustomResourceDefinition } from '../../types/apiextensions-v1.ts'

const annotation = 'api-approved.kubernetes.io'
const field = `metadata.annotations[${annotation}]`
const where = 'see https://github.com/kubernetes/enhancements/pull/1111'
const missingMessage = `protected groups must have approval annotation "${annotation}", ${where}`
const invalidMessage = `protected groups must have approval annotation "${annotation}" with either a URL or a reason starting with "unapproved", ${where}`

type Approval = 'missing' | 'bypassed' | 'invalid' | 'approved'

/** An update that keeps the state reports nothing. */
export function validateApproval(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  errors: FieldError[],
): void {
  if (!isProtected(spec.group)) return
  const text = metadata.annotations?.[annotation] ?? ''
  const approval = approvalOf(text)
  if (old !== undefined && approvalOf(old.metadata.annotations?.[annotation] ?? '') === approval) return
  if (approval === 'missing') {
    errors.push(required(field, missingMessage))
  } else if (approval === 'invalid') {
    errors.push(invalidValue(field, text, invalidMessage))
  }
}

/** The condition of a definition in a group of the Kubernetes project; undefined for all others. */
export function approvalFinding({ metadata, spec }: CustomResourceDefinition): Finding | undefined {
  if (!isProtected(spec.group)) return undefined
  const text = metadata.annotations?.[annotation] ?? ''
  const found: Record<Approval, Pick<Finding, 'status' | 'reason' | 'message'>> = {
    approved: { status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${text}` },
    bypassed: { status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${writeJson(text)}` },
    invalid: { status: 'False', reason: 'InvalidAnnotation', message: invalidMessage },
    missing: { status: 'False', reason: 'MissingAnnotation', message: missingMessage },
  }
  return { type: 'KubernetesAPIApprovalPolicyConformant', ...found[approvalOf(text)] }
}

const isProtected = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group)

function approvalOf(text: string): Approval {
  if (text === '') return 'missing'
  if (text.startsWith('unapproved')) return 'bypassed'
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.test(text) ? 'approved' : 'invalid'
}
