// Nothing is done in a namespace that does not exist; NamespaceLifecycle says it too, for what is made and changed.
import { notFound } from '../../api/status.ts'
import { admitted, type ClusterReader } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

export const namespaceExists: PluginDefinition<{ readonly reader: ClusterReader }> = {
  name: 'NamespaceExists',
  does: 'Refuses every write in a namespace that does not exist, deletions too',
  on: 'requested',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['*/*'] }],
  create,
}

function create({ reader }: { readonly reader: ClusterReader }): PluginSteps {
  return {
    handles: ({ resource, namespace }) => resource.namespaced && namespace !== '',
    validate({ namespace }) {
      if (reader.get('namespaces', '', namespace) !== undefined) return admitted
      return { allowed: false, error: notFound({ group: '', plural: 'namespaces' }, namespace) }
    },
  }
}
