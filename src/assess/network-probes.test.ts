import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '../api/types/networking-v1.ts'
import { compareProbes, probeScript, reachedBy, type Target } from './network-probes.ts'

const from = { address: '10.0.0.2', pod: { namespace: 'a', name: 'p', labels: {}, ports: [] } }
const targets: readonly Target[] = [
  { party: { address: '10.0.0.3' }, protocol: 'TCP', port: 80 },
  { party: { address: '10.0.0.4' }, protocol: 'TCP', port: 80 },
]
const policies: NetworkPolicy[] = [
  {
    metadata: { name: 'one', namespace: 'a' },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.0.0.3/32' } }] }] },
  },
]

test('compareProbes() says of each probe what policies allow and what happened', () => {
  const compared = compareProbes([{ from, reached: new Set(['TCP 10.0.0.4 80']) }], targets, policies, [])
  assert.deepEqual(compared, [
    { name: 'pod a/p to 10.0.0.3 TCP port 80', expected: 'reached', reached: false, why: 'the policies allow it' },
    { name: 'pod a/p to 10.0.0.4 TCP port 80', expected: 'refused', reached: true, why: 'the egress policies do not allow it' },
  ])
})

test('reachedBy() reads the output of a finished probe script, and undefined of an unfinished one', () => {
  const others: readonly Target[] = [{ party: { address: '10.0.0.5' }, protocol: 'UDP', port: 9 }]
  assert.match(
    probeScript([...targets, ...others], 'me'),
    /nc -w 5 10\.0\.0\.3 80[\s\S]*nc -w 5 10\.0\.0\.4 80[\s\S]*-r me[\s\S]*10\.0\.0\.5 9[\s\S]*wait\necho done$/,
  )
  assert.deepEqual([...(reachedBy('reached TCP 10.0.0.3 80\nnoise\ndone\n') ?? [])], ['TCP 10.0.0.3 80'])
  assert.equal(reachedBy('reached TCP 10.0.0.3 80\n'), undefined)
})
