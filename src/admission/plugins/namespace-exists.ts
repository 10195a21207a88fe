// Refuses requests in a namespace that does not exist; NamespaceLifecycle does so only for creates and updates.

import { notFound } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import { admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

export const namespaceExists: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'NamespaceExists',
  does: 'Refuses every write in a namespace that does not exist, deletions too',
  on: 'requested',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['*/*'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  return {
    handles: ({ resource, namespace }) => resource.namespaced && namespace !== '',
    async validate({ namespace }) {
      if (reader.get('namespaces', '', namespace) !== undefined) return admitted
      return { allowed: false, error: notFound({ group: '', plural: 'namespaces' }, namespace) }
    },
  }
}
