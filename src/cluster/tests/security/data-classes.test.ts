// Data classes on a whole API server: what stays out of records, Events and logs, and who may lower a class.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataClassFieldsAnnotation, dataClassLabel } from '../../../api/data-classes/data-class.ts'
import { quotesHeader } from '../../../api/data-classes/quotes-header.ts'
import type { UserInfo } from '../../../api/user.ts'
import { admin, contentTypes, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const ann = person('ann', 'dev')
const canary = 'canary-of-a-person'
const pods = '/api/v1/namespaces/shop/pods'
const events = '/api/v1/namespaces/shop/events'

async function shop(labels: object): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  await api.create('/api/v1/namespaces', { metadata: { name: 'shop', labels } })
  await api.create('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'default' } })
  return api
}

const pod = (name: string, value = canary) => restrictedPod(name, {}, { command: [value], env: [{ name: 'VALUE', value }] })
const eventAbout = (name: string, message: string, kind = 'Pod') => ({
  ...{ metadata: { name: `about-${name}` }, type: 'Warning', reason: 'Failed', message },
  involvedObject: { apiVersion: 'v1', kind, namespace: 'shop', name },
})

test('a pod gets the class of its namespace, and its Events show none of its values', async () => {
  await using api = await shop({ [dataClassLabel]: 'confidential' })
  const made = await api.create(pods, pod('one'))
  assert.equal(made.metadata.labels[dataClassLabel], 'confidential')
  const about = await api.create(events, eventAbout('one', `Container c: exec "${canary}": no such file, image registry.example/app:1`))
  assert.equal(about.message, 'Container c: exec "[confidential]": no such file, image registry.example/app:1')
  const patched = await api.request(admin, 'PATCH', `${events}/about-one`, { message: canary })
  assert.equal(patched.json.message, '[confidential]')
})

test('Events about personal objects, and about those that are gone, have no message', async () => {
  await using api = await shop({ [dataClassLabel]: 'personal' })
  const { message } = await api.create(events, eventAbout('gone', canary))
  assert.equal(message, '(left out: data class "personal")')
})

test('Events about a pod show none of the Secrets that it gets as variables', async () => {
  await using api = await shop({})
  await api.create('/api/v1/namespaces/shop/secrets', { metadata: { name: 's' }, stringData: { key: canary } })
  const env = [{ name: 'VALUE', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } }]
  await api.create(pods, restrictedPod('one', {}, { env }))
  const { message } = await api.create(events, eventAbout('one', `exec "${canary}", and more`))
  assert.equal(message, 'exec "[confidential]", and more')
  await api.create(pods, restrictedPod('two'))
  const [container] = restrictedPod('two', {}, { env }).spec.containers
  const debug = { ephemeralContainers: [{ ...container, name: 'debug' }] }
  const added = await api.request(
    admin,
    'PATCH',
    `${pods}/two/ephemeralcontainers`,
    { spec: debug },
    'application/strategic-merge-patch+json',
  )
  assert.equal(added.status, 200, added.text)
  assert.equal((await api.create(events, eventAbout('two', `exec "${canary}"`))).message, 'exec "[confidential]"')
  const other = await api.create(events, eventAbout('none', 'as it is'))
  assert.equal(other.message, 'as it is')
})

test('who may write Events and not read the object cannot confirm a value by the mark', async () => {
  await using api = await shop({})
  const secrets = '/api/v1/namespaces/shop/secrets'
  await api.create(secrets, { metadata: { name: 's' }, stringData: { key: canary } })
  const env = [{ name: 'VALUE', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } }]
  await api.create(pods, restrictedPod('one', {}, { env }))
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/shop'
  const grant = async (user: string, rules: readonly object[]) => {
    await api.create(`${rbac}/roles`, { metadata: { name: user }, rules })
    await api.create(`${rbac}/rolebindings`, {
      metadata: { name: user },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user },
    })
  }
  const writes = { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] }
  await grant('writer', [writes])
  await grant('reader', [writes, { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['s'] }])
  const of = async (user: UserInfo, kind: string, text: string) => {
    const name = kind === 'Pod' ? 'one' : 's'
    const about = { ...eventAbout(name, text), metadata: { generateName: 'about-' } }
    const { status, json } = await api.request(user, 'POST', events, {
      ...about,
      involvedObject: { ...about.involvedObject, kind, namespace: 'shop', name },
    })
    assert.equal(status, 201, json.message)
    return json.message
  }
  const guesses = [canary, 'another guess']
  const [confirmed, wrong] = await Promise.all(guesses.map(guess => of(person('writer'), 'Secret', guess)))
  assert.equal(confirmed, wrong)
  assert.deepEqual(await Promise.all(guesses.map(guess => of(person('writer'), 'Pod', guess))), guesses)
  for (const kind of ['Secret', 'Pod']) assert.equal(await of(person('reader'), kind, `is ${canary}`), 'is [confidential]')
  const kubelet = person('system:serviceaccount:kube-system:job-controller', 'system:serviceaccounts:kube-system')
  assert.equal(await of(kubelet, 'Pod', `is ${canary}`), 'is [confidential]')
})

test('a masked message has at most the 1,024 bytes of an Event, in whole characters', async () => {
  await using api = await shop({})
  const env = [{ name: 'VALUE', value: 'abcd' }]
  const labels = { [dataClassLabel]: 'confidential' }
  await api.create(pods, { ...restrictedPod('one', {}, { env }), metadata: { name: 'one', labels } })
  const { message } = await api.create(events, eventAbout('one', `ä${'abcd '.repeat(200)}`))
  assert.ok(message.startsWith('ä[confidential] [confidential]'))
  assert.ok(Buffer.byteLength(message) <= 1024)
})

test('an answer that says only that a Secret is missing is no quote', async () => {
  await using api = await shop({})
  const { status, headers } = await api.request(admin, 'GET', '/api/v1/namespaces/shop/secrets/none')
  assert.deepEqual([status, headers[quotesHeader]], [404, undefined])
})

test('a refusal that quotes a personal object is answered, and neither recorded, explained nor logged', async () => {
  await using api = await shop({})
  const labels = { [dataClassLabel]: 'personal' }
  const bad = { ...pod('bad'), metadata: { name: 'bad', labels } }
  bad.spec.containers = [{ ...bad.spec.containers[0], env: [{ name: `${canary}=`, value: 'x' }] }]
  const { status, text, headers } = await api.request(admin, 'POST', pods, bad)
  assert.equal(status, 422)
  assert.ok(text.includes(canary))
  assert.equal(headers[quotesHeader], 'true')
  const recorded = api.events.at(-1)
  assert.equal(recorded?.responseStatus?.message, '(left out: data class "personal")')
  assert.doesNotMatch(JSON.stringify(api.events), new RegExp(canary))
  assert.doesNotMatch((await api.request(admin, 'GET', `/bulkhead/v1/why/${recorded?.auditID}`)).text, new RegExp(canary))
  assert.doesNotMatch(api.logLines.join(''), new RegExp(canary))
})

test('who may edit a namespace raises classes, and who administers it lowers them, except that of the namespace', async () => {
  await using api = await shop({ [dataClassLabel]: 'confidential' })
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const bind = async (user: string, role: string) =>
    await api.create(`${rbac}/namespaces/shop/rolebindings`, {
      metadata: { name: user },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    })
  await bind('ann', 'edit')
  await bind('owner', 'bulkhead:aggregate-data-classes-to-admin')
  await api.create(`${rbac}/namespaces/shop/roles`, {
    metadata: { name: 'maps' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'get'] }],
  })
  await api.create(`${rbac}/namespaces/shop/rolebindings`, {
    metadata: { name: 'maps' },
    subjects: [
      { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'owner' },
      { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' },
    ],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'maps' },
  })
  const maps = '/api/v1/namespaces/shop/configmaps'
  const annotations = { [dataClassFieldsAnnotation]: 'personal=data.email' }
  await api.create(maps, { metadata: { name: 'm', annotations }, data: { email: canary } })
  const change = async (user: string, metadata: object) => (await api.request(person(user), 'PATCH', `${maps}/m`, { metadata })).status
  assert.equal(await change('ann', { annotations: { [dataClassFieldsAnnotation]: null } }), 403)
  assert.equal(await change('ann', { labels: { [dataClassLabel]: 'personal' } }), 200)
  assert.equal(await change('ann', { labels: { [dataClassLabel]: 'internal' } }), 403)
  assert.equal(await change('owner', { labels: { [dataClassLabel]: null } }), 200)
  const clusterRole = { metadata: { name: 'relabel' }, rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['patch'] }] }
  await api.create(`${rbac}/clusterroles`, clusterRole)
  await api.create(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'relabel' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'owner' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'relabel' },
  })
  const relabel = async (dataClass: string | null) =>
    await api.request(person('owner'), 'PATCH', '/api/v1/namespaces/shop', { metadata: { labels: { [dataClassLabel]: dataClass } } })
  const refused = await relabel(null)
  assert.equal(refused.status, 403)
  assert.match(
    refused.json.message,
    /lowering the data class "confidential" needs the verb "lower" on "dataclasses.access.bulkhead.dev" in the cluster$/,
  )
  assert.equal((await relabel('personal')).status, 200)
})

test('labels and annotations that name no class are refused', async () => {
  await using api = await shop({})
  const maps = '/api/v1/namespaces/shop/configmaps'
  const wrong = [{ labels: { [dataClassLabel]: 'secret' } }, { annotations: { [dataClassFieldsAnnotation]: 'personal=metadata.name' } }]
  for (const metadata of wrong) assert.equal((await api.request(admin, 'POST', maps, { metadata: { name: 'm', ...metadata } })).status, 422)
  await api.create(maps, { metadata: { name: 'm' } })
  const patch = [{ op: 'add', path: '/metadata/labels', value: { [dataClassLabel]: 'x' } }]
  assert.equal((await api.request(admin, 'PATCH', `${maps}/m`, patch, contentTypes.jsonPatch)).status, 422)
})

test('why says to administrators alone that a record is sealed', async () => {
  await using api = await SecuredApi.open({ audited: { record: () => undefined, find: async () => 'sealed' } })
  const path = '/bulkhead/v1/why/00000000-0000-4000-8000-000000000000'
  assert.match(
    (await api.request(admin, 'GET', path)).text,
    /is sealed to its readers: one of them reads it with \\"bulkhead audit search --id/,
  )
  const other = await api.request(ann, 'GET', path)
  assert.deepEqual([other.status, other.text.includes('sealed')], [404, false])
})
