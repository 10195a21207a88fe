// admissionregistration.k8s.io/v1 MutatingWebhookConfiguration.
import { type FieldError, notSupported } from '../../field-error.ts'
import type { MutatingWebhook, MutatingWebhookConfiguration } from '../../types/admissionregistration-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { setWebhookDefaults, validateWebhooks } from './webhook.ts'

const reinvocationPolicies = ['IfNeeded', 'Never']

export const mutatingWebhookConfiguration = defineResource<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  namespaced: false,
  validatesMetadata: ['whole'],
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  columns: [nameColumn, { name: 'Webhooks', type: 'integer', cell: ({ webhooks }) => webhooks?.length ?? 0 }, ageColumn],
  setDefaults({ webhooks }) {
    for (const hook of webhooks ?? []) {
      setWebhookDefaults(hook)
      hook.reinvocationPolicy ??= 'Never'
    }
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks, undefined, validateReinvocation),
  validateUpdate: ({ webhooks }, old) => validateWebhooks(webhooks, old.webhooks ?? [], validateReinvocation),
})

function validateReinvocation({ reinvocationPolicy }: MutatingWebhook, field: string, errors: FieldError[]): void {
  if (reinvocationPolicy !== undefined && !reinvocationPolicies.includes(reinvocationPolicy)) {
    errors.push(notSupported(`${field}.reinvocationPolicy`, reinvocationPolicy, reinvocationPolicies))
  }
}
