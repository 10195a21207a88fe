import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '../api/types/networking-v1.ts'
import { compareProbes, probeScript, reachedBy } from './network-probes.ts'

const from = { address: '10.0.0.2', pod: { namespace: 'a', name: 'p', labels: {}, ports: [] } }
const targets = [
  { party: { address: '10.0.0.3' }, port: 80 },
  { party: { address: '10.0.0.4' }, port: 80 },
]
const policies: NetworkPolicy[] = [
  {
    metadata: { name: 'one', namespace: 'a' },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.0.0.3/32' } }] }] },
  },
]

test('compareProbes() finds connections that succeed against the policies, and allowed ones that fail', () => {
  const compare = (...reached: string[]) => compareProbes([{ from, reached: new Set(reached) }], targets, policies, [])
  assert.deepEqual(compare('10.0.0.3 80'), { allowed: 1, refused: 1, found: [] })
  assert.match(
    compare('10.0.0.3 80', '10.0.0.4 80').found.join(),
    /^pod a\/p reaches 10\.0\.0\.4 port 80, and the egress policies one do not allow it$/,
  )
  assert.match(compare().found.join(), /^pod a\/p does not reach 10\.0\.0\.3 port 80, and policies allow it$/)
})

test('reachedBy() reads the output of a finished probe script, and undefined of an unfinished one', () => {
  assert.match(probeScript(targets), /nc -w 5 10\.0\.0\.3 80[\s\S]*nc -w 5 10\.0\.0\.4 80[\s\S]*wait\necho done$/)
  assert.deepEqual([...(reachedBy('reached 10.0.0.3 80\nnoise\ndone\n') ?? [])], ['10.0.0.3 80'])
  assert.equal(reachedBy('reached 10.0.0.3 80\n'), undefined)
})
