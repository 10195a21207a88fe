// admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration.

import type { ValidatingWebhookConfiguration } from '../../types/admissionregistration-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { setWebhookDefaults, validateWebhooks } from './webhook.ts'

export const validatingWebhookConfiguration = defineResource<ValidatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
  validatesMetadata: ['whole'],
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  columns: [nameColumn, { name: 'Webhooks', type: 'integer', cell: ({ webhooks }) => webhooks?.length ?? 0 }, ageColumn],
  setDefaults({ webhooks }) {
    for (const hook of webhooks ?? []) setWebhookDefaults(hook)
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks, undefined),
  validateUpdate: ({ webhooks }, old) => validateWebhooks(webhooks, old.webhooks ?? []),
})
