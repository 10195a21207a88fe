// The worst store that one tenant can create with ClusterRole admin in one namespace and a quota of bytes, by every way of writing until
// each is refused. It is measured by the store's own accounting, so that it does not depend on time or the machine.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { createRegistry } from '../../../base/metrics/metrics.ts'
import { createStoreMetrics } from '../../../store/metrics.ts'
import { testSealer } from '../../../store/records/sealer.testing.ts'
import { openSqliteStore } from '../../../store/sqlite/sqlite-store.ts'
import { initialClusterDefaults } from '../../bootstrap/cluster-defaults.ts'
import { type Answer, admin, contentTypes, person, restrictedPod, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

const directory = await mkdtemp(join(tmpdir(), 'bulkhead-worst-'))
after(() => rm(directory, { recursive: true }))

const kibibyte = 1024
const mebibyte = 2 ** 20
/** Share of the quota for each way of writing: together a tenth of the default, so that the test ends soon. */
const stepBytes = 1.5 * mebibyte
const cacheBytes = 2 * mebibyte
const mallory = person('mallory')
const team = '/api/v1/namespaces/team'
const text = (bytes: number) => 'x'.repeat(bytes)
const resources = { requests: { cpu: '1m', memory: '1Mi' }, limits: { memory: '1Mi' } }

type Write = readonly [method: string, path: string, body: object, type?: string]
/** Each as often as it is admitted, with another number each time. */
const writes: readonly (readonly [title: string, write: (number: number) => Write])[] = [
  ['ConfigMaps of 1 MiB', n => ['POST', `${team}/configmaps`, { metadata: { name: `m${n}` }, data: { text: text(mebibyte - 20) } }]],
  ['Secrets', n => ['POST', `${team}/secrets`, { metadata: { name: `s${n}` }, stringData: { text: text(400 * kibibyte) } }]],
  [
    'Pods with large annotations',
    n => {
      const pod = restrictedPod(`p${n}`, {}, { resources })
      return ['POST', `${team}/pods`, { ...pod, metadata: { ...pod.metadata, annotations: { text: text(255 * kibibyte) } } }]
    },
  ],
  [
    'what is just too small for a file',
    n => ['POST', `${team}/configmaps`, { metadata: { name: `f${n}` }, data: { text: text(63 * kibibyte) } }],
  ],
  [
    'labels, which stay in memory',
    n => {
      const labels = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`l${i}`, text(60)]))
      return ['POST', `${team}/configmaps`, { metadata: { name: `l${n}`, labels } }]
    },
  ],
  ['many small objects', n => ['POST', `${team}/configmaps`, { metadata: { name: `t${n}` } }]],
  [
    'growth of what is there',
    n => ['PATCH', `${team}/configmaps/grown${n % 2}`, { data: { [`k${n}`]: text(50 * kibibyte) } }, contentTypes.merge],
  ],
  [
    'growth by an apply with ever more managers',
    n => [
      'PATCH',
      `${team}/configmaps/applied${n % 2}?fieldManager=m${n}`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `applied${n % 2}` }, data: { [`k${n}`]: text(20 * kibibyte) } },
      contentTypes.apply,
    ],
  ],
  [
    'Events',
    n => [
      'POST',
      `${team}/events`,
      {
        metadata: { name: `e${n}`, annotations: { text: text(255 * kibibyte) } },
        ...{ involvedObject: { namespace: 'team', name: `p${n}` }, reason: 'Worst', source: { component: `c${n}` } },
      },
    ],
  ],
]

test('a tenant cannot grow the store beyond the quota, nor its memory beyond the limits, with any objects', {
  timeout: 300_000,
}, async () => {
  const metrics = createRegistry()
  await using store = await openSqliteStore({
    ...{ directory, sealer: testSealer(), clock: systemClock, log: silentLogger, large: { cacheBytes } },
    metrics: createStoreMetrics(metrics),
  })
  // Time passes only between the ways of writing, so that no rate limit recovers meanwhile.
  const clock = new SteppedClock()
  await using api = await SecuredApi.open({ store, clock })
  const gauge = async (name: string): Promise<number> => {
    const [sample] = (await metrics.getSingleMetric(`bulkhead_store_${name}`)?.get())?.values ?? []
    return sample?.value ?? assert.fail(`there is no ${name}`)
  }
  await api.create('/api/v1/namespaces', { metadata: { name: 'team' } })
  await api.create(`${team}/serviceaccounts`, { metadata: { name: 'default' } })
  await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/team/rolebindings', {
    metadata: { name: 'admins' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
  })
  const before = { total: await gauge('stored_bytes'), counted: store.contents.of('team') }
  const { hard } = (initialClusterDefaults.spec?.namespaces?.resourceQuota as { hard: Record<string, string> } | undefined) ?? assert.fail()
  assert.equal(hard['bulkhead.dev/stored-bytes'], '128Mi')
  await api.create(`${team}/resourcequotas`, {
    metadata: { name: 'default' },
    spec: { hard: { ...hard, 'bulkhead.dev/stored-bytes': '1Mi' } },
  })
  for (const name of ['grown0', 'grown1']) await api.create(`${team}/configmaps`, { metadata: { name } })

  let quotaBytes = mebibyte
  const send = (write: Write): Promise<Answer> => api.request(mallory, ...write)
  const checkBounds = async (title: string): Promise<void> => {
    assert.ok(store.contents.of('team') <= quotaBytes, `${title}: ${store.contents.of('team')} bytes are stored`)
    // Objects being written to files, and recently used ones, besides the cache.
    assert.ok(
      (await gauge('large_cached_bytes')) <= cacheBytes + 4 * mebibyte,
      `${title}: ${await gauge('large_cached_bytes')} bytes of large objects in memory`,
    )
    assert.ok((await gauge('past_bytes')) <= 64 * mebibyte)
    assert.ok((await gauge('waiting_bytes')) <= 64 * mebibyte)
  }
  for (const [title, write] of writes) {
    clock.advance(60_000)
    quotaBytes += stepBytes
    const raised = { spec: { hard: { 'bulkhead.dev/stored-bytes': String(quotaBytes) } } }
    assert.equal((await api.request(admin, 'PATCH', `${team}/resourcequotas/default`, raised, contentTypes.merge)).status, 200)
    let refused: Answer | undefined
    for (let number = 0; refused === undefined; number++) {
      assert.ok(number < 3000, `${title} has no end`)
      const answer = await send(write(number))
      if (answer.status >= 300) refused = answer
    }
    const { code, message } = refused.json
    const expected =
      title === 'Events'
        ? /^limit reached on type Namespace for key team: its Events take 32 MiB/
        : /exceeded quota: default, requested: bulkhead\.dev/
    assert.match(message, expected, title)
    assert.equal(code, title === 'Events' ? 429 : 403, title)
    await checkBounds(title)
  }
  assert.ok((await gauge('stored_bytes')) - before.total <= quotaBytes - before.counted + 32 * mebibyte)

  // Updates without growth are limited by their rate.
  let last: Answer | undefined
  for (let number = 0; last === undefined; number++) {
    assert.ok(number < 1000, 'updates have no end')
    const answer = await send([
      'PUT',
      `${team}/configmaps/m${number % 2}`,
      { metadata: { name: `m${number % 2}` }, data: { text: `${number % 10}`.repeat(mebibyte - 20) } },
    ])
    if (answer.status !== 200) last = answer
    if (number % 16 === 0) await checkBounds('updates')
  }
  assert.equal(last.status, 429)
  assert.match(
    last.json.message,
    /^(user "mallory"|namespace "team") writes more than 4 MiB of objects a second, 64 MiB at once: try again in \d+ seconds/,
  )
  assert.ok(Number(last.json.details?.retryAfterSeconds) >= 1)

  // When everything is used up, a tenant can delete, and gets all of it back.
  for (const resource of ['configmaps', 'secrets', 'pods', 'events']) {
    const { status } = await send(['DELETE', `${team}/${resource}`, { gracePeriodSeconds: 0 }])
    assert.equal(status, 200, resource)
  }
  assert.ok(store.contents.of('team') < before.counted + 16 * kibibyte, `${store.contents.of('team')} bytes are left`)
  assert.equal(store.contents.of('team', 'news'), 0)
  assert.equal((await api.request(admin, 'GET', `${team}/configmaps`)).json.items.length, 0)
})
