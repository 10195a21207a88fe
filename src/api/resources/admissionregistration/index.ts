// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { mutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.ts'
import { mutatingWebhookConfiguration } from './mutating-webhook-configuration.ts'
import { validatingAdmissionPolicy } from './validating-admission-policy.ts'
import { validatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts'
import { validatingWebhookConfiguration } from './validating-webhook-configuration.ts'

export const admissionregistrationResources: readonly ResourceDefinition[] = [
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  validatingWebhookConfiguration,
]

/** Kinds of v1alpha1, which is served only if enabled. */
export const admissionregistrationAlphaResources: readonly ResourceDefinition[] = [mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding]
