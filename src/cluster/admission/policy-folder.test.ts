// Policies from a folder through the whole server: their effect, who cannot change them, and changes of files.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { turn } from '../../base/async/turns.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { admin, SecuredApi } from '../tests/secured-api.testing.ts'
import { maxPolicyFileBytes, maxPolicyFiles, openPolicyFolder } from './policy-folder.ts'

const group = '/apis/admissionregistration.k8s.io/v1'
const rules = (resources: string, groups = '') => ({
  resourceRules: [{ apiGroups: [groups], apiVersions: ['*'], operations: ['*'], resources: [resources] }],
})
const policy = (name: string, expression: string, matchConstraints: object): string =>
  [
    { kind: 'ValidatingAdmissionPolicy', metadata: { name }, spec: { matchConstraints, validations: [{ expression }] } },
    { kind: 'ValidatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } },
  ]
    .map(object => JSON.stringify({ apiVersion: 'admissionregistration.k8s.io/v1', ...object }))
    .join('\n---\n')

function temporaryFolder(): Disposable & { readonly path: string; write(name: string, text: string): void } {
  const path = mkdtempSync(join(tmpdir(), 'policies-'))
  return {
    path,
    write: (name, text) => writeFileSync(join(path, name), text),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  }
}
const open = (path: string) => openPolicyFolder(path, { clock: systemClock, log: silentLogger })

interface Listed {
  readonly kind: string
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
}

/** Without the policies that come with the cluster. */
async function itemsOfFiles(api: SecuredApi): Promise<Listed[]> {
  const items: Listed[] = (await api.request(admin, 'GET', '/bulkhead/v1/policies')).json.items
  return items.filter(({ metadata }) => metadata.annotations['policy.bulkhead.dev/file'] !== 'shipped with the cluster')
}

test('row P1: what a file forbids nobody can allow: not by the API, whatever rights they have', async () => {
  using folder = temporaryFolder()
  folder.write('names.yaml', policy('names', "object == null || object.metadata.name != 'bad'", rules('configmaps')))
  folder.write('.hidden.yaml', 'not: read')
  folder.write('notes.txt', 'not read')
  await using api = await SecuredApi.open({ policies: open(folder.path) })
  const create = (name: string) => api.request(admin, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } })
  assert.match((await create('bad')).json.message, /ValidatingAdmissionPolicy 'names' with binding 'names' denied request/)
  assert.equal((await create('good')).status, 201)
  for (const plural of ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']) {
    assert.equal((await api.request(admin, 'DELETE', `${group}/${plural}/names`)).status, 404)
    assert.equal((await api.request(admin, 'PATCH', `${group}/${plural}/names`, { spec: {} })).status, 404)
    assert.equal((await api.request(admin, 'DELETE', `${group}/${plural}`)).status, 200)
  }
  // A policy of the same name in the API is a different one.
  await api.create(`${group}/validatingadmissionpolicies`, {
    metadata: { name: 'names' },
    spec: { matchConstraints: rules('configmaps'), validations: [{ expression: 'true' }] },
  })
  assert.equal((await create('bad')).status, 422)
  const items = await itemsOfFiles(api)
  assert.deepEqual(
    items.map(({ kind, metadata }) => [kind, metadata.annotations]),
    [
      ['ValidatingAdmissionPolicy', { 'policy.bulkhead.dev/file': 'names.yaml' }],
      ['ValidatingAdmissionPolicyBinding', { 'policy.bulkhead.dev/file': 'names.yaml' }],
    ],
  )
})

test('row P1: what a file changes cannot be switched off, if mutating policies are enabled', async () => {
  using folder = temporaryFolder()
  const spec = { matchConstraints: rules('configmaps'), reinvocationPolicy: 'Never' }
  const expression = 'Object{metadata: Object.metadata{annotations: {"owner": request.userInfo.username}}}'
  const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }]
  const objects = [
    { kind: 'MutatingAdmissionPolicy', metadata: { name: 'owners' }, spec: { ...spec, mutations } },
    { kind: 'MutatingAdmissionPolicyBinding', metadata: { name: 'owners' }, spec: { policyName: 'owners' } },
  ]
  const alpha = 'admissionregistration.k8s.io/v1alpha1'
  folder.write('owners.yaml', objects.map(object => JSON.stringify({ apiVersion: alpha, ...object })).join('\n---\n'))
  assert.throws(() => open(folder.path), /the feature gate MutatingAdmissionPolicy is off/)
  const features = { groupVersions: [alpha], mutatingAdmissionPolicy: true }
  const policies = openPolicyFolder(folder.path, { clock: systemClock, log: silentLogger, features })
  await using api = await SecuredApi.open({ policies, features })
  assert.equal((await api.request(admin, 'DELETE', `/apis/${alpha}/mutatingadmissionpolicies/owners`)).status, 404)
  assert.equal((await api.request(admin, 'DELETE', `/apis/${alpha}/mutatingadmissionpolicybindings`)).status, 200)
  const created = await api.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a', annotations: { owner: 'somebody' } } })
  assert.deepEqual(created.metadata.annotations, { owner: 'admin' })
  const items = await itemsOfFiles(api)
  assert.deepEqual(
    items.map(({ kind }) => kind),
    ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
  )
})

test('policies from files apply to policies and webhooks of the API too', async () => {
  using folder = temporaryFolder()
  folder.write('guard.yaml', policy('guard', "request.operation != 'DELETE'", rules('*', 'admissionregistration.k8s.io')))
  await using api = await SecuredApi.open({ policies: open(folder.path) })
  await api.create(`${group}/validatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: { matchConstraints: rules('configmaps'), validations: [{ expression: 'true' }] },
  })
  assert.match(
    (await api.request(admin, 'DELETE', `${group}/validatingadmissionpolicies/p`)).json.message,
    /'guard' denied|binding 'guard' denied/,
  )
})

test('a changed file takes effect, a broken one keeps the former policies, and both are reported', async () => {
  using folder = temporaryFolder()
  const named = (expression: string) => policy('a', `object.metadata.name != 'x' || ${expression}`, rules('configmaps'))
  folder.write('a.yaml', named('false'))
  const policies = open(folder.path)
  await using api = await SecuredApi.open({ policies })
  const status = async () =>
    (await api.request(admin, 'POST', '/api/v1/namespaces/default/configmaps?dryRun=All', { metadata: { name: 'x' } })).status
  assert.equal(await status(), 422)
  folder.write('a.yaml', 'kind: [')
  while (policies.problem() === undefined) await turn()
  assert.match(policies.problem() ?? '', /"a\.yaml" cannot be read/)
  assert.match((await api.request(admin, 'GET', '/bulkhead/v1/policies')).json.problem, /"a\.yaml" cannot be read/)
  assert.equal(await status(), 422)
  folder.write('a.yaml', named('true'))
  while (policies.problem() !== undefined) await turn()
  assert.equal(await status(), 201)
})

test('a folder or file that other users may write is not accepted', () => {
  using folder = temporaryFolder()
  folder.write('a.yaml', policy('a', 'true', rules('configmaps')))
  open(folder.path)
  for (const [path, closed] of [
    [join(folder.path, 'a.yaml'), 0o644],
    [folder.path, 0o755],
  ] as const) {
    chmodSync(path, closed | 0o002)
    assert.throws(() => open(folder.path), /is world-writable/)
    chmodSync(path, closed)
    open(folder.path)
  }
})

test('a folder that cannot be used stops the start, with the reason', () => {
  using folder = temporaryFolder()
  const refused = (message: RegExp) =>
    assert.throws(
      () => open(folder.path),
      err => err instanceof UserError && message.test(err.message),
    )
  folder.write('a.yaml', '{ kind: Pod }')
  refused(/^Policy folder ".*": "a\.yaml", document 1 is of undefined, Kind=Pod/)
  truncateSync(join(folder.path, 'a.yaml'), maxPolicyFileBytes + 1)
  refused(/has 1048577 bytes, the limit is 1048576$/)
  for (let i = 0; i <= maxPolicyFiles; i++) folder.write(`${i}.json`, '')
  refused(/has 202 files, the limit is 200$/)
  assert.throws(() => open('/nothing/here'), /^UserError: Cannot read the policy folder "\/nothing\/here": it does not exist/)
})
