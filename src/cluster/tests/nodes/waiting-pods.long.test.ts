// A waiting pod, or the object that should have created it, shows what it waits for: a row for each kind of waiting.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { KubeObject } from '../../../api/object.ts'
import { isReason } from '../../../api/status.ts'
import type { PodSpec } from '../../../api/types/core-v1.ts'
import { until as untilSeen } from '../../../base/testing/wait-until.testing.ts'
import type { Client } from '../../../client/client.ts'
import { resourceRef } from '../../../client/resource-ref.ts'
import {
  daemonSets,
  deployments,
  events,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  resourceQuotas,
  serviceAccounts,
  services,
  statefulSets,
  storageClasses,
} from '../../../client/resources.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { restrictedPod } from '../secured-api.testing.ts'

/** A guard against hanging, not a measurement. It starts with each use: other files of the process may run for minutes before this one. */
const limit = (): AbortSignal => AbortSignal.timeout(120_000)
const webhooks = resourceRef(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  false,
)
const kinds = [
  namespaces,
  nodes,
  storageClasses,
  serviceAccounts,
  services,
  webhooks,
  resourceQuotas,
  persistentVolumeClaims,
  pods,
  replicaSets,
  deployments,
  jobs,
  statefulSets,
  daemonSets,
] as const

const cluster = await startCluster()
after(() => cluster[Symbol.asyncDispose]())

interface Told {
  /** `Kind/name`. */
  readonly of: string
  /** The reason of the Event or the condition. */
  readonly reason: string
  /** Type of the condition; without one, an Event is expected. */
  readonly condition?: string
  readonly says: RegExp
}

const object = (kind: string, name: string, spec: object, more: object = {}): KubeObject =>
  ({ kind, metadata: { name }, spec, ...more }) as KubeObject

const spec = (more: Partial<PodSpec> = {}, container: object = {}): object => restrictedPod('p', more, container).spec as object
const pod = (more: Partial<PodSpec> = {}, container: object = {}): KubeObject => object('Pod', 'p', spec(more, container))
const deadWebhook = {
  name: 'dead.example.com',
  clientConfig: { url: 'https://127.0.0.1:1/' },
  objectSelector: { matchLabels: { hooked: 'yes' } },
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}

/** All kinds that create pods from this template. */
function makers(template: object, only = ['Deployment', 'ReplicaSet', 'Job', 'StatefulSet', 'DaemonSet'], more: object = {}): KubeObject[] {
  const labels = { app: 'a', ...more }
  const selected = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: template } }
  const all = [
    object('Deployment', 'd', selected),
    object('ReplicaSet', 'r', selected),
    object('Job', 'j', { template: { metadata: { labels }, spec: { ...template, restartPolicy: 'Never' } } }),
    object('StatefulSet', 's', { ...selected, serviceName: 's' }),
    object('DaemonSet', 'e', selected),
  ]
  return all.filter(({ kind = '' }) => only.includes(kind))
}

const volume = (source: object): Partial<PodSpec> => ({ volumes: [{ name: 'v', ...source }] })
const claimed = volume({ persistentVolumeClaim: { claimName: 'c' } })
const claim = (more: object = {}): KubeObject =>
  object('PersistentVolumeClaim', 'c', { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more })
const mounted = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
const unscheduled = (says: RegExp): Told[] => [
  { of: 'Pod/p', reason: 'FailedScheduling', says },
  { of: 'Pod/p', condition: 'PodScheduled', reason: 'Unschedulable', says },
]
/** Each creator reports the API server's answer. */
const notMade = (says: RegExp): Told[] => [
  ...['ReplicaSet/r', 'Job/j', 'StatefulSet/s', 'DaemonSet/e'].map(of => ({ of, reason: 'FailedCreate', says })),
  { of: 'ReplicaSet/r', condition: 'ReplicaFailure', reason: 'FailedCreate', says },
  { of: 'Deployment/d', condition: 'ReplicaFailure', reason: 'FailedCreate', says },
]

const rows: readonly (readonly [waitsFor: string, made: readonly KubeObject[], told: readonly Told[]])[] = [
  ['a missing claim', [pod(claimed)], unscheduled(/persistentvolumeclaim "c" not found/)],
  [
    'a volume, where no StorageClass provisions one',
    [claim({ storageClassName: '' }), pod(claimed)],
    [
      ...unscheduled(/pod has unbound immediate PersistentVolumeClaims/),
      {
        of: 'PersistentVolumeClaim/c',
        reason: 'FailedBinding',
        says: /^no persistent volumes available for this claim and no storage class is set$/,
      },
    ],
  ],
  [
    'a volume of a missing StorageClass',
    [claim({ storageClassName: 'gone' }), pod(claimed)],
    [
      ...unscheduled(/pod has unbound immediate PersistentVolumeClaims/),
      { of: 'PersistentVolumeClaim/c', reason: 'ProvisioningFailed', says: /^storageclass.storage.k8s.io "gone" not found$/ },
    ],
  ],
  [
    'a volume of a provisioner that does not run',
    [
      object('StorageClass', 'slow', {}, { provisioner: 'example.com/none', spec: undefined }),
      claim({ storageClassName: 'slow' }),
      pod(claimed),
    ],
    [
      ...unscheduled(/pod has unbound immediate PersistentVolumeClaims/),
      {
        of: 'PersistentVolumeClaim/c',
        reason: 'ExternalProvisioning',
        says: /^Waiting for a volume to be created either by the external provisioner 'example.com\/none'/,
      },
    ],
  ],
  [
    'a named volume that does not exist',
    [claim({ storageClassName: '', volumeName: 'gone' }), pod(claimed)],
    [
      ...unscheduled(/pod has unbound immediate PersistentVolumeClaims/),
      { of: 'PersistentVolumeClaim/c', reason: 'FailedBinding', says: /^volume "gone" not found$/ },
    ],
  ],
  [
    'a volume that is made for its node, by a provisioner that does not run',
    [
      object('StorageClass', 'late', {}, { provisioner: 'example.com/none', volumeBindingMode: 'WaitForFirstConsumer', spec: undefined }),
      claim({ storageClassName: 'late' }),
      pod(claimed),
    ],
    [
      {
        of: 'Pod/p',
        reason: 'WaitForVolumes',
        says: /^node "\S+" is chosen; waiting for the provisioner of persistentvolumeclaims c to make/,
      },
      { of: 'PersistentVolumeClaim/c', reason: 'ExternalProvisioning', says: /^Waiting for a volume to be created/ },
    ],
  ],
  [
    'a claim of its own, for which the quota has no room',
    [
      object('ResourceQuota', 'q', { hard: { persistentvolumeclaims: '0' } }),
      pod(volume({ ephemeral: { volumeClaimTemplate: { spec: (claim() as KubeObject & { spec: object }).spec } } })),
    ],
    [
      ...unscheduled(/waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"/),
      { of: 'Pod/p', reason: 'FailedBinding', says: /exceeded quota: q/ },
    ],
  ],
  [
    'a ConfigMap of a volume',
    [pod(volume({ configMap: { name: 'gone' } }), mounted)],
    [{ of: 'Pod/p', reason: 'FailedMount', says: /configmap "gone" not found/ }],
  ],
  [
    'a Secret of a volume',
    [pod(volume({ secret: { secretName: 'gone' } }), mounted)],
    [{ of: 'Pod/p', reason: 'FailedMount', says: /secret "gone" not found/ }],
  ],
  [
    'a ConfigMap of a variable',
    [pod({}, { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'gone', key: 'a' } } }] })],
    [{ of: 'Pod/p', reason: 'Failed', says: /^Error: configmap "gone" not found$/ }],
  ],
  [
    'an image that it must not pull',
    [pod({}, { image: 'example.com/gone:1', imagePullPolicy: 'Never' })],
    [{ of: 'Pod/p', reason: 'ErrImageNeverPull', says: /is not present with pull policy of Never/ }],
  ],
  [
    'a Secret for its registry',
    [pod({ imagePullSecrets: [{ name: 'gone' }] }, { image: 'example.com/app:1' })],
    [{ of: 'Pod/p', reason: 'FailedToRetrieveImagePullSecret', says: /\(gone\)/ }],
  ],
  [
    'a node with its labels',
    [pod({ nodeSelector: { disk: 'fast' } })],
    unscheduled(/node\(s\) didn't match Pod's node affinity\/selector/),
  ],
  [
    'a node with so much room',
    [pod({}, { resources: { requests: { cpu: '150' }, limits: { cpu: '150' } } })],
    unscheduled(/Insufficient cpu/),
  ],
  [
    'a node that is Ready',
    [object('Node', 'late', {}, { metadata: { name: 'late', labels: { late: 'yes' } } }), pod({ nodeSelector: { late: 'yes' } })],
    unscheduled(/untolerated taint \{node.kubernetes.io\/not-ready: \}/),
  ],
  [
    'an open scheduling gate',
    [pod({ schedulingGates: [{ name: 'example.com/wait' }] })],
    [
      {
        of: 'Pod/p',
        condition: 'PodScheduled',
        reason: 'SchedulingGated',
        says: /^Scheduling is blocked due to non-empty scheduling gates$/,
      },
    ],
  ],
  ['room in the quota', [object('ResourceQuota', 'q', { hard: { pods: '0' } }), ...makers(spec())], notMade(/exceeded quota: q/)],
  [
    'a webhook that does not answer',
    [
      object('ValidatingWebhookConfiguration', 'dead', {}, { spec: undefined, webhooks: [deadWebhook] }),
      ...makers(spec(), ['Deployment', 'ReplicaSet', 'Job', 'StatefulSet', 'DaemonSet'], { hooked: 'yes' }),
    ],
    notMade(/failed calling webhook "dead.example.com": failed to call webhook: Post "https:\/\/127.0.0.1:1\//),
  ],
  [
    'the first right of its account',
    [object('ServiceAccount', 'robot', {}), pod({ serviceAccountName: 'robot' })],
    [
      { of: 'Pod/p', reason: 'TokenWaits', says: /^ServiceAccount "robot" has no right yet: the token file appears when a RoleBinding/ },
      { of: 'Pod/p', condition: 'bulkhead.dev/Token', reason: 'NoRight', says: /^ServiceAccount "robot" has no right yet/ },
    ],
  ],
  [
    'a load balancer',
    [object('Service', 'l', { type: 'LoadBalancer', ports: [{ port: 80 }] })],
    [{ of: 'Service/l', reason: 'NoLoadBalancer', says: /^Nothing in this cluster provides load balancers: the Service is reached by/ }],
  ],
  ['its ServiceAccount', makers(spec({ serviceAccountName: 'gone' })), notMade(/serviceaccount "gone" not found/)],
  [
    'room in the quota for a claim of a StatefulSet',
    [
      object('ResourceQuota', 'q', { hard: { persistentvolumeclaims: '0' } }),
      ...makers(spec(), ['StatefulSet']).map(set => ({
        ...set,
        spec: { ...(set as KubeObject & { spec: object }).spec, volumeClaimTemplates: [claim()] },
      })),
    ],
    [
      {
        of: 'StatefulSet/s',
        reason: 'FailedCreate',
        says: /^create Claim c-s-0 for Pod s-0 in StatefulSet s failed error: .*exceeded quota: q/,
      },
    ],
  ],
]

for (const [index, [waitsFor, made, told]] of rows.entries())
  test(`a pod that waits for ${waitsFor} reports it`, { timeout: 120_000 }, async () => {
    const namespace = `row-${index}`
    const { client } = cluster
    await client.create(namespaces, '', { metadata: { name: namespace }, spec: {} }, limit())
    await until(
      'the namespace takes pods',
      async () => (await client.get(namespaces, '', namespace, limit())).metadata.annotations?.['bulkhead.dev/defaults'] === 'applied',
    )
    await untilAccount(client, namespace)
    await untilAllTold(client, namespace, made, told)
  })

test('a pod that waits for the quota, limits and network policies of its namespace reports it', { timeout: 120_000 }, async () => {
  const { client } = cluster
  const held = {
    ...{ ...deadWebhook, objectSelector: {}, namespaceSelector: { matchLabels: { defaults: 'held' } } },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['resourcequotas'] }],
  }
  await client.create<KubeObject>(webhooks, '', { metadata: { name: 'held' }, webhooks: [held] } as KubeObject, limit())
  await client.create(namespaces, '', { metadata: { name: 'held', labels: { defaults: 'held' } }, spec: {} }, limit())
  const says =
    /^Error creating its quota, limits and network policies, without which no pod is admitted: .*failed calling webhook "dead.example.com"/
  await untilAllTold(client, 'held', makers(spec()), [
    ...notMade(/namespace "held" has not got its quota, limits and network policies yet/),
    { of: 'Namespace/held', reason: 'FailedCreate', says },
  ])
})

test('a pod that waits for a namespace that admits it reports it', { timeout: 120_000 }, async () => {
  // In the secure profile the Deployment itself is refused.
  await using upstream = await startCluster({ profile: 'upstream', simulatedNodes: 1 })
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await upstream.client.create(namespaces, '', { metadata: { name: 'strict', labels }, spec: {} }, limit())
  await untilAccount(upstream.client, 'strict')
  const privileged = spec({}, { securityContext: { privileged: true } })
  await untilAllTold(upstream.client, 'strict', makers(privileged), notMade(/violates PodSecurity "restricted:latest": privileged/))
})

async function untilAccount(client: Client, namespace: string): Promise<void> {
  await until('the namespace has its account', async () => (await client.list(serviceAccounts, { namespace }, limit())).items.length > 0)
}

async function untilAllTold(client: Client, namespace: string, made: readonly KubeObject[], told: readonly Told[]): Promise<void> {
  for (const each of made) {
    const resource = resourceOf(each.kind ?? '')
    await client.create<KubeObject>(resource, resource.namespaced ? namespace : '', each, limit())
  }
  for (const each of told) await untilTold(client, namespace, each)
}

function resourceOf(kind: string) {
  return kinds.find(each => each.kind === kind) ?? assert.fail(`no kind ${kind}`)
}

async function untilTold(client: Client, namespace: string, { of, reason, condition, says }: Told): Promise<void> {
  const [kind = '', name = ''] = of.split('/')
  let last: unknown
  const isTold = async (): Promise<boolean> => {
    if (condition === undefined) {
      const { items } = await client.list(events, { namespace: kind === 'Namespace' ? 'default' : namespace }, limit())
      last = items.map(({ involvedObject, reason, message }) => [involvedObject.kind, involvedObject.name, reason, message].join(' '))
      return items.some(
        event =>
          event.involvedObject.kind === kind &&
          event.involvedObject.name === name &&
          event.reason === reason &&
          says.test(event.message ?? ''),
      )
    }
    const found = await client.get<KubeObject>(resourceOf(kind), namespace, name, limit())
    last = (found as KubeObject & { status?: { conditions?: Condition[] } }).status?.conditions ?? []
    return (last as Condition[]).some(each => each.type === condition && each.reason === reason && says.test(each.message ?? ''))
  }
  await until(`${of} ${condition ?? 'event'} ${reason} ${says}`, isTold, () => last)
}

interface Condition {
  readonly type: string
  readonly reason?: string
  readonly message?: string
}

async function until(what: string, holds: () => Promise<boolean>, seen: () => unknown = () => ''): Promise<void> {
  await untilSeen(
    () => holds().catch(unlessAbsent),
    () => `${what}; there is ${JSON.stringify(seen())}`,
  )
}

function unlessAbsent(err: unknown): boolean {
  if (isReason(err, 'NotFound')) return false
  throw err
}
