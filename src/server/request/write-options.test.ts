import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const long = 'm'.repeat(129)
const bad = `fieldValidation=x&dryRun=y&fieldManager=${long}`
const dryRun = 'dryRun: Unsupported value: []string{"y"}: supported values: "All"'
const validation = 'fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"'
const tooLong = 'fieldManager: Too long: may not be more than 128 bytes'
const force = 'force: Forbidden: may not be specified for non-apply patch'
const apply = { 'content-type': 'application/apply-patch+yaml' }

const rows: readonly [method: string, url: string, headers: Record<string, string>, kind: string, problems: string[]][] = [
  ['POST', `${path}?${bad}`, {}, 'CreateOptions', [tooLong, dryRun, validation]],
  ['PUT', `${path}/a?${bad}`, {}, 'UpdateOptions', [tooLong, dryRun, validation]],
  ['PATCH', `${path}/a?${bad}&force=false`, {}, 'PatchOptions', [force, tooLong, dryRun, validation]],
  ['PATCH', `${path}/a?dryRun=y`, apply, 'PatchOptions', ['fieldManager: Required value: is required for apply patch', dryRun]],
  ['PATCH', '/apis/apps/v1/namespaces/default/deployments/a/scale?dryRun=y', {}, 'PatchOptions', [dryRun]],
  ['POST', `${pods}/a/eviction?dryRun=y`, {}, 'CreateOptions', [dryRun]],
  ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?dryRun=y', {}, 'CreateOptions', [dryRun]],
]
for (const [method, url, headers, kind, problems] of rows) {
  test(`${method} ${url.split('?')[0]} with ${problems.length} bad options is refused with all of them, before its body is read`, async () => {
    await using api = new TestServer()
    const { status, json } = await api.request(method, url, Buffer.from('no body that anything could read'), headers)
    assert.equal(status, 422)
    const list = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
    assert.equal(json.message, `${kind}.meta.k8s.io "" is invalid: ${list}`)
  })
}

test('an empty dryRun is no dry run that could be meant', async () => {
  await using api = new TestServer()
  const { status, json } = await api.request('POST', `${path}?dryRun=`, { metadata: { name: 'a' } })
  assert.equal(status, 422)
  assert.match(json.message, /dryRun: Unsupported value: \[\]string\{""\}/)
  assert.equal((await api.get(`${path}/a`)).status, 404)
})

test('the options of a deletion are refused with everything that is wrong, an eviction’s too', async () => {
  await using api = new TestServer()
  const options = { propagationPolicy: 'Zap', orphanDependents: true, dryRun: ['y'] }
  const both = 'propagationPolicy: Invalid value: "Zap": orphanDependents and deletionPropagation cannot be both set'
  const policy = 'propagationPolicy: Unsupported value: "Zap": supported values: "Foreground", "Background", "Orphan", "nil"'
  const message = `DeleteOptions.meta.k8s.io "" is invalid: [${both}, ${policy}, ${dryRun}]`
  assert.equal((await api.request('DELETE', `${path}/a`, options)).json.message, message)
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' }, deleteOptions: options }
  await api.create(pods, { metadata: { name: 'p' }, ...{ spec: { containers: [{ name: 'c', image: 'i' }] } } })
  assert.equal((await api.request('POST', `${pods}/p/eviction`, eviction)).json.message, message)
  assert.equal((await api.get(`${pods}/p`)).status, 200)
})
