// What each policy that comes with the cluster refuses or warns of, with a twin that it leaves alone: from their documentation.
import { harmlessSpec, workloadForms } from '../../proof-pods.ts'
import type { ProofRequest } from '../../request.ts'

export interface ShippedAttack {
  /** The name of the policy. */
  readonly policy: string
  readonly action: 'Deny' | 'Warn'
  readonly name: string
  readonly bad: ProofRequest
  readonly twin: ProofRequest
}

const rbac = 'rbac.authorization.k8s.io'
const dryRun = 'dryRun=All'
const name = 'bulkhead-prove-shipped'

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** `namespace` is one of the proof's own; all are dry runs. */
export function shippedAttacks(namespace: string): readonly ShippedAttack[] {
  const bind = (role: string, { kind, ...subject }: Subject, inNamespace = false): ProofRequest => ({
    method: 'POST',
    path: `/apis/${rbac}/v1/${inNamespace ? `namespaces/${namespace}/rolebindings` : 'clusterrolebindings'}?${dryRun}`,
    body: {
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ kind, ...subject, ...(kind === 'ServiceAccount' ? {} : { apiGroup: rbac }) }],
    },
  })
  const group = (of: string): Subject => ({ kind: 'Group', name: of })
  const account = (of: string): Subject => ({ kind: 'ServiceAccount', name: of, namespace })
  const volume = (source: object): ProofRequest => ({
    method: 'POST',
    path: `/api/v1/persistentvolumes?${dryRun}`,
    body: { metadata: { name }, spec: { capacity: { storage: '1Mi' }, accessModes: ['ReadWriteOnce'], ...source } },
  })
  const hostPath = (path: string) => volume({ hostPath: { path } })
  const ofNode = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['none'] }] }]
  const local = (path: string) => volume({ local: { path }, nodeAffinity: { required: { nodeSelectorTerms: ofNode } } })
  const service = (spec: object): ProofRequest => ({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/services?${dryRun}`,
    body: { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } },
  })
  const workload = (kind: string, image: string): ProofRequest => {
    const form = workloadForms.find(({ kind: own }) => own === kind)
    if (form === undefined) throw new Error(`no form of ${kind}`)
    return {
      method: 'POST',
      path: `/apis/${form.groupVersion}/namespaces/${namespace}/${form.plural}?${dryRun}`,
      body: form.object(name, harmlessSpec({}, { image })),
    }
  }
  return [
    ...['system:unauthenticated', 'system:authenticated', 'system:serviceaccounts'].map(
      (everybody): ShippedAttack => ({
        ...{ policy: 'broad-bindings.policies.bulkhead.dev', action: 'Deny', name: `cluster-admin for ${everybody}` },
        ...{ bad: bind('cluster-admin', group(everybody)), twin: bind('cluster-admin', group('bulkhead-prove')) },
      }),
    ),
    {
      ...{ policy: 'broad-bindings.policies.bulkhead.dev', action: 'Deny', name: 'edit for anonymous users in a namespace' },
      bad: bind('edit', { kind: 'User', name: 'system:anonymous' }, true),
      twin: bind('edit', { kind: 'User', name: 'bulkhead-prove' }, true),
    },
    ...['/', '//etc/./', '/var/lib/kubelet/pods', '/proc'].map(
      (path): ShippedAttack => ({
        ...{ policy: 'host-path-volumes.policies.bulkhead.dev', action: 'Deny', name: `PersistentVolume of ${path}` },
        ...{ bad: hostPath(path), twin: hostPath('/mnt/bulkhead-prove') },
      }),
    ),
    {
      ...{ policy: 'host-path-volumes.policies.bulkhead.dev', action: 'Deny', name: 'local PersistentVolume of /etc' },
      ...{ bad: local('/etc'), twin: local('/mnt/bulkhead-prove') },
    },
    {
      ...{ policy: 'default-account-rights.policies.bulkhead.dev', action: 'Warn', name: 'rights of the default account' },
      ...{ bad: bind('view', account('default'), true), twin: bind('view', account('own'), true) },
    },
    ...['Deployment', 'CronJob'].map(
      (kind): ShippedAttack => ({
        ...{ policy: 'image-tags.policies.bulkhead.dev', action: 'Warn', name: `image without a tag in a ${kind}` },
        ...{ bad: workload(kind, 'example.invalid:5000/app'), twin: workload(kind, 'example.invalid:5000/app:1') },
      }),
    ),
    {
      ...{ policy: 'node-ports.policies.bulkhead.dev', action: 'Warn', name: 'node port' },
      ...{ bad: service({ type: 'NodePort' }), twin: service({}) },
    },
  ]
}
