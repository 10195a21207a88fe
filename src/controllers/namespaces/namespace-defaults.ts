// Creates the quota, limits and network policies of the ClusterDefaults in a new namespace, and then marks it as ready for pods.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { clusterDefaultsName, defaultsAnnotation } from '../../api/resources/bulkhead/cluster-defaults.ts'
import { isReason } from '../../api/status.ts'
import type { NamespaceDefaults } from '../../api/types/bulkhead-v1alpha1.ts'
import type { LimitRange, ResourceQuota } from '../../api/types/core-v1.ts'
import type { NetworkPolicy, NetworkPolicySpec } from '../../api/types/networking-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { clusterDefaults, limitRanges, namespaces, networkPolicies, resourceQuotas } from '../../client/resources.ts'
import { type Controller, done } from '../controller.ts'
import { isNamespaceEnding } from '../pod-control.ts'

/** Labels of the objects that this controller creates. */
export const managedLabels = { 'app.kubernetes.io/managed-by': 'bulkhead' }
export const defaultDenyPolicy = 'default-deny'
/** Name of quota and limits. */
const name = 'default'

export const namespaceDefaults: Controller = {
  name: 'namespace-defaults-controller',
  identity: {
    account: 'namespace-defaults-controller',
    own: true,
    rules: [
      rule('get', 'bulkhead.dev', 'clusterdefaults'),
      rule('patch', 'core', 'namespaces'),
      rule('create', 'core', 'limitranges resourcequotas'),
      rule('create', 'networking.k8s.io', 'networkpolicies'),
      recordEvents,
    ],
  },
  watches: namespaces,
  begin({ informers, client, events }) {
    const cache = informers.full(namespaces)
    return async (key, signal) => {
      const namespace = cache.getByKey(key)
      if (namespace?.metadata.annotations?.[defaultsAnnotation] !== 'pending' || namespace.metadata.deletionTimestamp !== undefined)
        return done
      try {
        const { limitRange, resourceQuota, policies } = defaultObjects(await current(client, signal), key)
        await Promise.all([
          limitRange && unlessThere(client.create(limitRanges, key, limitRange, signal)),
          resourceQuota && unlessThere(client.create(resourceQuotas, key, resourceQuota, signal)),
          ...policies.map(policy => unlessThere(client.create(networkPolicies, key, policy, signal))),
        ])
      } catch (err) {
        if (isNamespaceEnding(err)) return done
        // Every pod of the namespace is refused meanwhile, and its owner sees the namespace, not this controller.
        const message = `Error creating its quota, limits and network policies, without which no pod is admitted: ${messageOf(err)}`
        if (!signal.aborted)
          events.record({ ...referenceTo(namespace, 'v1', 'Namespace'), namespace: '' }, 'Warning', 'FailedCreate', message)
        throw err
      }
      const { uid } = namespace.metadata
      const applied = { metadata: { ...(uid === undefined ? {} : { uid }), annotations: { [defaultsAnnotation]: 'applied' } } }
      try {
        await client.patch(namespaces, '', key, applied, { type: 'merge' }, signal)
      } catch (err) {
        // Deleted meanwhile; a new namespace of this name has its own pass.
        if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
      }
      return done
    }
  },
}

/** The default objects of the namespace. Pure. */
export function defaultObjects(
  { limitRange, resourceQuota, network }: NamespaceDefaults,
  namespace: string,
): { readonly limitRange?: LimitRange; readonly resourceQuota?: ResourceQuota; readonly policies: readonly NetworkPolicy[] } {
  const metadata = { name, namespace, labels: managedLabels }
  return {
    ...(limitRange === undefined ? {} : { limitRange: { apiVersion: 'v1', kind: 'LimitRange', metadata, spec: limitRange } }),
    ...(resourceQuota === undefined ? {} : { resourceQuota: { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: resourceQuota } }),
    policies: policySpecs(network).map(([policy, spec]) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: policy, namespace, labels: managedLabels },
      spec,
    })),
  }
}

/** A policy that allows DNS isolates its pods: it is created only where everything else is denied anyway. */
function policySpecs(network: NamespaceDefaults['network']): (readonly [name: string, spec: NetworkPolicySpec])[] {
  if (network?.defaultDeny !== true) return []
  return [
    [defaultDenyPolicy, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }],
    ...(network.allowDNS ? ([['allow-dns', namesOnly]] as const) : []),
  ]
}

/** The usual labels of a cluster's DNS. */
const namesOnly: NetworkPolicySpec = {
  podSelector: {},
  policyTypes: ['Egress'],
  egress: [
    {
      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
          podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
        },
      ],
      ports: [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
    },
  ],
}

/** Read from the API: a cache could lag behind the namespace's defaults. */
async function current(client: Client, signal: AbortSignal): Promise<NamespaceDefaults> {
  try {
    return (await client.get(clusterDefaults, '', clusterDefaultsName, signal)).spec?.namespaces ?? {}
  } catch (err) {
    if (isReason(err, 'NotFound')) return {}
    throw err
  }
}

/** An object that was created under this name meanwhile is kept. */
async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation
  } catch (err) {
    if (!isReason(err, 'AlreadyExists')) throw err
  }
}
