// A policy and a webhook that refuse with messages which quote the object, and annotate the audit event with it.
import { writeJson } from '../../../base/write-json.ts'
import type { WebhookBackend } from '../admission/webhook-backend.ts'

const rules = [
  { apiGroups: ['prove.bulkhead.dev'], apiVersions: ['v1'], resources: ['people', 'guests'], operations: ['CREATE', 'UPDATE'] },
]
const name = 'quotes.prove.bulkhead.dev'

export const quotingPolicy = {
  policy: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: rules },
      validations: [
        {
          expression: `!has(object.spec.note) || object.spec.note != 'refused by a policy'`,
          messageExpression: `'refused: ' + (has(object.spec.email) ? string(object.spec.email) : 'nobody')`,
        },
      ],
      auditAnnotations: [{ key: 'email', valueExpression: `has(object.spec.email) ? string(object.spec.email) : ''` }],
    },
  },
  binding: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny', 'Audit'] },
  },
} as const

export function quotingWebhook(backend: WebhookBackend): object {
  const { url, caBundle } = backend.addresses.good
  backend.answer('/quotes', ({ uid, object }) => {
    const spec = writeJson(object?.['spec'] ?? {})
    return {
      uid,
      allowed: !spec.includes('refused by a webhook'),
      status: { code: 403, message: `refused: ${spec}` },
      auditAnnotations: { spec },
    }
  })
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        ...{ name, rules, sideEffects: 'None', admissionReviewVersions: ['v1'], failurePolicy: 'Fail', timeoutSeconds: 5 },
        clientConfig: { url: `${url}/quotes`, caBundle },
      },
    ],
  }
}
