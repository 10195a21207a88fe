// Resources of admission that a proof creates, as the client names them.
import { resourceRef } from '../../../client/resource-ref.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'

const group = 'admissionregistration.k8s.io'

export const policyBindings = resourceRef(group, 'v1', 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false)
export const validatingWebhooks = resourceRef(group, 'v1', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', false)
export const mutatingWebhooks = resourceRef(group, 'v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', false)
export const mutatingPolicies = resourceRef(group, 'v1alpha1', 'mutatingadmissionpolicies', 'MutatingAdmissionPolicy', false)
export const mutatingPolicyBindings = resourceRef(
  group,
  'v1alpha1',
  'mutatingadmissionpolicybindings',
  'MutatingAdmissionPolicyBinding',
  false,
)

/** The `namespaceSelector` by which an object of the cluster concerns only the proof's own namespace. */
export const within = ({ name }: ProofNamespace) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })
