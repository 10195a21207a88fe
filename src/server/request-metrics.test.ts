import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmissionRequest } from '../admission/admission.ts'
import { resources as allResources } from '../api/resources/index.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { retainedBytes } from '../base/testing/retained-bytes.testing.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { createMemoryStore } from '../store/memory.ts'
import { FlowControl } from './flow-control/flow-control.ts'
import { requestInfo } from './request/request-info.ts'
import { requestMetrics } from './request-metrics.ts'
import { serveResources } from './resource/served-resource.ts'
import { TestClock, TestServer } from './testing.ts'

const path = '/api/v1/namespaces/default/configmaps'

/** The samples of one name, as label text and value. */
async function samples(api: TestServer, name: string): Promise<Map<string, number>> {
  const lines = (await api.get('/metrics')).text.split('\n').filter(line => line.startsWith(`${name}{`))
  return new Map(lines.map(line => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

const target = (verb: string, scope: string) =>
  `verb="${verb}",group="",version="v1",resource="configmaps",subresource="",scope="${scope}",component="apiserver"`

test('requests are counted by target, dry run and code, and sizes of answers to reads alone', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  await api.request('POST', `${path}?dryRun=All`, { metadata: { name: 'b' } })
  await api.request('POST', `${path}?dryRun=mine`, { metadata: { name: 'b' } })
  await api.get(`${path}/a`)
  const totals = await samples(api, 'apiserver_request_total')
  for (const [dryRun, code] of [
    ['', 201],
    ['All', 201],
    ['invalid', 422],
  ] as const)
    assert.equal(totals.get(`{${target('CREATE', 'namespace')},dry_run="${dryRun}",code="${code}"}`), 1, [...totals.keys()].join('\n'))
  const durations = await samples(api, 'apiserver_request_duration_seconds_count')
  assert.equal(durations.get(`{${target('CREATE', 'namespace')},dry_run="All"}`), 1)
  const sizes = await samples(api, 'apiserver_response_sizes_count')
  assert.equal(sizes.get(`{${target('GET', 'resource')}}`), 1)
  assert.equal([...sizes.keys()].filter(labels => labels.includes('CREATE')).length, 0)
})

test('the time of a request in webhooks is no part of its service level', async () => {
  const clock = new TestClock()
  const admission = {
    async mutate({ externalWait }: Pick<AdmissionRequest, 'externalWait'>) {
      await externalWait?.during(Promise.resolve().then(() => clock.advance(7000)))
      clock.advance(3000)
    },
    validate: () => undefined,
  }
  await using api = new TestServer({ clock, admission })
  const first = await api.request('POST', path, { metadata: { name: 'a' } })
  assert.equal(first.status, 201)
  const labels = target('CREATE', 'namespace')
  assert.equal((await samples(api, 'apiserver_request_duration_seconds_sum')).get(`{${labels},dry_run=""}`), 10)
  assert.equal((await samples(api, 'apiserver_request_sli_duration_seconds_sum')).get(`{${labels}}`), 3)
})

test('metrics cover deprecated resources, health checks, watch events and the size of the store', async () => {
  await using api = new TestServer({ metrics: createRegistry() })
  assert.equal((await samples(api, 'apiserver_requested_deprecated_apis')).size, 0)
  await api.get('/api/v1/endpoints')
  await api.get('/readyz')
  await api.create(path, { metadata: { name: 'a' } })
  const watch = await api.watch(`${path}?watch=1`)
  await watch.next()
  await api.create(path, { metadata: { name: 'b' } })
  await watch.next()
  watch.close()
  const deprecated = await samples(api, 'apiserver_requested_deprecated_apis')
  assert.deepEqual([...deprecated], [['{group="",version="v1",resource="endpoints",subresource="",removed_release=""}', 1]])
  assert.equal((await samples(api, 'kubernetes_healthcheck')).get('{name="ping",type="readyz"}'), 1)
  assert.equal(
    (await samples(api, 'kubernetes_healthchecks_total')).get('{name="poststarthook/bootstrap",type="readyz",status="error"}'),
    1,
  )
  assert.equal((await samples(api, 'apiserver_storage_size_bytes')).get('{storage_cluster_id="store"}'), 0)
  await until(
    async () => (await samples(api, 'apiserver_watch_events_total')).get('{group="",version="v1",kind="ConfigMap"}') === 2,
    'both events counted',
  )
})

test('CVE-2020-8552: no client creates series of metrics by paths, methods, names, selectors or user agents of its own', async () => {
  await using api = new TestServer({ metrics: createRegistry() })
  const ask = async (from: number) => {
    for (let at = from; at < from + 20; at++) {
      const headers = { 'user-agent': `agent-${at}` }
      const selectors = `labelSelector=a%3Db${at}&fieldSelector=metadata.name%3Dn${at}&timeoutSeconds=${at}&limit=${at + 1}`
      for (const url of [
        `/x${at}`,
        `/apis/g${at}/v1/things`,
        `/api/v1/r${at}`,
        `${path}/n${at}`,
        `${path}/n/s${at}`,
        `${path}?${selectors}`,
      ])
        await api.request('GET', url, undefined, headers)
      await api.request(`M${at}`, path, undefined, headers)
      await api.request('DELETE', `/api/v1/namespaces/n${at}/configmaps/n${at}?dryRun=d${at}`, undefined, headers)
    }
    return (await api.get('/metrics')).text.split('\n').filter(line => /^\w+\{/.test(line)).length
  }
  // The page counts its own requests from the second on.
  await ask(0)
  const first = await ask(20)
  assert.equal(await ask(40), first)
})

test('CVE-2020-8552: metrics of a request retain nothing of its URL', async () => {
  const registry = createRegistry()
  const resources = serveResources(allResources, createMemoryStore())
  const metrics = requestMetrics(registry, new FlowControl({ objects: () => 0, bytes: () => 0, watchers: () => 0 }), resources)
  const paths = resources.all.flatMap(({ apiVersion, definition: { plural }, subresources }) =>
    ['', ...subresources.keys()].map(
      part => `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/${plural}/a${part === '' ? '' : `/${part}`}`,
    ),
  )
  assert.ok(paths.length > 100)
  const kept = retainedBytes(() => {
    for (const [at, path] of paths.entries()) {
      const info = requestInfo('GET', `${path}?a=${'y'.repeat(30_000)}${at}`, resources)
      metrics.observe(info, { status: 200, longRunning: false }, 0, 0, 0)
      metrics.opened(info)()
    }
  })
  assert.ok(kept < 500_000, `${kept} bytes of ${paths.length} requests`)
  assert.match(await registry.metrics(), /verb="GET",[^}]*resource="certificatesigningrequests",subresource="approval"/)
})
