// Nothing is done in a namespace that does not exist; NamespaceLifecycle says it too, for what is made and changed.
import { notFound } from '../../api/status.ts'
import { type AdmissionPlugin, admitted, type ClusterReader } from '../admission.ts'

export function namespaceExists({ reader }: { readonly reader: ClusterReader }): AdmissionPlugin {
  return {
    name: 'NamespaceExists',
    handles: ({ resource, namespace, operation }) => resource.namespaced && namespace !== '' && operation !== 'CONNECT',
    validate({ namespace }) {
      if (reader.get('namespaces', '', namespace) !== undefined) return admitted
      return { allowed: false, error: notFound({ group: '', plural: 'namespaces' }, namespace) }
    },
  }
}
