// The output of the health endpoints for each check, in upstream's words, which tools read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from '../request/query.ts'
import { type HealthCheck, health } from './health.ts'

const checks: HealthCheck[] = [
  { name: 'ping', check: () => undefined },
  { name: 'store', check: () => undefined },
  { name: 'poststarthook/bootstrap', check: () => 'not yet', readinessOnly: true },
]

const cases: readonly [url: string, status: number | undefined, text: string][] = [
  ['/livez', 200, 'ok'],
  ['/livez?verbose', 200, '[+]ping ok\n[+]store ok\nlivez check passed\n'],
  ['/readyz', 500, '[+]ping ok\n[+]store ok\n[-]poststarthook/bootstrap failed: reason withheld\nreadyz check failed\n'],
  ['/readyz?exclude=poststarthook/bootstrap', 200, 'ok'],
  ['/readyz/store', 200, 'ok'],
  ['/readyz/poststarthook/bootstrap', 500, 'internal server error: check poststarthook/bootstrap failed\n'],
  [
    '/healthz?verbose=1&exclude=store&exclude=log&exclude=etcd',
    200,
    '[+]ping ok\n[+]store excluded: ok\nwarn: some health checks cannot be excluded: no matches for "etcd","log"\nhealthz check passed\n',
  ],
  ['/livez/poststarthook/bootstrap', undefined, ''],
  ['/readyz/poststarthook', undefined, ''],
  ['/livez/', undefined, ''],
  ['/metrics', undefined, ''],
]
for (const [url, status, text] of cases) {
  test(`health() of ${url}`, () => {
    const [path = '', query = ''] = url.split('?')
    const reply = health(checks, { query: parseQuery(query) }, path)
    assert.equal(reply?.status, status)
    assert.equal(String(reply?.body ?? ''), text)
  })
}
