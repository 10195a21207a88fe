// admissionregistration.k8s.io/v1 MutatingWebhookConfiguration.
import { notSupported } from '../../field-error.ts'
import { defineResource } from '../../resource.ts'
import type { MutatingWebhookConfiguration } from '../../types/admissionregistration-v1.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { setWebhookDefaults, validateWebhooks } from './webhook.ts'

const reinvocationPolicies = ['IfNeeded', 'Never']

export const mutatingWebhookConfiguration = defineResource<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  namespaced: false,
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
  validate: ({ webhooks }) =>
    validateWebhooks(webhooks, ({ reinvocationPolicy }, field, errors) => {
      if (reinvocationPolicy !== undefined && !reinvocationPolicies.includes(reinvocationPolicy)) {
        errors.push(notSupported(`${field}.reinvocationPolicy`, reinvocationPolicy, reinvocationPolicies))
      }
    }),
})
