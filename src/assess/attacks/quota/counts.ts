// Numbers of objects by kind.
import { harmlessSpec, workloadForms } from '../../proof-pods.ts'
import { quotaPod } from './compute.ts'
import { exceeds, type QuotaRoom, type QuotaWrite } from './quota-room.ts'

interface Counted {
  readonly groupVersion: string
  readonly plural: string
  /** Its older name in quotas, if it has one. */
  readonly older?: string
  readonly object: (name: string) => object
  /** Controllers create some too: the bound is zero, and what there is may stay. */
  readonly made?: true
}

const rbac = 'rbac.authorization.k8s.io'
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }
const named =
  (more: object = {}) =>
  (name: string) => ({ metadata: { name }, ...more })
/** Deployments make these. */
const madeByControllers: ReadonlySet<string> = new Set(['replicasets'])

const kinds: readonly Counted[] = [
  { groupVersion: 'v1', plural: 'configmaps', older: 'configmaps', object: named(), made: true },
  { groupVersion: 'v1', plural: 'secrets', older: 'secrets', object: named() },
  { groupVersion: 'v1', plural: 'serviceaccounts', object: named(), made: true },
  { groupVersion: 'v1', plural: 'services', older: 'services', object: named({ spec: { ports: [{ port: 80 }] } }) },
  { groupVersion: 'v1', plural: 'limitranges', object: named({ spec: { limits: [] } }) },
  {
    ...{ groupVersion: 'v1', plural: 'persistentvolumeclaims', older: 'persistentvolumeclaims' },
    object: named({
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'bulkhead-prove-none', resources: { requests: { storage: '1' } } },
    }),
  },
  ...workloadForms.map(({ groupVersion, plural, object }) => ({
    ...{ groupVersion, plural, object: (name: string) => object(name, harmlessSpec()) },
    ...(plural === 'replicationcontrollers' ? { older: plural } : {}),
    ...(madeByControllers.has(plural) ? { made: true as const } : {}),
  })),
  {
    groupVersion: 'networking.k8s.io/v1',
    plural: 'ingresses',
    object: named({ spec: { defaultBackend: { service: { name: 'none', port: { number: 80 } } } } }),
  },
  { groupVersion: 'networking.k8s.io/v1', plural: 'networkpolicies', object: named({ spec: { podSelector: {} } }), made: true },
  { groupVersion: `${rbac}/v1`, plural: 'roles', object: named({ rules: [] }) },
  {
    ...{ groupVersion: `${rbac}/v1`, plural: 'rolebindings' },
    object: named({ roleRef: { apiGroup: rbac, kind: 'Role', name: 'none' }, subjects: [] }),
  },
  { groupVersion: 'coordination.k8s.io/v1', plural: 'leases', object: named({ spec: {} }) },
  { groupVersion: 'policy/v1', plural: 'poddisruptionbudgets', object: named({ spec: { selector: {}, maxUnavailable: 1 } }) },
  {
    groupVersion: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    object: named({ spec: { scaleTargetRef: target, maxReplicas: 1 } }),
  },
  { groupVersion: 'discovery.k8s.io/v1', plural: 'endpointslices', object: named({ addressType: 'IPv4', endpoints: [] }), made: true },
]

const resourceOf = ({ groupVersion, plural }: Pick<Counted, 'groupVersion' | 'plural'>): string => {
  const [group = ''] = groupVersion.includes('/') ? groupVersion.split('/') : []
  return group === '' ? plural : `${plural}.${group}`
}
const namesOf = (kind: Counted): string[] => [...(kind.older === undefined ? [] : [kind.older]), `count/${resourceOf(kind)}`].toSorted()
const quotaOf = (kind: Counted): string => `of-${resourceOf(kind)}`
const write = (kind: Counted, name: string): QuotaWrite => ({
  ...{ name: `${name} of ${resourceOf(kind)}`, groupVersion: kind.groupVersion, path: kind.plural, body: kind.object(name) },
})
const podNames = ['count/pods', 'pods']

export const counts: QuotaRoom = {
  name: 'counts',
  quotas: {
    ...Object.fromEntries(
      kinds.map(kind => [quotaOf(kind), { hard: Object.fromEntries(namesOf(kind).map(name => [name, kind.made === true ? '0' : '1'])) }]),
    ),
    'of-pods': { hard: Object.fromEntries(podNames.map(name => [name, '1'])) },
  },
  fills: [...kinds.filter(({ made }) => made !== true).map(kind => write(kind, 'first')), quotaPod('first', {})],
  excesses: [
    ...kinds.map(kind => ({
      ...write(kind, 'second'),
      message: exceeds(
        quotaOf(kind),
        namesOf(kind)
          .map(name => `${name}=1`)
          .join(','),
      ),
    })),
    { ...quotaPod('second', {}), message: exceeds('of-pods', podNames.map(name => `${name}=1`).join(',')) },
  ],
  twins: [],
  counted: [...kinds.map(({ groupVersion, plural }) => [groupVersion, plural] as const), ['v1', 'pods']],
}
