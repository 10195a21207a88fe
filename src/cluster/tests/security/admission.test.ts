// What no write may reach by any way: rows of attacks on admission, tried by creation, update, every patch and every subresource.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { admin, contentTypes, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const inDefault = '/api/v1/namespaces/default'
const apps = '/apis/apps/v1/namespaces/default'

async function opened(): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'ann' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'admin' },
  })
  return api
}
const ann = person('ann')

const context = (field: string, value: unknown) =>
  restrictedPod('x', {}, { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, [field]: value } })
const inPod = (more: object) => restrictedPod('x', more)
const podContext = (more: object) => inPod({ securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...more } })
const volume = (source: object) => inPod({ volumes: [{ name: 'v', ...source }] })
const sysctl = (name: string) => podContext({ sysctls: [{ name, value: '1' }] })
const extra = (kind: 'initContainers' | 'containers', container: object) => {
  const more = { name: 'more', image: 'i', ...container }
  const good = { name: 'c', image: 'i', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }
  return inPod(kind === 'containers' ? { containers: [good, more] } : { initContainers: [more] })
}

const privileged: readonly [string, object][] = [
  ['privileged', context('privileged', true)],
  ['allowPrivilegeEscalation', context('allowPrivilegeEscalation', true)],
  ['drop less than ALL', context('capabilities', { drop: ['NET_RAW'] })],
  ...['SYS_ADMIN', 'NET_ADMIN', 'NET_RAW', 'SYS_PTRACE', 'SYS_MODULE', 'DAC_READ_SEARCH', 'CHOWN', 'ALL'].map((name): [string, object] => [
    `capability ${name}`,
    context('capabilities', { drop: ['ALL'], add: [name] }),
  ]),
  ['unmasked /proc', context('procMount', 'Unmasked')],
  ['root in the container', context('runAsUser', 0)],
  ['runAsNonRoot false in the container', context('runAsNonRoot', false)],
  ['seccomp Unconfined in the container', context('seccompProfile', { type: 'Unconfined' })],
  ['SELinux user', context('seLinuxOptions', { user: 'system_u' })],
  ['SELinux role', context('seLinuxOptions', { role: 'system_r' })],
  ['SELinux type', context('seLinuxOptions', { type: 'spc_t' })],
  ['AppArmor Unconfined', context('appArmorProfile', { type: 'Unconfined' })],
  ['Windows host process', context('windowsOptions', { hostProcess: true })],
  ['hostNetwork', inPod({ hostNetwork: true })],
  ['hostPID', inPod({ hostPID: true })],
  ['hostIPC', inPod({ hostIPC: true })],
  ['no security context', inPod({ securityContext: {} })],
  ['root in the pod', podContext({ runAsUser: 0 })],
  ['runAsNonRoot false', podContext({ runAsNonRoot: false })],
  ['seccomp Unconfined', podContext({ seccompProfile: { type: 'Unconfined' } })],
  ['SELinux type of the pod', podContext({ seLinuxOptions: { type: 'container_init_x_t' } })],
  ['AppArmor Unconfined of the pod', podContext({ appArmorProfile: { type: 'Unconfined' } })],
  ['Windows host process of the pod', podContext({ windowsOptions: { hostProcess: true } })],
  ...['kernel.msgmax', 'kernel.shm_rmid_forced2', 'net.core.somaxconn', 'vm.swappiness', 'net.ipv4.ip_forward'].map(
    (name): [string, object] => [`sysctl ${name}`, sysctl(name)],
  ),
  ['hostPath', volume({ hostPath: { path: '/' } })],
  ['hostPath with a type', volume({ hostPath: { path: '/var/run', type: 'Directory' } })],
  ['nfs', volume({ nfs: { server: 's', path: '/' } })],
  ['iscsi', volume({ iscsi: { targetPortal: 'p', iqn: 'iqn.2001-04.com.example:x', lun: 0 } })],
  ['gitRepo', volume({ gitRepo: { repository: 'r' } })],
  ['rbd', volume({ rbd: { monitors: ['m'], image: 'i' } })],
  ['glusterfs', volume({ glusterfs: { endpoints: 'e', path: 'p' } })],
  ['cephfs', volume({ cephfs: { monitors: ['m'] } })],
  ['flexVolume', volume({ flexVolume: { driver: 'd/d' } })],
  ['awsElasticBlockStore', volume({ awsElasticBlockStore: { volumeID: 'v' } })],
  ['azureDisk', volume({ azureDisk: { diskName: 'd', diskURI: 'u' } })],
  ['fc', volume({ fc: { targetWWNs: ['w'], lun: 0 } })],
  ['hostPort', restrictedPod('x', {}, { ports: [{ containerPort: 80, hostPort: 80 }] })],
  ['hostPort of an init container', extra('initContainers', { ...hardenedContext(), ports: [{ containerPort: 80, hostPort: 80 }] })],
  ['a privileged init container', extra('initContainers', { securityContext: { privileged: true } })],
  ['a Windows name that is Linux', inPod({ os: { name: 'linux' }, hostPID: true })],
  [
    'the old seccomp annotation',
    {
      ...inPod({ securityContext: { runAsNonRoot: true } }),
      metadata: { name: 'x', annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } },
    },
  ],
  [
    'the old AppArmor annotation',
    { ...inPod({}), metadata: { name: 'x', annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } } },
  ],
  ['a probe to another host', restrictedPod('x', {}, { livenessProbe: { httpGet: { port: 80, host: '169.254.169.254' } } })],
]
// The last row holds from the version of the standards that forbids it.
const evaluated = privileged.slice(0, -1)

function hardenedContext() {
  return { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }
}

test('CVE-2017-1000056: nothing privileged gets into a restricted namespace, dry run or not, by pod or by template', async t => {
  await using api = await opened()
  assert.ok(evaluated.length >= 51, `${evaluated.length} rows`)
  for (const [what, pod] of evaluated) {
    await t.test(what, async () => {
      const { spec } = pod as { spec: object }
      const selector = { matchLabels: { a: 'b' } }
      const deployment = {
        metadata: { name: 'x' },
        spec: {
          selector,
          template: {
            metadata: { labels: { a: 'b' }, annotations: (pod as { metadata: { annotations?: object } }).metadata.annotations },
            spec,
          },
        },
      }
      const cron = {
        metadata: { name: 'x' },
        spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } } } },
      }
      for (const [path, object] of [
        [`${inDefault}/pods`, pod],
        [`${inDefault}/pods?dryRun=All`, pod],
        [`${apps}/deployments`, deployment],
        ['/apis/batch/v1/namespaces/default/cronjobs', cron],
        [`${inDefault}/podtemplates`, { metadata: { name: 'x' }, template: deployment.spec.template }],
      ] as const) {
        if (what.startsWith('the old') && path.includes('cronjobs')) continue
        const { status, text } = await api.request(ann, 'POST', path, object)
        // Some are invalid for every user.
        assert.ok(status === 403 || status === 422, `${path} answered ${status}: ${text}`)
      }
    })
  }
  await t.test('and what is not privileged gets in', async () => {
    assert.equal((await api.request(ann, 'POST', `${inDefault}/pods`, restrictedPod('good'))).status, 201)
  })
})

const patched = await opened()
await patched.create(`${inDefault}/pods`, restrictedPod('p'))
await patched.create(`${apps}/deployments`, {
  metadata: { name: 'd' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: restrictedPod('t').spec },
  },
})
await patched.create(`${inDefault}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }], selector: { a: 'b' } } })

after(() => patched[Symbol.asyncDispose]())

const bad = { name: 'dbg', image: 'i', securityContext: { privileged: true } }
const podPath = '/spec/template/spec/hostPID'
const byPatch: readonly [string, string, string, string, unknown][] = [
  ['a JSON patch of a template', 'PATCH', `${apps}/deployments/d`, contentTypes.jsonPatch, [{ op: 'add', path: podPath, value: true }]],
  [
    'a merge patch of a template',
    'PATCH',
    `${apps}/deployments/d`,
    contentTypes.merge,
    { spec: { template: { spec: { hostPID: true } } } },
  ],
  [
    'a strategic patch of a template',
    'PATCH',
    `${apps}/deployments/d`,
    contentTypes.strategic,
    { spec: { template: { spec: { containers: [{ name: 'c', securityContext: { runAsUser: 0 } }] } } } },
  ],
  [
    'an ephemeral container by strategic patch',
    'PATCH',
    `${inDefault}/pods/p/ephemeralcontainers`,
    contentTypes.strategic,
    { spec: { ephemeralContainers: [bad] } },
  ],
  [
    'an ephemeral container by JSON patch',
    'PATCH',
    `${inDefault}/pods/p/ephemeralcontainers`,
    contentTypes.jsonPatch,
    [{ op: 'add', path: '/spec/ephemeralContainers', value: [bad] }],
  ],
  ['external addresses by merge patch', 'PATCH', `${inDefault}/services/s`, contentTypes.merge, { spec: { externalIPs: ['203.0.113.9'] } }],
  [
    'external addresses by JSON patch',
    'PATCH',
    `${inDefault}/services/s`,
    contentTypes.jsonPatch,
    [{ op: 'add', path: '/spec/externalIPs', value: ['203.0.113.9'] }],
  ],
  [
    'external addresses by strategic patch',
    'PATCH',
    `${inDefault}/services/s`,
    contentTypes.strategic,
    { spec: { externalIPs: ['203.0.113.9'] } },
  ],
]
for (const [what, method, path, type, body] of byPatch) {
  test(`CVE-2016-1905 and CVE-2023-2727: ${what} is validated like a creation`, async () => {
    const { status, text } = await patched.request(admin, method, path, body, type)
    assert.equal(status, 403, text)
    assert.doesNotMatch(text, /cannot patch resource/)
  })
}

test('CVE-2016-1905: an update is validated like a creation', async () => {
  for (const [path, change] of [
    [
      `${apps}/deployments/d`,
      (object: { spec: { template: { spec: { hostNetwork?: boolean } } } }) => (object.spec.template.spec.hostNetwork = true),
    ],
    [`${inDefault}/services/s`, (object: { spec: { externalIPs?: string[] } }) => (object.spec.externalIPs = ['203.0.113.9'])],
    [
      `${inDefault}/pods/p/ephemeralcontainers`,
      (object: { spec: { ephemeralContainers?: object[] } }) => (object.spec.ephemeralContainers = [bad]),
    ],
  ] as const) {
    const { json } = await patched.request(admin, 'GET', path.replace('/ephemeralcontainers', ''))
    change(json)
    const { status, text } = await patched.request(admin, 'PUT', path, json)
    assert.equal(status, 403, `${path}: ${text}`)
  }
})

const sideways: readonly [string, string, object, string?][] = [
  ['scale', `${apps}/deployments/d/scale`, { spec: { replicas: 2, template: { spec: { hostPID: true } } } }],
  ['status', `${apps}/deployments/d/status`, { spec: { template: { spec: { hostPID: true } } }, status: { replicas: 1 } }],
  [
    'status of a pod',
    `${inDefault}/pods/p/status`,
    { spec: { hostPID: true, containers: [{ name: 'c', image: 'other' }] } },
    contentTypes.strategic,
  ],
  ['status of a Service', `${inDefault}/services/s/status`, { spec: { externalIPs: ['203.0.113.9'] } }],
  [
    'resize',
    `${inDefault}/pods/p/resize`,
    { spec: { containers: [{ name: 'c', securityContext: { privileged: true } }] } },
    contentTypes.strategic,
  ],
  [
    'the pod itself',
    `${inDefault}/pods/p`,
    { spec: { containers: [{ name: 'c', securityContext: { privileged: true } }] } },
    contentTypes.strategic,
  ],
  ['binding', `${inDefault}/pods/p/binding`, { target: { kind: 'Node', name: 'n' }, spec: { hostPID: true } }],
]
for (const [what, path, body, type] of sideways) {
  test(`CVE-2016-1905: ${what} changes nothing that admission has validated`, async () => {
    const object = path.replace(/\/(scale|status|resize|binding)$/, '')
    const specOf = async () => {
      const { nodeName: _, replicas: __, ...spec } = (await patched.request(admin, 'GET', object)).json.spec
      return spec
    }
    const old = await specOf()
    await patched.request(admin, what === 'binding' ? 'POST' : 'PATCH', path, body, what === 'binding' ? undefined : type)
    assert.deepEqual(await specOf(), old)
  })
}

test('CVE-2016-1905: a namespace’s labels decide, and a user who may only write pods cannot change them', async () => {
  await using api = await opened()
  const label = { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } }
  assert.equal((await api.request(ann, 'PATCH', '/api/v1/namespaces/default', label)).status, 403)
  const typo = { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privilegd' } } }
  assert.equal((await api.request(admin, 'PATCH', '/api/v1/namespaces/default', typo)).status, 422)
  assert.equal((await api.request(admin, 'PATCH', '/api/v1/namespaces/default', label)).status, 200)
  assert.equal((await api.request(ann, 'POST', `${inDefault}/pods`, inPod({ hostPID: true }))).status, 201)
})

const secret = (name: string) => ({ secretKeyRef: { name, key: 'k' } })
const envOf = (name: string) => ({ env: [{ name: 'A', valueFrom: secret(name) }] })
const envFromOf = (name: string) => ({ envFrom: [{ secretRef: { name } }] })
const foreign: readonly [string, object][] = [
  ['env of a container', restrictedPod('x', {}, envOf('foreign'))],
  ['envFrom of a container', restrictedPod('x', {}, envFromOf('foreign'))],
  ['env of an init container', extra('initContainers', { ...hardenedContext(), ...envOf('foreign') })],
  ['envFrom of an init container', extra('initContainers', { ...hardenedContext(), ...envFromOf('foreign') })],
  ['a Secret volume', volume({ secret: { secretName: 'foreign' } })],
  ['a projected volume', volume({ projected: { sources: [{ secret: { name: 'foreign' } }] } })],
  ['a CSI volume', volume({ csi: { driver: 'd', nodePublishSecretRef: { name: 'foreign' } } })],
  ['a FlexVolume', volume({ flexVolume: { driver: 'd/d', secretRef: { name: 'foreign' } } })],
  ['iSCSI', volume({ iscsi: { targetPortal: 'p', iqn: 'iqn.2001-04.com.example:x', lun: 0, secretRef: { name: 'foreign' } } })],
  ['RBD', volume({ rbd: { monitors: ['m'], image: 'i', secretRef: { name: 'foreign' } } })],
  ['CephFS', volume({ cephfs: { monitors: ['m'], secretRef: { name: 'foreign' } } })],
  ['ScaleIO', volume({ scaleIO: { gateway: 'g', system: 's', volumeName: 'v', secretRef: { name: 'foreign' } } })],
  ['StorageOS', volume({ storageos: { volumeName: 'v', secretRef: { name: 'foreign' } } })],
  ['an Azure file share', volume({ azureFile: { shareName: 's', secretName: 'foreign' } })],
  ['pull secrets', inPod({ imagePullSecrets: [{ name: 'foreign' }] })],
]
test('CVE-2023-2728 and CVE-2024-3177: an account with enforce-mountable-secrets reaches no other Secret by any field', async t => {
  await using api = await opened()
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' }
  await api.create(`${inDefault}/serviceaccounts`, {
    metadata: { name: 'tight', annotations },
    secrets: [{ name: 'own' }],
    imagePullSecrets: [{ name: 'own' }],
  })
  for (const [what, pod] of foreign) {
    await t.test(what, async () => {
      const { metadata, spec } = pod as { metadata: object; spec: object }
      const { status, text } = await api.request(ann, 'POST', `${inDefault}/pods`, {
        metadata,
        spec: { ...spec, serviceAccountName: 'tight' },
      })
      assert.equal(status, 403)
      assert.match(text, /is not allowed because service account tight does not reference that/)
    })
  }
  await api.create(`${inDefault}/pods`, restrictedPod('mine', { serviceAccountName: 'tight' }, envOf('own')))
  for (const source of [envOf('foreign'), envFromOf('foreign')]) {
    await t.test(`${Object.keys(source)[0]} of an ephemeral container`, async () => {
      const container = { name: 'dbg', image: 'i', ...hardenedContext(), ...source }
      const body = { spec: { ephemeralContainers: [container] } }
      const answer = await api.request(admin, 'PATCH', `${inDefault}/pods/mine/ephemeralcontainers`, body, contentTypes.strategic)
      assert.equal(answer.status, 403)
      assert.match(answer.json.message, /ephemeral container dbg with env/)
    })
  }
})

test('CVE-2021-25749: a user id that is no user id, or root in disguise, is refused', async () => {
  await using api = await opened()
  for (const runAsUser of [-1, 4_294_967_296, 0, '0', '00', 0.5]) {
    const { status } = await api.request(ann, 'POST', `${inDefault}/pods`, podContext({ runAsUser }))
    assert.ok([400, 403, 422].includes(status), `${runAsUser} answered ${status}`)
  }
})

test('CVE-2023-2431: a Localhost seccomp profile names a file below the profiles’ folder', async () => {
  await using api = await opened()
  for (const localhostProfile of [undefined, '', '/etc/passwd', '../x', 'a/../../x']) {
    const { status, text } = await api.request(
      ann,
      'POST',
      `${inDefault}/pods`,
      podContext({ seccompProfile: { type: 'Localhost', localhostProfile } }),
    )
    assert.equal(status, 422, `${localhostProfile}: ${text}`)
  }
})

test('an admission policy reads no parameters that its author may not read', async () => {
  await using api = await SecuredApi.open({ profile: 'upstream' })
  const rules = [{ verbs: ['create'], apiGroups: ['admissionregistration.k8s.io'], resources: ['validatingadmissionpolicies'] }]
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await api.create(`${rbac}/clusterroles`, { metadata: { name: 'policies' }, rules })
  await api.create(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'policies' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'policies' },
  })
  const resourceRules = [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }]
  const policy = (name: string, paramKind?: object) => ({
    metadata: { name },
    spec: { matchConstraints: { resourceRules }, validations: [{ expression: 'true' }], ...(paramKind ? { paramKind } : {}) },
  })
  const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'
  const secrets = { apiVersion: 'v1', kind: 'Secret' }
  assert.equal((await api.request(ann, 'POST', path, policy('plain'))).status, 201)
  const refused = await api.request(ann, 'POST', path, policy('reads', secrets))
  assert.deepEqual([refused.status, refused.json.details.causes[0].field], [422, 'spec.paramKind'])
  assert.equal((await api.request(admin, 'POST', path, policy('reads', secrets))).status, 201)
})
