import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import { podOf } from '../pod/fixture.ts'
import { RefusedReports } from './refusal-events.ts'

const refusal = (direction: 'egress' | 'ingress', from: string, to: string, port = 80): RefusedConnection => ({
  ...{ direction, from, to, port, protocol: 'TCP', names: false, packets: 1, secondsAgo: 0 },
})
const at = (name: string, ...addresses: string[]) => ({ pod: podOf({}, { name, namespace: 'red', uid: name }), addresses })
const pods = [at('a', '10.0.0.2'), at('b', '10.0.0.3')]

test('RefusedReports reports to each pod whose policies refused, once per direction and ten minutes', () => {
  const reports = new RefusedReports(address => address.startsWith('10.96.'))
  const first = reports.take(
    [refusal('egress', '10.0.0.2', '10.0.0.3'), refusal('egress', '10.0.0.2', '10.0.0.9', 81), refusal('ingress', '10.0.0.2', '10.0.0.3')],
    pods,
    0,
  )
  assert.deepEqual(
    first.map(({ pod, message }) => [pod.metadata.name, message.slice(0, 50)]),
    [
      ['a', 'A connection to 10.0.0.3 on port 80/TCP is refused'],
      ['b', 'A connection from 10.0.0.2 on port 80/TCP is refus'],
    ],
  )
  assert.match(first[0]?.message ?? '', /no NetworkPolicy of namespace "red" allows it; "bulkhead why pod\/a -n red" says what would$/)
  assert.deepEqual(reports.take([refusal('egress', '10.0.0.2', '10.0.0.4')], pods, 599_999), [])
  assert.equal(reports.take([refusal('egress', '10.0.0.2', '10.0.0.4')], pods, 600_000).length, 1)
})

test('RefusedReports ignores pods of other nodes, and spreads a flood over several rounds', () => {
  const reports = new RefusedReports(address => address.startsWith('10.96.'))
  assert.deepEqual(reports.take([refusal('egress', '10.9.9.9', '10.0.0.3')], pods, 0), [])
  const many = Array.from({ length: 30 }, (_, index) => at(`p${index}`, `10.1.0.${index}`))
  const refused = many.map((_, index) => refusal('egress', `10.1.0.${index}`, '10.0.0.1'))
  assert.deepEqual(
    [reports.take(refused, many, 0).length, reports.take(refused, many, 1).length, reports.take(refused, many, 2).length],
    [20, 10, 0],
  )
})

test('RefusedReports reports refused DNS questions, and no packet to a Service without endpoints', () => {
  const reports = new RefusedReports(address => address.startsWith('10.96.'))
  assert.deepEqual(reports.take([refusal('egress', '10.0.0.2', '10.96.1.1')], pods, 0), [])
  const names = { ...refusal('egress', '10.0.0.2', '10.96.0.10', 53), names: true }
  assert.equal(reports.take([names], pods, 0).length, 1)
})
