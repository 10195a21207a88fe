// A new namespace gets the labels of the ClusterDefaults at once, and admits no pod before a controller has created its quota, limits and
// network policies.

import { groupResource } from '../../api/object.ts'
import { clusterDefaultsName, createsObjects, defaultsAnnotation, systemExempt } from '../../api/resources/bulkhead/cluster-defaults.ts'
import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { ClusterDefaults } from '../../api/types/bulkhead-v1alpha1.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { ObjectWaiter } from '../object-waiter.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

export interface NamespaceDefaultsOptions {
  readonly reader: StoreReader
  readonly waiter: ObjectWaiter
}

export const namespaceDefaults: PluginDefinition<NamespaceDefaultsOptions> = {
  name: 'NamespaceDefaults',
  does: 'Sets the labels of the ClusterDefaults on a new namespace, and holds its pods until quota, limits and network policies exist',
  on: 'secure',
  guard: 'new namespaces have no quota, no limits and no network policy',
  handles: [{ operations: ['CREATE'], resources: ['pods', 'namespaces'] }],
  status: [
    {
      name: 'quota and limits in every new namespace',
      note: 'kubectl get clusterdefaults',
      proofs: ['C7', 'C8'],
      needs: ['ResourceQuota', 'LimitRanger'],
    },
    { name: 'new namespaces deny all traffic except DNS', note: 'whether nodes enforce it: see Nodes', proofs: ['D4', 'N1'] },
  ],
  create,
}

function create({ reader, waiter }: NamespaceDefaultsOptions): PluginSteps {
  const isPending = (namespace: string) => reader.get('namespaces', '', namespace)?.metadata.annotations?.[defaultsAnnotation] === 'pending'
  const refusal = ({ resource, namespace, name }: Pick<AdmissionRequest, 'resource' | 'namespace' | 'name'>) =>
    forbidden(resource, name, `namespace "${namespace}" has not got its quota, limits and network policies yet; try again in a moment`)
  return {
    async mutate(attributes, signal) {
      const { resource, namespace, object } = attributes
      // Before limits are applied: those of the namespace are about to be created. If they did not appear, refuse at once, without waiting
      // for the account too.
      if (resource.plural === 'pods') {
        await waiter.until('namespaces', () => !isPending(namespace), signal)
        if (isPending(namespace)) throw refusal(attributes)
        return
      }
      if (object === undefined) return
      const { metadata } = object
      const defaults = reader.get('clusterdefaults.bulkhead.dev', '', clusterDefaultsName) as ClusterDefaults | undefined
      const given = defaults?.spec?.namespaces ?? {}
      const { exempt = [], labels = {} } = given
      const name = metadata.name ?? ''
      // A client cannot claim that a new namespace already has its defaults.
      if (metadata.annotations?.[defaultsAnnotation] !== undefined) {
        const { [defaultsAnnotation]: _said, ...others } = metadata.annotations
        metadata.annotations = others
      }
      if (systemExempt.has(name) || exempt.includes(name)) return
      if (Object.keys(labels).length > 0) metadata.labels = { ...labels, ...metadata.labels }
      if (createsObjects(given)) metadata.annotations = { ...metadata.annotations, [defaultsAnnotation]: 'pending' }
    },
    async validate(attributes) {
      const { resource, namespace } = attributes
      if (groupResource(resource.group, resource.plural) !== 'pods') return admitted
      if (!isPending(namespace)) return admitted
      return { allowed: false, error: refusal(attributes) }
    },
  }
}
