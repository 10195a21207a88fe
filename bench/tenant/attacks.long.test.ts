// A short form of each attack on a server in this process: it is carried out or refused with a reason, and what it makes the server count stays within its bounds.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { attackedNamespace } from '../../src/access/rights/tenant-attack.testing.ts'
import { initialClusterDefaults } from '../../src/cluster/bootstrap/cluster-defaults.ts'
import { type Answer, admin, person, SecuredApi, SteppedClock } from '../../src/cluster/tests/secured-api.testing.ts'
import type { AttackRequest } from './attack.ts'
import { attacks } from './attacks.ts'
import { attacker, rbacGroup } from './tenant-paths.ts'

/** The objects that an attack prepares. */
const prepared = 3
const repeated = 2
/** Steps of each decision that one request needs: the request itself, finalizers, escalation. */
const mostSteps = 4 * 5000
const mostBytes = 8 * 2 ** 20

suite('attacks of one tenant', () => {
  const clock = new SteppedClock()
  let api: SecuredApi
  before(async () => {
    api = await SecuredApi.open({ clock })
    const inNamespace = `/api/v1/namespaces/${attackedNamespace}`
    await api.create('/api/v1/namespaces', { metadata: { name: attackedNamespace } })
    await api.create(`${inNamespace}/serviceaccounts`, { metadata: { name: 'default' } })
    await api.create(`${inNamespace}/resourcequotas`, {
      metadata: { name: 'default' },
      spec: initialClusterDefaults.spec?.namespaces?.resourceQuota ?? {},
    })
    await api.create(`/apis/${rbacGroup}/v1/namespaces/${attackedNamespace}/rolebindings`, {
      metadata: { name: 'admins' },
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'admin' },
      subjects: [{ apiGroup: rbacGroup, kind: 'User', name: attacker }],
    })
  })
  after(() => api[Symbol.asyncDispose]())

  const send = (user: typeof admin, [method, path, body = '', type]: AttackRequest): Promise<Answer> =>
    api.request(user, method, path, Buffer.from(body), method === 'GET' ? undefined : (type ?? 'application/json'))
  const steps = async (): Promise<number> => {
    const { text } = await api.request(admin, 'GET', '/metrics')
    return Number(/^bulkhead_rbac_steps_total (\d+)$/m.exec(text)?.[1])
  }

  // A watch does not end here, and a webhook has no server behind it.
  for (const attack of attacks.filter(({ id }) => id !== 'watches' && id !== 'webhook')) {
    test(`${attack.id}: ${attack.title}`, async () => {
      for (const [method, path, body] of attack.installed ?? []) {
        const { status, text } = await api.request(admin, method, path, Buffer.from(body ?? ''))
        assert.equal(status, 201, text.slice(0, 500))
      }
      let count = 0
      for (const request of attack.prepare?.() ?? []) {
        if (count++ === prepared) break
        const { status, text } = await send(person(attacker), request)
        assert.ok(status < 500, text.slice(0, 300))
      }
      for (let number = 0; number < repeated; number++) {
        clock.advance(10_000)
        const stepsBefore = await steps()
        const { status, text } = await send(person(attacker), attack.request(number))
        // An object that is too large is answered so, as upstream.
        assert.ok(status < 500 || text.includes('request is too large'), text.slice(0, 300))
        assert.ok(text.length < mostBytes, `${text.length} characters of answer`)
        const taken = (await steps()) - stepsBefore
        assert.ok(taken < mostSteps, `${taken} steps`)
      }
    })
  }
})
