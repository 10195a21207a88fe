// The FlowSchemas and PriorityLevelConfigurations of every cluster, as in Kubernetes v1.33: two mandatory ones of each, which cannot be deleted,
// and the suggested ones.
import { administratorsGroup } from '../../access/access.ts'
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '../../api/resources/flowcontrol/mandatory.ts'
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
  Subject,
} from '../../api/types/flowcontrol-v1.ts'

export const autoupdateSpecAnnotation = 'apf.kubernetes.io/autoupdate-spec'
const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
const metadataOf = (name: string) => ({ name, annotations: { [autoupdateSpecAnnotation]: 'true' } })

const user = (name: string): Subject => ({ kind: 'User', user: { name } })
const group = (name: string): Subject => ({ kind: 'Group', group: { name } })
const account = (name: string): Subject => ({ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name } })

const allUsers = [group('system:unauthenticated'), group('system:authenticated')]
const everyResource: ResourcePolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }
const everyPath: NonResourcePolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] }
const ofLocks = ['get', 'create', 'update']
const namespaced = (verbs: string[], apiGroup: string, resources: string[]): ResourcePolicyRule => ({
  ...{ verbs, apiGroups: [apiGroup], resources, namespaces: ['*'] },
})
const leases = namespaced(ofLocks, 'coordination.k8s.io', ['leases'])

/** All requests of these subjects. */
const all = (subjects: Subject[]): PolicyRulesWithSubjects => ({ subjects, resourceRules: [everyResource], nonResourceRules: [everyPath] })

function schema(
  name: string,
  level: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  rule: PolicyRulesWithSubjects,
): FlowSchema {
  return {
    ...{ apiVersion, kind: 'FlowSchema', metadata: metadataOf(name) },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(distinguisher === undefined ? {} : { distinguisherMethod: { type: distinguisher } }),
      rules: [rule],
    },
  }
}

interface Limited {
  readonly shares: number
  readonly lendablePercent: number
  /** Number of queues and hand size. */
  readonly queues: readonly [number, number]
}

function level(name: string, { shares, lendablePercent, queues: [queues, handSize] }: Limited): PriorityLevelConfiguration {
  const limitResponse = { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } }
  return {
    ...{ apiVersion, kind: 'PriorityLevelConfiguration', metadata: metadataOf(name) },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: shares, limitResponse, lendablePercent } },
  }
}

export const mandatoryLevels: readonly PriorityLevelConfiguration[] = [...mandatoryPriorityLevels].map(([name, spec]) => ({
  ...{ apiVersion, kind: 'PriorityLevelConfiguration', metadata: metadataOf(name), spec },
}))

export const mandatorySchemas: readonly FlowSchema[] = [...mandatoryFlowSchemas].map(([name, spec]) => ({
  ...{ apiVersion, kind: 'FlowSchema', metadata: metadataOf(name), spec },
}))

export const suggestedLevels: readonly PriorityLevelConfiguration[] = [
  level('system', { shares: 30, lendablePercent: 33, queues: [64, 6] }),
  level('node-high', { shares: 40, lendablePercent: 25, queues: [64, 6] }),
  level('leader-election', { shares: 10, lendablePercent: 0, queues: [16, 4] }),
  level('workload-high', { shares: 40, lendablePercent: 50, queues: [128, 6] }),
  level('workload-low', { shares: 100, lendablePercent: 90, queues: [128, 6] }),
  level('global-default', { shares: 20, lendablePercent: 50, queues: [128, 6] }),
]

const controllerManager = user('system:kube-controller-manager')
const scheduler = user('system:kube-scheduler')

export const suggestedSchemas: readonly FlowSchema[] = [
  schema('probes', 'exempt', 2, undefined, {
    subjects: allUsers,
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  // Who repairs a cluster that is overloaded must not wait for it.
  schema('bulkhead-administrators', 'exempt', 50, undefined, all([group(administratorsGroup)])),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', {
    subjects: [controllerManager, scheduler, account('*')],
    resourceRules: [leases],
  }),
  schema('endpoint-controller', 'workload-high', 150, 'ByUser', {
    subjects: [controllerManager, account('endpoint-controller'), account('endpointslicemirroring-controller')],
    resourceRules: [namespaced(ofLocks, '', ['endpoints'])],
  }),
  schema('workload-leader-election', 'leader-election', 200, 'ByUser', {
    subjects: [account('*')],
    resourceRules: [namespaced(ofLocks, '', ['endpoints', 'configmaps']), leases],
  }),
  schema('system-node-high', 'node-high', 400, 'ByUser', {
    subjects: [group('system:nodes')],
    resourceRules: [
      { ...namespaced(['*'], '', ['nodes', 'nodes/status']), clusterScope: true },
      namespaced(['*'], 'coordination.k8s.io', ['leases']),
    ],
  }),
  schema('system-nodes', 'system', 500, 'ByUser', all([group('system:nodes')])),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', all([controllerManager])),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', all([scheduler])),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', all([account('*')])),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', all([group('system:serviceaccounts')])),
  schema('global-default', 'global-default', 9900, 'ByUser', all(allUsers)),
]
