// The policies that come with the cluster: what each refuses or warns of, what it leaves alone, and that nothing in the API changes them.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseYamlDocuments } from '../../../api/schema/yaml.ts'
import { UserError } from '../../../base/user-error.ts'
import { type Answer, admin, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const group = 'rbac.authorization.k8s.io'
const core = '/api/v1'
const inDefault = '/api/v1/namespaces/default'
const dry = '?dryRun=All'

const api = await SecuredApi.open()
after(() => api[Symbol.asyncDispose]())

const bind = (role: string, ...subjects: object[]) => ({
  metadata: { name: 'tried' },
  roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
  subjects,
})
const groupOf = (name: string) => ({ kind: 'Group', name, apiGroup: group })
const userOf = (name: string) => ({ kind: 'User', name, apiGroup: group })
const account = (name: string) => ({ kind: 'ServiceAccount', name, namespace: 'default' })
const clusterBindings = `${rbac}/clusterrolebindings`
const bindings = `${rbac}/namespaces/default/rolebindings`

const volume = (source: object) => ({
  metadata: { name: 'tried' },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...source },
})
const hostPath = (path: string) => volume({ hostPath: { path } })
const nodeAffinity = {
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] }] },
}

const pod = (image: string, init?: string) => {
  const draft = restrictedPod('tried', {}, { image }).spec
  return init === undefined ? draft : { ...draft, initContainers: [{ ...draft.containers[0], name: 'init', image: init }] }
}
const labels = { app: 'tried' }
const deployment = (...images: [string, string?]) => ({
  metadata: { name: 'tried' },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod(...images) } },
})
const cronJob = (image: string) => ({
  metadata: { name: 'tried' },
  spec: { schedule: '@daily', jobTemplate: { spec: { template: { spec: { ...pod(image), restartPolicy: 'Never' } } } } },
})
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const cronJobs = '/apis/batch/v1/namespaces/default/cronjobs'
const service = (spec: object) => ({ metadata: { name: 'tried' }, spec: { ports: [{ port: 80 }], ...spec } })

interface Case {
  readonly policy: string
  readonly name: string
  readonly path: string
  readonly body: object
  readonly comes: 'refused' | 'warned' | 'silent'
}

const broad = 'broad-bindings.policies.bulkhead.dev'
const paths = 'host-path-volumes.policies.bulkhead.dev'
const tags = 'image-tags.policies.bulkhead.dev'
const ports = 'node-ports.policies.bulkhead.dev'
const accounts = 'default-account-rights.policies.bulkhead.dev'
const digest = `sha256:${'a'.repeat(64)}`

const cases: readonly Case[] = [
  ...['system:unauthenticated', 'system:authenticated', 'system:serviceaccounts'].map(
    (name): Case => ({
      policy: broad,
      name: `cluster-admin for ${name}`,
      path: clusterBindings,
      body: bind('cluster-admin', groupOf(name)),
      comes: 'refused',
    }),
  ),
  {
    policy: broad,
    name: 'edit for anonymous users beside another',
    path: bindings,
    body: bind('edit', userOf('a'), userOf('system:anonymous')),
    comes: 'refused',
  },
  {
    policy: broad,
    name: 'view for authenticated users',
    path: clusterBindings,
    body: bind('view', groupOf('system:authenticated')),
    comes: 'silent',
  },
  {
    policy: broad,
    name: 'cluster-admin for a group',
    path: clusterBindings,
    body: bind('cluster-admin', groupOf('admins')),
    comes: 'silent',
  },
  {
    policy: broad,
    name: 'admin for the accounts of a namespace',
    path: bindings,
    body: bind('admin', groupOf('system:serviceaccounts:a')),
    comes: 'silent',
  },
  { policy: accounts, name: 'view for the default account', path: bindings, body: bind('view', account('default')), comes: 'warned' },
  { policy: accounts, name: 'view for an account of its own', path: bindings, body: bind('view', account('web')), comes: 'silent' },
  { policy: accounts, name: 'view for a user of that name', path: bindings, body: bind('view', userOf('default')), comes: 'silent' },
  ...['/', '//', '/./', '/etc', '/etc/', '//etc/./ssl', '/./proc', '/var/run/x', '/var/lib/kubelet', '/root/.ssh'].map(
    (path): Case => ({
      policy: paths,
      name: `hostPath ${path}`,
      path: `${core}/persistentvolumes`,
      body: hostPath(path),
      comes: 'refused',
    }),
  ),
  {
    policy: paths,
    name: 'local /sys',
    path: `${core}/persistentvolumes`,
    body: volume({ local: { path: '/sys' }, nodeAffinity }),
    comes: 'refused',
  },
  ...['/data', '/mnt/disks/a', '/var/lib/kubelets', '/etcetera', '/srv/etc'].map(
    (path): Case => ({ policy: paths, name: `hostPath ${path}`, path: `${core}/persistentvolumes`, body: hostPath(path), comes: 'silent' }),
  ),
  { policy: paths, name: 'NFS', path: `${core}/persistentvolumes`, body: volume({ nfs: { server: 'a', path: '/etc' } }), comes: 'silent' },
  ...['nginx', 'nginx:latest', 'registry.example:5000/nginx'].map(
    (image): Case => ({ policy: tags, name: `image ${image}`, path: deployments, body: deployment(image), comes: 'warned' }),
  ),
  { policy: tags, name: 'image of an init container', path: deployments, body: deployment('nginx:1', 'busybox'), comes: 'warned' },
  { policy: tags, name: 'image of a CronJob', path: cronJobs, body: cronJob('nginx'), comes: 'warned' },
  ...['nginx:1.27', `nginx@${digest}`, `nginx:latest@${digest}`, 'registry.example:5000/nginx:1'].map(
    (image): Case => ({ policy: tags, name: `image ${image}`, path: deployments, body: deployment(image, 'busybox:1'), comes: 'silent' }),
  ),
  { policy: ports, name: 'node port', path: `${inDefault}/services`, body: service({ type: 'NodePort' }), comes: 'warned' },
  { policy: ports, name: 'cluster address', path: `${inDefault}/services`, body: service({}), comes: 'silent' },
]

const warnsOf = (policy: string, { warnings }: Answer): boolean => warnings.some(text => text.includes(policy))

for (const { policy, name, path, body, comes } of cases) {
  test(`${policy}: ${name} is ${comes}`, async () => {
    const answer = await api.request(admin, 'POST', `${path}${dry}`, body)
    assert.equal(answer.status, comes === 'refused' ? 403 : 201, answer.text)
    if (comes === 'refused') assert.match(answer.json.message, new RegExp(`ValidatingAdmissionPolicy '${policy}'`))
    else assert.equal(warnsOf(policy, answer), comes === 'warned', answer.warnings.join('\n'))
  })
}

test('a broad binding from before can lose a finalizer, and a service keep its node port', async () => {
  await using upstream = await SecuredApi.open({ profile: 'upstream' })
  await using secure = await SecuredApi.open({ store: upstream.store })
  await upstream.create(clusterBindings, {
    ...bind('edit', groupOf('system:authenticated')),
    metadata: { name: 'old', finalizers: ['a/b'] },
  })
  await upstream.create(`${inDefault}/services`, { ...service({ type: 'NodePort' }), metadata: { name: 'old' } })
  const removed = await secure.request(admin, 'PATCH', `${clusterBindings}/old`, { metadata: { finalizers: null } })
  assert.equal(removed.status, 200, removed.text)
  const widened = await secure.request(admin, 'PATCH', `${clusterBindings}/old`, { subjects: [groupOf('system:unauthenticated')] })
  assert.equal(widened.status, 403, widened.text)
  const kept = await secure.request(admin, 'PATCH', `${inDefault}/services/old`, { metadata: { labels: { a: 'b' } } })
  assert.ok(kept.status === 200 && !warnsOf(ports, kept), kept.text)
})

test('exec into a namespace of level privileged and kube-system takes a right over the whole cluster', async () => {
  const rights = { rules: [{ apiGroups: [''], resources: ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers'], verbs: ['*'] }] }
  await api.create(`${rbac}/clusterroles`, { metadata: { name: 'exec' }, ...rights })
  await api.create(clusterBindings, { ...bind('exec', userOf('wide')), metadata: { name: 'wide' } })
  await api.create(`${core}/nodes`, { metadata: { name: 'n1' } })
  await api.create(`${core}/namespaces`, { metadata: { name: 'rough', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } })
  for (const namespace of ['rough', 'kube-system', 'default']) {
    await api.create(`${rbac}/namespaces/${namespace}/rolebindings`, { ...bind('exec', userOf('narrow')), metadata: { name: 'narrow' } })
    await api.create(`${core}/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'a' } })
    await api.create(`${core}/namespaces/${namespace}/pods`, restrictedPod('p', { serviceAccountName: 'a', nodeName: 'n1' }))
    for (const subresource of ['exec', 'attach']) {
      const path = `${core}/namespaces/${namespace}/pods/p/${subresource}?command=sh&container=c&stdout=true`
      const refuses = async (user: string) => {
        const { text } = await api.request(person(user), 'POST', path)
        return text.includes("ValidatingAdmissionPolicy 'exempt-pod-exec.policies.bulkhead.dev'")
      }
      assert.equal(await refuses('narrow'), namespace !== 'default', `${subresource} in ${namespace}`)
      assert.equal(await refuses('wide'), false, `${subresource} in ${namespace}`)
    }
    const [container] = restrictedPod('p').spec.containers
    const body = { spec: { ephemeralContainers: [{ ...container, name: 'e' }] } }
    const path = `${core}/namespaces/${namespace}/pods/p/ephemeralcontainers${dry}`
    const answers = await Promise.all(
      ['narrow', 'wide'].map(user => api.request(person(user), 'PATCH', path, body, 'application/strategic-merge-patch+json')),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      [namespace === 'default' ? 200 : 403, 200],
      answers.map(({ text }) => text).join('\n'),
    )
  }
})

test('the API lists shipped policies, and has no object that could be changed or deleted', async () => {
  const listed = await api.request(admin, 'GET', '/bulkhead/v1/policies')
  const names: string[] = listed.json.items.map((item: { metadata: { name: string } }) => item.metadata.name)
  assert.ok(names.includes(broad) && names.includes(ports))
  const admission = '/apis/admissionregistration.k8s.io/v1'
  for (const plural of ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']) {
    assert.equal((await api.request(admin, 'DELETE', `${admission}/${plural}/${broad}`)).status, 404)
    assert.equal((await api.request(admin, 'DELETE', `${admission}/${plural}`)).status, 200)
  }
  // One of the same name in the API is another, and takes nothing from it.
  const constraints = {
    resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE'], resources: ['clusterrolebindings'] }],
  }
  await api.create(`${admission}/validatingadmissionpolicies`, {
    metadata: { name: broad },
    spec: { matchConstraints: constraints, validations: [{ expression: 'true' }] },
  })
  const again = await api.request(admin, 'POST', clusterBindings, bind('cluster-admin', groupOf('system:unauthenticated')))
  assert.equal(again.status, 403, again.text)
})

const configured = (off: readonly string[]) => ({
  configuration: parseYamlDocuments(`
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: ValidatingAdmissionPolicy
  configuration: { apiVersion: admission.bulkhead.dev/v1alpha1, kind: ShippedPolicies, disabled: [${off.join(', ')}] }
`)[0],
})

test('the admission configuration switches a shipped policy off, and no other', async () => {
  await using other = await SecuredApi.open({ admission: configured([paths]) })
  assert.equal((await other.request(admin, 'POST', `${core}/persistentvolumes${dry}`, hostPath('/etc'))).status, 201)
  assert.equal((await other.request(admin, 'POST', `${clusterBindings}${dry}`, bind('edit', userOf('system:anonymous')))).status, 403)
})

test('a server does not start with the name of no shipped policy', async () => {
  await assert.rejects(SecuredApi.open({ admission: configured(['none']) }), (err: unknown) => {
    assert.ok(err instanceof UserError)
    assert.match(err.message, /is "none"; shipped are broad-bindings\.policies\.bulkhead\.dev/)
    return true
  })
})

test('profile upstream has no shipped policies', async () => {
  await using upstream = await SecuredApi.open({ profile: 'upstream' })
  assert.equal((await upstream.request(admin, 'POST', `${core}/persistentvolumes${dry}`, hostPath('/etc'))).status, 201)
})
