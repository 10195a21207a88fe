import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cgroupDifferences, parseCgroup } from './cgroup-values.ts'

const amounts = { cpuRequest: '100m', cpuLimit: '500m', memoryLimit: '64Mi' }
const unified = 'version v2\nmemory.max 67108864\ncpu.max 50000 100000\ncpu.weight 4\n'
const legacy = 'version v1\nmemory.limit_in_bytes 67108864\ncpu.cfs_quota_us 50000\ncpu.cfs_period_us 100000\ncpu.shares 102\n'

function differences(output: string): string[] {
  const facts = parseCgroup(output)
  assert.ok(facts)
  return cgroupDifferences(facts, amounts)
}

for (const output of [unified, unified.replace('cpu.weight 4', 'cpu.weight 17'), legacy])
  test(`cgroupDifferences() accepts ${output.split('\n').join(', ')}`, () => assert.deepEqual(differences(output), []))

const cases = [
  { from: unified, what: 'memory.max 67108864', to: 'memory.max max', found: 'memory.max is max, expected 67108864' },
  { from: unified, what: 'cpu.max 50000', to: 'cpu.max max', found: 'cpu.max is max 100000, expected 500 thousandths of a CPU' },
  { from: unified, what: 'cpu.weight 4', to: 'cpu.weight 100', found: 'cpu.weight is 100, expected 4 or 17' },
  { from: legacy, what: 'cpu.shares 102', to: 'cpu.shares 1024', found: 'cpu.shares is 1024, expected 102' },
  { from: legacy, what: 'quota_us 50000', to: 'quota_us -1', found: 'cpu.cfs_quota_us is -1, expected 500 thousandths of a CPU' },
]
for (const { from, what, to, found } of cases)
  test(`cgroupDifferences() names ${to}`, () => assert.deepEqual(differences(from.replace(what, to)), [found]))

test('parseCgroup() refuses other output', () => assert.equal(parseCgroup('sh: not found'), undefined))
