import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '../../api/types/networking-v1.ts'
import { evaluateFlow, type Flow } from './evaluate.ts'
import { explainRefusal } from './explain-refusal.ts'
import { parseRefused } from './refused-connections.ts'

const pod = (namespace: string, name: string, labels: Record<string, string>) => ({ namespace, name, labels, ports: [] })
const deny = (namespace: string): NetworkPolicy => ({
  metadata: { name: 'default-deny', namespace },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
})
const labels = (name: string) => ({ 'kubernetes.io/metadata.name': name })
const flow: Flow = {
  from: { address: '10.0.0.2', pod: pod('red', 'web-5d4-x', { app: 'web', 'pod-template-hash': '5d4' }) },
  to: { address: '10.0.0.3', pod: pod('blue', 'db-0', { app: 'db', 'statefulset.kubernetes.io/pod-name': 'db-0' }) },
  protocol: 'TCP',
  port: 5432,
}

test('explainRefusal() names both ends that refuse, and proposes the smallest policies that suffice', () => {
  const world = { policies: [deny('red'), deny('blue')], namespaceLabels: labels }
  const ends = explainRefusal(flow, world)
  assert.deepEqual(
    ends.map(({ direction, namespace, isolating }) => [direction, namespace, isolating]),
    [
      ['egress', 'red', ['default-deny']],
      ['ingress', 'blue', ['default-deny']],
    ],
  )
  const policies = [...world.policies, ...ends.map(({ wouldAllow }) => wouldAllow)]
  assert.equal(evaluateFlow(flow, { ...world, policies }).allowed, true)
  assert.deepEqual(explainRefusal(flow, { ...world, policies }), [])
  assert.equal(evaluateFlow({ ...flow, port: 22 }, { ...world, policies }).allowed, false)
  // The next pod of the same template is allowed too; labels of a single pod are omitted.
  const next = { ...flow.from, pod: pod('red', 'web-9c8-y', { app: 'web', 'pod-template-hash': '9c8' }) }
  assert.equal(evaluateFlow({ ...flow, from: next }, { ...world, policies }).allowed, true)
  const other = { ...flow.from, pod: pod('red', 'job', { app: 'job' }) }
  assert.equal(evaluateFlow({ ...flow, from: other }, { ...world, policies }).allowed, false)
})

test('explainRefusal() proposes an address for a peer that is no pod, and no ports for a protocol without them', () => {
  const world = { policies: [deny('red')], namespaceLabels: labels }
  const [end] = explainRefusal({ ...flow, to: { address: '192.0.2.1' }, protocol: 'ICMP', port: 8 }, world)
  assert.deepEqual(end?.wouldAllow.spec.egress, [{ to: [{ ipBlock: { cidr: '192.0.2.1/32' } }] }])
})

test('parseRefused() reads the output of nft, newest first, and reports the requested port of DNS', () => {
  const elem = (concat: unknown[], expires: number) => ({ elem: { val: { concat }, expires, counter: { packets: 3, bytes: 180 } } })
  const set = { name: 's', elem: [elem(['10.0.0.2', '10.0.0.3', 'tcp', 80], 500), elem(['10.0.0.2', '10.96.0.10', 'udp', 10053], 598)] }
  const text = JSON.stringify({ nftables: [{ metainfo: {} }, { set }] })
  const dns = { address: '10.96.0.10', port: 10053 }
  assert.deepEqual(parseRefused(text, 'egress', dns), [
    { direction: 'egress', from: '10.0.0.2', to: '10.96.0.10', protocol: 'UDP', names: true, port: 53, packets: 3, secondsAgo: 2 },
    { direction: 'egress', from: '10.0.0.2', to: '10.0.0.3', protocol: 'TCP', names: false, port: 80, packets: 3, secondsAgo: 100 },
  ])
  assert.deepEqual(parseRefused(JSON.stringify({ nftables: [{ set: { name: 's' } }] }), 'egress', dns), [])
})
