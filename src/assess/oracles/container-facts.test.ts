import assert from 'node:assert/strict'
import { test } from 'node:test'
import { declaredContainers } from '../attacks/privilege/declared-containers.ts'
import { factDifferences } from './container-facts.ts'

const expected = declaredContainers.find(({ name }) => name === 'restricted')?.expected ?? assert.fail('no restricted container')
const log = [
  ...Object.entries(expected.status).map(([name, value]) => `${name}:\t${value.replaceAll(' ', '\t')}`),
  ...Object.entries(expected.probes).map(([name, value]) => `probe ${name} ${value}`),
].join('\n')

test('factDifferences() is empty for a restricted process', () => assert.deepEqual(factDifferences(log, expected), []))

const cases = [
  { name: 'no seccomp filter', from: 'Seccomp:\t2', to: 'Seccomp:\t0', found: 'Seccomp is 0, expected 2' },
  { name: 'new privileges', from: 'NoNewPrivs:\t1', to: 'NoNewPrivs:\t0', found: 'NoNewPrivs is 0, expected 1' },
  {
    name: 'a capability',
    from: `CapEff:\t${'0'.repeat(16)}`,
    to: `CapEff:\t${'0'.repeat(15)}1`,
    found: `CapEff is ${'0'.repeat(15)}1, expected ${'0'.repeat(16)}`,
  },
  {
    name: 'another saved user',
    from: 'Uid:\t65532\t65532\t65532',
    to: 'Uid:\t65532\t65532\t0',
    found: 'Uid is 65532 65532 0 65532, expected 65532 65532 65532 65532',
  },
  { name: 'a group', from: 'Groups:\t4242', to: 'Groups:\t0\t4242', found: 'Groups is 0 4242 4343 65533, expected 4242 4343 65533' },
  {
    name: 'a writable root',
    from: 'probe root Read-only file system',
    to: 'probe root written',
    found: 'root: written, expected Read-only file system',
  },
  { name: 'a missing probe', from: 'probe first sh', to: '', found: 'first: not shown, expected sh' },
]
for (const { name, from, to, found } of cases)
  test(`factDifferences() names ${name}`, () => {
    assert.ok(log.includes(from))
    assert.deepEqual(factDifferences(log.replace(from, to), expected), [found])
  })

test('factDifferences() treats an empty log as a failure of each fact', () =>
  assert.equal(factDifferences('', expected).length, Object.keys(expected.status).length + Object.keys(expected.probes).length))
