import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { defineResource } from '../../api/resource.ts'
import { ApiError, isReason } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { FakeFeed, noPolicies } from '../admission.fixture.ts'
import type { AdmissionPlugin, AdmissionRequest, ClusterReader } from '../admission.ts'
import { createAdmission } from '../chain.ts'
import { pluginNames } from '../plugin-table.ts'
import { QuotaLedger } from '../quota/ledger.ts'
import { admissionPlugins } from './index.ts'

const admin: UserInfo = { name: 'admin', groups: ['system:masters'] }
const node: UserInfo = { name: 'system:node:n1', groups: ['system:nodes'] }
const kinds = {
  pods: defineResource({ group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }),
  namespaces: defineResource({ group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }),
  nodes: defineResource({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }),
  services: defineResource({ group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true }),
  serviceaccounts: defineResource({ group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true }),
  persistentvolumeclaims: defineResource({
    group: '',
    version: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    namespaced: true,
  }),
  deployments: defineResource({ group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true }),
  leases: defineResource({ group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true }),
  networkPolicies: defineResource({
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    namespaced: true,
  }),
  autoscalers: defineResource({
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    namespaced: true,
  }),
  csrs: defineResource({
    group: 'certificates.k8s.io',
    version: 'v1',
    kind: 'CertificateSigningRequest',
    plural: 'certificatesigningrequests',
    namespaced: false,
  }),
}

/** What the cluster holds, by `groupResource/namespace/name`. */
function readerOf(objects: Readonly<Record<string, object>>): ClusterReader {
  const all = new Map(Object.entries(objects) as [string, KubeObject][])
  return {
    get: (resource, namespace, name) => all.get(`${resource}/${namespace}/${name}`),
    list: (resource, namespace) => [...all].filter(([key]) => key.startsWith(`${resource}/${namespace ?? ''}`)).map(([, object]) => object),
  }
}

const cluster = readerOf({
  'namespaces//team': { metadata: { name: 'team' } },
  'namespaces//loose': { metadata: { name: 'loose', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
  'namespaces//kube-system': { metadata: { name: 'kube-system' } },
  'namespaces//leaving': { metadata: { name: 'leaving' }, status: { phase: 'Terminating' } },
  'serviceaccounts/team/default': { metadata: { name: 'default', namespace: 'team' } },
  'serviceaccounts/team/worker': { metadata: { name: 'worker', namespace: 'team' }, imagePullSecrets: [{ name: 'pull' }] },
  'serviceaccounts/team/bounded': {
    metadata: { name: 'bounded', namespace: 'team', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 'listed' }],
  },
  'serviceaccounts/loose/default': { metadata: { name: 'default', namespace: 'loose' } },
  'serviceaccounts/kube-system/default': { metadata: { name: 'default', namespace: 'kube-system' } },
  'pods/team/mine': { metadata: { name: 'mine', namespace: 'team', uid: 'u1' }, spec: { nodeName: 'n1', serviceAccountName: 'worker' } },
  'pods/team/other': { metadata: { name: 'other', namespace: 'team', uid: 'u2' }, spec: { nodeName: 'n2', serviceAccountName: 'worker' } },
  'priorityclasses.scheduling.k8s.io//high': { metadata: { name: 'high' }, value: 1000 },
})

const feed = new FakeFeed()
const options = {
  ...noPolicies(cluster),
  reader: cluster,
  ...{ feed, ledger: new QuotaLedger({ feed, now: () => 0 }), now: () => 0 },
  randomSuffix: () => 'abcde',
  hasRights: (_namespace: string, name: string) => name === 'worker',
  maySign: (user: UserInfo) => user.name === 'admin',
  organizationsOf: (text: string) => text.split(','),
}
const secure = createAdmission(admissionPlugins({ ...options, profile: 'secure' }))
const upstream = createAdmission(admissionPlugins({ ...options, profile: 'upstream' }))

type Input = Partial<Omit<AdmissionRequest, 'object' | 'oldObject' | 'resource'>> & {
  kind: keyof typeof kinds
  object?: object
  oldObject?: object
}

async function admit(
  input: Input,
  admission = secure,
): Promise<{ object: KubeObject; warnings: string[]; annotations: Record<string, string> }> {
  const warnings: string[] = []
  const annotations: Record<string, string> = {}
  const object = input.object as KubeObject | undefined
  const request: AdmissionRequest = {
    operation: 'CREATE',
    subresource: '',
    namespace: kinds[input.kind].namespaced ? 'team' : '',
    name: object?.metadata?.name ?? 'x',
    user: admin,
    dryRun: false,
    ...input,
    resource: kinds[input.kind],
    object,
    oldObject: input.oldObject as KubeObject | undefined,
    warn: message => warnings.push(message),
    annotate: (key, value) => {
      annotations[key] = value
    },
  }
  const { signal } = new AbortController()
  await admission.mutate(request, signal)
  await admission.validate(request, signal)
  return { object: object ?? { metadata: {} }, warnings, annotations }
}

const goodSpec = () => ({
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'app', image: 'a:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
})
const pod = (spec: object = goodSpec(), metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'team', ...metadata },
  spec,
})
const badPod = () => pod({ containers: [{ name: 'app', image: 'a:1', securityContext: { privileged: true } }] })
const specOf = (object: KubeObject) =>
  (object as KubeObject & { spec: Record<string, unknown> & { containers: { volumeMounts?: object[] }[] } }).spec

async function refusal(input: Input, admission = secure): Promise<ApiError> {
  try {
    await admit(input, admission)
  } catch (err) {
    assert.ok(err instanceof ApiError, String(err))
    return err
  }
  return assert.fail('was admitted')
}

test('admissionPlugins() has a plugin from every file of the folder', () => {
  const files = globSync('*.ts', { cwd: import.meta.dirname }).filter(file => !file.endsWith('.test.ts') && file !== 'index.ts')
  const names = admissionPlugins({ ...options, profile: 'secure', enabled: new Set(pluginNames) }).map(({ name }) => name)
  assert.equal(names.length, files.length)
  const words = (text: string) => text.toLowerCase().replaceAll('-', '')
  for (const file of files)
    assert.ok(
      names.some(name => words(name) === words(file.slice(0, -3))),
      `${file} is not listed`,
    )
})

test('createAdmission() takes a failing plugin for a refusal and hides its cause', async () => {
  const failing: AdmissionPlugin = {
    name: 'Failing',
    handles: () => true,
    validate: () => {
      throw new Error('database password is x')
    },
  }
  const err = await refusal({ kind: 'pods', object: pod() }, createAdmission([failing]))
  assert.equal(err.message, 'pods "p" is forbidden: admission plugin "Failing" failed to complete')
})

test('NamespaceLifecycle refuses what has no namespace, new content in a leaving one, and deleting the system', async () => {
  assert.equal((await refusal({ kind: 'pods', namespace: 'absent', object: pod() })).message, 'namespaces "absent" not found')
  const leaving = await refusal({ kind: 'services', namespace: 'leaving', object: { metadata: { name: 's' }, spec: {} } })
  assert.match(leaving.message, /unable to create new content in namespace leaving because it is being terminated/)
  assert.equal(leaving.status.details?.causes?.[0]?.reason, 'NamespaceTerminating')
  assert.match(
    (await refusal({ kind: 'namespaces', operation: 'DELETE', name: 'kube-system' })).message,
    /this namespace may not be deleted/,
  )
  await admit({ kind: 'pods', operation: 'DELETE', namespace: 'leaving' })
})

test('PodSecurity refuses a privileged pod in a fresh namespace with field, rule and what would pass', async () => {
  const err = await refusal({ kind: 'pods', object: badPod() })
  assert.equal(err.status.code, 403)
  assert.match(
    err.message,
    /^pods "p" is forbidden: violates PodSecurity "restricted:latest": privileged \(container "app" must not set securityContext\.privileged=true\), allowPrivilegeEscalation != false/,
  )
  assert.ok(err.status.details?.causes?.some(({ field }) => field === 'spec.containers[0].securityContext.privileged'))
  const patch = JSON.parse(/would pass: (\[.*\])$/.exec(err.message)?.[1] ?? 'null')
  assert.ok(Array.isArray(patch) && patch.length > 0)
})

test('PodSecurity refuses the Deployment itself, with a patch that passes', async () => {
  const deployment = {
    metadata: { name: 'd', namespace: 'team' },
    spec: { template: { metadata: {}, spec: { containers: [{ name: 'app', image: 'a:1' }] } } },
  }
  const defaulted = structuredClone(deployment)
  Object.assign(defaulted.spec.template.spec, { securityContext: {} })
  const err = await refusal({ kind: 'deployments', object: defaulted })
  assert.match(err.message, /^deployments\.apps "d" is forbidden: violates PodSecurity "restricted:latest"/)
  const { default: jsonPatch } = await import('fast-json-patch')
  jsonPatch.applyPatch(deployment, JSON.parse(/would pass: (\[.*\])$/.exec(err.message)?.[1] ?? '[]'))
  await admit({ kind: 'deployments', object: deployment })
})

test('PodSecurity lets a label or kube-system lift it, and upstream only where a label asks', async () => {
  await admit({ kind: 'pods', namespace: 'loose', object: badPod() })
  await admit({ kind: 'pods', namespace: 'kube-system', object: badPod() })
  await admit({ kind: 'pods', object: badPod() }, upstream)
})

test('PodSecurity judges ephemeral containers, and skips updates that change nothing it looks at', async () => {
  const withDebugger = pod({
    ...goodSpec(),
    serviceAccountName: 'default',
    ephemeralContainers: [{ name: 'debug', image: 'a:1', securityContext: { privileged: true } }],
  })
  assert.match(
    (await refusal({ kind: 'pods', operation: 'UPDATE', subresource: 'ephemeralcontainers', object: withDebugger, oldObject: pod() }))
      .message,
    /container "debug"/,
  )
  const bad = badPod()
  await admit({
    kind: 'pods',
    operation: 'UPDATE',
    object: { ...bad, metadata: { ...bad.metadata, labels: { a: 'b' } } },
    oldObject: badPod(),
  })
})

test('PodSecurity refuses namespace labels that it cannot read', async () => {
  const err = await refusal({
    kind: 'namespaces',
    object: {
      metadata: { name: 'n', labels: { 'pod-security.kubernetes.io/enforce': 'strict', 'pod-security.kubernetes.io/warn-version': '1.2' } },
    },
  })
  assert.equal(err.status.code, 422)
  assert.deepEqual(
    err.status.details?.causes?.map(({ field }) => field),
    ['metadata.labels[pod-security.kubernetes.io/enforce]', 'metadata.labels[pod-security.kubernetes.io/warn-version]'],
  )
})

test('ServiceAccount mounts a token only for accounts with a right, and always as upstream', async () => {
  const plain = specOf((await admit({ kind: 'pods', object: pod() })).object)
  assert.equal(plain['serviceAccountName'], 'default')
  assert.equal(plain['volumes'], undefined)
  const worker = specOf((await admit({ kind: 'pods', object: pod({ ...goodSpec(), serviceAccountName: 'worker' }) })).object)
  assert.deepEqual(
    (worker['volumes'] as { name: string }[]).map(({ name }) => name),
    ['kube-api-access-abcde'],
  )
  assert.equal(worker.containers[0]?.volumeMounts?.length, 1)
  assert.deepEqual(worker['imagePullSecrets'], [{ name: 'pull' }])
  const asUpstream = specOf((await admit({ kind: 'pods', object: pod() }, upstream)).object)
  assert.equal(asUpstream.containers[0]?.volumeMounts?.length, 1)
  const refused = specOf(
    (await admit({ kind: 'pods', object: pod({ ...goodSpec(), automountServiceAccountToken: false }) }, upstream)).object,
  )
  assert.equal(refused['volumes'], undefined)
})

test('ServiceAccount refuses an absent account and secrets that the account does not list', async () => {
  assert.match(
    (await refusal({ kind: 'pods', object: pod({ ...goodSpec(), serviceAccountName: 'absent' }) })).message,
    /serviceaccount "absent" not found/,
  )
  const bounded = (extra: object) => pod({ ...goodSpec(), serviceAccountName: 'bounded', ...extra })
  const env = (source: object) => [{ name: 'c', image: 'a', securityContext: goodSpec().containers[0]?.securityContext, ...source }]
  const rows: readonly [object, RegExp][] = [
    [{ volumes: [{ name: 'v', secret: { secretName: 'foreign' } }] }, /volume with secret\.secretName="foreign"/],
    [{ volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'foreign' } }] } }] }, /secretName="foreign"/],
    [
      { containers: env({ env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'foreign', key: 'k' } } }] }) },
      /container c with envVar E/,
    ],
    [{ initContainers: env({ envFrom: [{ secretRef: { name: 'foreign' } }] }) }, /init container c with envFrom/],
    [{ imagePullSecrets: [{ name: 'foreign' }] }, /imagePullSecrets\[0\]\.name="foreign"/],
  ]
  for (const [extra, message] of rows) assert.match((await refusal({ kind: 'pods', object: bounded(extra) })).message, message)
  const ephemeral = bounded({ ephemeralContainers: env({ envFrom: [{ secretRef: { name: 'foreign' } }] }) })
  assert.match(
    (await refusal({ kind: 'pods', operation: 'UPDATE', subresource: 'ephemeralcontainers', object: ephemeral, oldObject: pod() })).message,
    /ephemeral container c/,
  )
  await admit({ kind: 'pods', object: bounded({ volumes: [{ name: 'v', secret: { secretName: 'listed' } }] }) })
})

test('Priority computes the number and refuses one of the user', async () => {
  const spec = specOf((await admit({ kind: 'pods', object: pod({ ...goodSpec(), priorityClassName: 'high' }) })).object)
  assert.equal(spec['priority'], 1000)
  assert.equal(spec['preemptionPolicy'], 'PreemptLowerPriority')
  assert.match(
    (await refusal({ kind: 'pods', object: pod({ ...goodSpec(), priorityClassName: 'none' }) })).message,
    /no PriorityClass with name none was found/,
  )
  assert.match((await refusal({ kind: 'pods', object: pod({ ...goodSpec(), priority: 5 }) })).message, /integer value of priority \(5\)/)
})

test('the defaulting plugins add tolerations, the not-ready taint and the protecting finalizer', async () => {
  const tolerations = specOf((await admit({ kind: 'pods', object: pod() })).object)['tolerations'] as { key: string }[]
  assert.deepEqual(
    tolerations.map(({ key }) => key),
    ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
  )
  const created = (await admit({ kind: 'nodes', object: { metadata: { name: 'n1' }, spec: {} } })).object as KubeObject & {
    spec: { taints: object[] }
  }
  assert.deepEqual(created.spec.taints, [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])
  const claim = (await admit({ kind: 'persistentvolumeclaims', object: { metadata: { name: 'c' }, spec: {} } })).object
  assert.deepEqual(claim.metadata.finalizers, ['kubernetes.io/pvc-protection'])
})

test('DenyServiceExternalIPs refuses new external IPs in the secure profile only', async () => {
  const service = { metadata: { name: 's' }, spec: { externalIPs: ['192.0.2.1'] } }
  assert.match((await refusal({ kind: 'services', object: service })).message, /Use of external IPs is denied by admission control/)
  await admit({ kind: 'services', operation: 'UPDATE', object: service, oldObject: service })
  await admit({ kind: 'services', object: service }, upstream)
})

test('NodeRestriction keeps a node to its own objects', async () => {
  const own = { metadata: { name: 'n1', labels: {} }, spec: {} }
  const rows: readonly (readonly [string, Input])[] = [
    ['another node', { kind: 'nodes', object: { metadata: { name: 'n2' }, spec: {} } }],
    [
      'a reserved label',
      { kind: 'nodes', object: { metadata: { name: 'n1', labels: { 'node-restriction.kubernetes.io/pool': 'a' } }, spec: {} } },
    ],
    [
      'its taints',
      {
        kind: 'nodes',
        operation: 'UPDATE',
        name: 'n1',
        object: { ...own, spec: { taints: [] } },
        oldObject: { ...own, spec: { taints: [{ key: 'a' }] } },
      },
    ],
    [
      'its owner references',
      {
        kind: 'nodes',
        operation: 'UPDATE',
        name: 'n1',
        object: { metadata: { name: 'n1', ownerReferences: [{ uid: 'x' }] }, spec: {} },
        oldObject: own,
      },
    ],
    ['a pod of another node', { kind: 'pods', operation: 'DELETE', name: 'other', oldObject: pod({ nodeName: 'n2' }) }],
    [
      'status of a pod of another node',
      { kind: 'pods', operation: 'UPDATE', subresource: 'status', object: pod({ nodeName: 'n2' }), oldObject: pod({ nodeName: 'n2' }) },
    ],
    ['a pod that is no mirror', { kind: 'pods', object: pod({ ...goodSpec(), nodeName: 'n1' }) }],
    ['a lease of another node', { kind: 'leases', namespace: 'kube-node-lease', name: 'n2', object: { metadata: { name: 'n2' } } }],
    ['an unbound token', { kind: 'serviceaccounts', subresource: 'token', name: 'worker', object: { metadata: {}, spec: {} } }],
    [
      'a token of a pod elsewhere',
      {
        kind: 'serviceaccounts',
        subresource: 'token',
        name: 'worker',
        object: { metadata: {}, spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'other', uid: 'u2' } } },
      },
    ],
    [
      'a token of another account',
      {
        kind: 'serviceaccounts',
        subresource: 'token',
        name: 'default',
        object: { metadata: {}, spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: 'u1' } } },
      },
    ],
  ]
  const existing = readerOf({ 'namespaces//kube-node-lease': { metadata: {} }, 'namespaces//team': { metadata: {} } })
  const reader: ClusterReader = { get: (r, ns, n) => cluster.get(r, ns, n) ?? existing.get(r, ns, n), list: cluster.list }
  const admission = createAdmission(admissionPlugins({ ...options, reader, profile: 'upstream' }))
  for (const [what, input] of rows) assert.ok(isReason(await refusal({ ...input, user: node }, admission), 'Forbidden'), what)
  await admit(
    {
      kind: 'serviceaccounts',
      subresource: 'token',
      name: 'worker',
      user: node,
      object: { metadata: {}, spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: 'u1' } } },
    },
    admission,
  )
  await admit(
    { kind: 'nodes', object: { metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1' } }, spec: {} }, user: node },
    admission,
  )
  await admit({ kind: 'leases', namespace: 'kube-node-lease', name: 'n1', object: { metadata: { name: 'n1' } }, user: node }, admission)
})

test('CertificateRequests wants the right for the signer, and gives nobody system:masters', async () => {
  const csr = (extra: object, spec: object = {}) => ({
    metadata: { name: 'c' },
    spec: { signerName: 'kubernetes.io/kube-apiserver-client', request: Buffer.from('dev,system:masters').toString('base64'), ...spec },
    ...extra,
  })
  assert.match((await refusal({ kind: 'csrs', object: csr({}) })).message, /system:masters group is not allowed/)
  const user: UserInfo = { name: 'eve', groups: [] }
  assert.match(
    (await refusal({ kind: 'csrs', operation: 'UPDATE', subresource: 'approval', object: csr({}), oldObject: csr({}), user })).message,
    /not permitted to approve/,
  )
  assert.match(
    (
      await refusal({
        kind: 'csrs',
        operation: 'UPDATE',
        subresource: 'status',
        object: csr({ status: { certificate: 'x' } }),
        oldObject: csr({}),
        user,
      })
    ).message,
    /not permitted to sign/,
  )
  await admit({ kind: 'csrs', operation: 'UPDATE', subresource: 'approval', object: csr({}), oldObject: csr({}) })
  await admit({ kind: 'csrs', object: csr({}, { request: Buffer.from('dev').toString('base64') }) })
})

test('UnenforcedKinds refuses what would only look like a protection, and warns of what has no effect', async () => {
  const policy = { metadata: { name: 'deny' }, spec: {} }
  const err = await refusal({ kind: 'networkPolicies', object: policy })
  assert.match(err.message, /^networkpolicies\.networking\.k8s\.io "deny" is forbidden: network policies are not enforced yet/)
  const { warnings } = await admit({ kind: 'networkPolicies', object: policy }, upstream)
  assert.match(warnings.join(), /NetworkPolicy is stored without effect/)
  assert.match((await admit({ kind: 'autoscalers', object: policy })).warnings.join(), /nothing will be scaled/)
})
