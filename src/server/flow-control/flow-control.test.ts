import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserInfo } from '../../api/user.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { parseQuery } from '../request/query.ts'
import type { ResourceRequestInfo } from '../request/request-info.ts'
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from './bootstrap-objects.ts'
import { dumpText } from './dump.ts'
import type { Release } from './fair-queues.ts'
import { FakeFlowClock } from './fake-flow-clock.testing.ts'
import { defaultFlowLimits, FlowControl } from './flow-control.ts'
import { registerFlowMetrics } from './flow-metrics.ts'

const suggested = { schemas: [...mandatorySchemas, ...suggestedSchemas], levels: [...mandatoryLevels, ...suggestedLevels] }
const info: ResourceRequestInfo = {
  ...{ isResource: true, verb: 'get', path: '/x', query: parseQuery(''), group: '', version: 'v1', namespace: 'a', resource: 'pods' },
  ...{ subresource: '', name: 'p', rest: [], served: undefined },
}
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, 'system:authenticated'] })

class Bench {
  readonly clock = new FakeFlowClock()
  readonly flow: FlowControl

  constructor(seats = defaultFlowLimits.seats) {
    this.flow = new FlowControl({ objects: () => 0, bytes: () => 0, watchers: () => 0 }, { ...defaultFlowLimits, seats }, this.clock)
    this.flow.configure(suggested)
  }

  start(who: UserInfo, deadlineMs?: number): Release | Promise<Release> {
    const signal = () => new AbortController().signal
    const seat = this.flow.start(this.flow.classify(who, info), { user: who, info, mutating: 0, bodyBytes: 0, deadlineMs, signal })
    return 'release' in seat ? seat.release : seat.waiting
  }

  /** Requests that never end by themselves, until nothing more runs at once; how many run. */
  flood(who: UserInfo, count: number): number {
    let running = 0
    for (let request = 0; request < count; request++) {
      try {
        const started = this.start(who)
        if (started instanceof Promise) started.catch(() => undefined)
        else running++
      } catch {
        // Refused: the flood continues.
      }
    }
    return running
  }

  level(name: string) {
    const level = this.flow.levels.find(candidate => candidate.name === name)
    assert.ok(level, name)
    return level
  }
}

const others: readonly { readonly name: string; readonly who: UserInfo }[] = [
  { name: 'another user of the same level', who: user('ann') },
  { name: 'a node', who: user('system:node:a', 'system:nodes') },
  { name: 'the scheduler', who: user('system:kube-scheduler') },
  { name: 'the controller manager', who: user('system:kube-controller-manager') },
  { name: 'an account', who: user('system:serviceaccount:a:b', 'system:serviceaccounts') },
  { name: 'an account of the system', who: user('system:serviceaccount:kube-system:b', 'system:serviceaccounts') },
  { name: 'an administrator', who: user('root', 'system:masters') },
]
for (const { name, who } of others) {
  test(`a flood of one user, however slow its requests, does not make ${name} wait`, () => {
    const bench = new Bench()
    bench.flood(user('eve'), 5000)
    assert.equal(typeof bench.start(who), 'function')
    // Nor when the level has borrowed all that it may.
    bench.clock.advance(10_000)
    bench.flow.adjust()
    bench.flood(user('eve'), 5000)
    assert.equal(typeof bench.start(who), 'function')
  })
}

test('a flood of many accounts does not affect the seats of other levels', () => {
  const bench = new Bench()
  for (let one = 0; one < 300; one++) bench.flood(user(`system:serviceaccount:a:${one}`, 'system:serviceaccounts'), 50)
  for (const { who } of others.filter(({ name }) => !name.startsWith('an account')))
    assert.equal(typeof bench.start(who), 'function', who.name)
})

test('start() never makes an exempt request wait', () => {
  const bench = new Bench(1)
  assert.equal(bench.flood(user('root', 'system:masters'), 2000), 2000)
})

test('adjust() lends idle seats to a level with demand, and reclaims them', () => {
  const bench = new Bench()
  const before = bench.level('global-default').queues.limit
  for (let one = 0; one < 100; one++) bench.flood(user(`u${one}`), 10)
  bench.clock.advance(10_000)
  bench.flow.adjust()
  const lent = bench.level('global-default').queues.limit
  assert.ok(lent > 2 * before, `${lent} after ${before}`)
  const kept = bench.level('workload-low')
  assert.ok(kept.queues.limit >= kept.limits.lower)
  const sum = bench.flow.levels.reduce((all, { queues }) => all + queues.limit, 0)
  assert.ok(Math.abs(sum - 602) <= 8, String(sum))
})

test('start() lets requests wait for a quarter of their deadline, or fifteen seconds without one', async () => {
  const bench = new Bench()
  bench.flood(user('eve'), 1000)
  const bounded = Promise.resolve(bench.start(user('eve2'), 8000))
  const running: Release[] = []
  for (;;) {
    const started = bench.start(user('filler'))
    if (started instanceof Promise) {
      const outcomes: string[] = []
      const late = Promise.resolve(bench.start(user('filler'), 8000)).catch(() => void outcomes.push('late'))
      started.catch(() => void outcomes.push('later'))
      bench.clock.advance(2000)
      await late
      assert.deepEqual(outcomes, ['late'])
      bench.clock.advance(13_000)
      await Promise.allSettled([started])
      assert.deepEqual(outcomes, ['late', 'later'])
      break
    }
    running.push(started)
  }
  await bounded
})

test('configure() removes a level without an object after its waiting requests have ended', async () => {
  const bench = new Bench()
  const eve = user('eve')
  const releases: Release[] = []
  let waiting: Promise<Release> | undefined
  while (waiting === undefined) {
    const started = bench.start(eve)
    if (started instanceof Promise) waiting = started
    else releases.push(started)
  }
  bench.flow.configure({ ...suggested, levels: suggested.levels.filter(({ metadata }) => metadata.name !== 'global-default') })
  assert.ok(bench.level('global-default').quiescing)
  assert.equal(bench.flow.classify(eve, info).level.name, 'catch-all')
  for (const release of releases) release()
  ;(await waiting)()
  bench.flow.adjust()
  assert.ok(!bench.flow.levels.some(({ name }) => name === 'global-default'))
})

test('configure() keeps requests of a level whose queues changed, and deals its flows new hands', async () => {
  const bench = new Bench()
  const eve = user('eve')
  bench.flood(eve, 60)
  const { waiting } = bench.level('global-default').queues
  assert.ok(waiting > 0)
  const shrunk = structuredClone(suggested.levels).map(level => {
    const queuing = level.metadata.name === 'global-default' ? level.spec.limited?.limitResponse?.queuing : undefined
    if (queuing) Object.assign(queuing, { queues: 2, handSize: 1 })
    return level
  })
  bench.flow.configure({ ...suggested, levels: shrunk })
  assert.equal(bench.level('global-default').queues.waiting, waiting)
  assert.equal(bench.flow.classify(eve, info).flow.hand.length, 1)
})

test("the metrics have upstream's names and this moment's values", async () => {
  const bench = new Bench()
  const registry = createRegistry()
  registerFlowMetrics(registry, bench.flow)
  bench.flood(user('eve'), 2000)
  const release = bench.start(user('root', 'system:masters'))
  bench.clock.advance(100)
  if (typeof release === 'function') release()
  const text = await registry.metrics()
  const value = (line: string) =>
    Number(
      text
        .split('\n')
        .find(candidate => candidate.startsWith(`apiserver_flowcontrol_${line}`))
        ?.split(' ')
        .at(-1),
    )
  const eve = 'priority_level="global-default",flow_schema="global-default"'
  assert.equal(value(`current_executing_requests{${eve}}`), bench.level('global-default').queues.executing)
  assert.equal(value(`current_inqueue_requests{${eve}}`), bench.level('global-default').queues.waiting)
  assert.ok(value(`rejected_requests_total{${eve},reason="queue-full"}`) > 1000)
  assert.equal(value('nominal_limit_seats{priority_level="workload-low"}'), 245)
  assert.equal(value('dispatched_requests_total{priority_level="exempt",flow_schema="exempt"}'), 1)
  assert.equal(value('request_execution_seconds_bucket{priority_level="exempt",flow_schema="exempt",le="0.1"}'), 1)
  assert.equal(value('request_execution_seconds_bucket{priority_level="exempt",flow_schema="exempt",le="0.05"}'), 0)
  assert.match(text, /# TYPE apiserver_flowcontrol_request_wait_duration_seconds histogram/)
})

test('dumpText() shows levels, queues and requests, one row each, whatever the names of users', () => {
  const bench = new Bench()
  bench.flood(user('eve\nglobal-default, forged'), 60)
  const dump = (what: string, details = false) =>
    dumpText(bench.flow, `/debug/api_priority_and_fairness/dump_${what}`, details, bench.clock, 0) ?? ''
  const root = bench.start(user('root', 'system:masters'))
  if (typeof root === 'function') root()
  const [heads = ''] = dump('priority_levels').split('\n', 1)
  assert.match(heads, /^PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, /)
  assert.match(heads, /, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests$/)
  assert.match(dump('priority_levels'), /^exempt, +0, +true, +false, +0, +0, +1, +0, +0, +0$/m)
  const { waiting, executing } = bench.level('global-default').queues
  const rejected = 60 - waiting - executing
  const row = `^global-default, +\\d, +false, +false, +${waiting}, +${executing}, +${executing}, +${rejected}, +0, +0$`
  assert.match(dump('priority_levels'), new RegExp(row, 'm'))
  assert.equal(
    dump('queues')
      .split('\n')
      .filter(line => line.startsWith('global-default,')).length,
    6,
  )
  const requests = dump('requests', true).trimEnd().split('\n')
  assert.equal(requests.length, waiting + 1)
  assert.ok(requests.every((line, at) => at === 0 || line.startsWith('global-default,')))
  assert.match(
    requests[1] ?? '',
    /eve\?global-default, forged, +1970-01-01T00:00:00.000Z, .* 0001-01-01T00:00:00Z, .* get, +\/x, +a, +p, +v1, +pods,/,
  )
  assert.equal(dumpText(bench.flow, '/debug/api_priority_and_fairness/dump_nothing', false, bench.clock, 0), undefined)
})
