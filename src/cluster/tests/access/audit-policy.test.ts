// An audit policy through the whole server and the log on disk: which bodies are recorded, and which never are.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditEvent } from '../../../access/audit/audit-event.ts'
import { AuditLog } from '../../../access/audit/audit-log.ts'
import type { AuditPolicy } from '../../../access/audit/policy.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { admin, contentTypes, SecuredApi } from '../secured-api.testing.ts'

const inDefault = '/api/v1/namespaces/default'
const canary = 'canary-6f1b'

/** The log after these requests. */
async function logged(
  policy: AuditPolicy,
  requests: (api: SecuredApi) => Promise<void>,
  keepsWrites = true,
): Promise<{ text: string; events: AuditEvent[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'audit-policy-'))
  try {
    {
      await using audit = await AuditLog.open({ directory, clock: systemClock, log: silentLogger, policy, keepsWrites })
      await using api = await SecuredApi.open({ audited: audit })
      await requests(api)
    }
    const text = readdirSync(directory, { withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(({ name }) => readFileSync(join(directory, name), 'utf8'))
      .join('')
    const lines = text.split('\n').filter(line => line.startsWith('{"kind":"Event"'))
    return { text, events: lines.map((line): AuditEvent => JSON.parse(line)).filter(({ user }) => user.username === admin.name) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } }
const of = (events: readonly AuditEvent[], verb: string): AuditEvent => events.find(event => event.verb === verb) ?? assert.fail(verb)

test('the levels record requests and answers, without managed fields if those are omitted', async () => {
  const policy: AuditPolicy = {
    rules: [
      { level: 'Request', verbs: ['patch'] },
      { level: 'RequestResponse', resources: [{ resources: ['services'] }], omitManagedFields: true },
    ],
  }
  const patch = [{ op: 'replace', path: '/spec/ports/0/port', value: 81 }]
  const { events } = await logged(policy, async api => {
    await api.create(`${inDefault}/services?fieldManager=t`, service)
    await api.request(admin, 'GET', `${inDefault}/services/s`)
    await api.request(admin, 'PATCH', `${inDefault}/services/s`, patch, contentTypes.jsonPatch)
    await api.request(
      admin,
      'PUT',
      `${inDefault}/services/s`,
      Buffer.from('kind: Service\napiVersion: v1\nspec: {ports: 1}'),
      'application/yaml',
    )
  })
  const created = of(events, 'create')
  assert.equal(created.level, 'RequestResponse')
  assert.deepEqual(created.requestObject, service)
  const stored = created.responseObject as { metadata: { uid?: string; managedFields?: unknown }; spec: { clusterIP?: string } }
  assert.ok(stored.metadata.uid && stored.spec.clusterIP)
  assert.equal(stored.metadata.managedFields, undefined)
  const got = of(events, 'get')
  assert.equal(got.requestObject, undefined)
  assert.equal((got.responseObject as typeof stored).metadata.uid, stored.metadata.uid)
  const patched = of(events, 'patch')
  assert.deepEqual([patched.level, patched.requestObject, patched.responseObject], ['Request', patch, undefined])
  const refused = of(events, 'update')
  assert.deepEqual(refused.requestObject, { kind: 'Service', apiVersion: 'v1', spec: { ports: 1 } })
  assert.equal((refused.responseObject as { kind: string }).kind, 'Status')
})

test('rows F25 and O11: contents of secrets and tokens never get into the log, and each write is recorded, whatever the policy says', async () => {
  const everything: AuditPolicy = { rules: [{ level: 'RequestResponse' }] }
  const secrets = `${inDefault}/secrets`
  const encoded = Buffer.from(canary).toString('base64')
  const { text, events } = await logged(everything, async api => {
    await api.create(secrets, { metadata: { name: 's' }, stringData: { key: canary } })
    await api.request(admin, 'GET', `${secrets}/s`)
    await api.request(admin, 'GET', '/api/v1/secrets')
    await api.request(admin, 'PATCH', `${secrets}/s`, { stringData: { key: canary } })
    await api.request(
      admin,
      'PATCH',
      `${secrets}/s?fieldManager=t`,
      { apiVersion: 'v1', kind: 'Secret', stringData: { more: canary } },
      'application/apply-patch+yaml',
    )
    await api.request(admin, 'DELETE', secrets)
    await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'a' } })
    const token = await api.request(admin, 'POST', `${inDefault}/serviceaccounts/a/token`, { spec: {} })
    assert.equal(token.status, 201)
    const review = await api.request(admin, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: token.json.status.token },
    })
    assert.equal(review.json.status.authenticated, true)
    await api.create(`${inDefault}/services`, service)
  })
  for (const secret of [canary, encoded, 'eyJ']) assert.ok(!text.includes(secret), secret)
  assert.equal(events.filter(({ level }) => level === 'Metadata').length, 9)
  assert.equal(events.filter(({ requestObject }) => requestObject !== undefined).length, 1)
  const silent: AuditPolicy = { rules: [{ level: 'None' }], omitStages: ['ResponseComplete'] }
  const writes = async (api: SecuredApi) => void (await api.create(`${inDefault}/services`, service))
  assert.equal((await logged(silent, writes)).events.length, 1)
  assert.equal((await logged(silent, writes, false)).events.length, 0)
})

test('a body that is too large or unreadable is omitted, and the event says so', async () => {
  const { events } = await logged({ rules: [{ level: 'RequestResponse' }] }, async api => {
    await api.request(admin, 'POST', `${inDefault}/services`, Buffer.alloc(3 * 1024 * 1024 + 1, ' '))
    await api.request(admin, 'POST', `${inDefault}/services`, Buffer.from('{'))
  })
  assert.deepEqual(
    events.map(({ requestObject, annotations }) => [requestObject, annotations?.['audit.bulkhead.dev/left-out']]),
    [
      [undefined, 'request'],
      [undefined, 'request'],
    ],
  )
})
