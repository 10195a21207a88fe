import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sabotage } from '../../test/sabotage/sabotage.ts'
import { choose, entriesOf } from './plan.ts'

const sabotage = (name: string, proof: Sabotage['proof']): Sabotage => ({ name, file: 'src/x.ts', from: 'a', to: 'b', proof })
const many = Array.from({ length: 95 }, (_, index) => sabotage(`change ${index}`, 'C3'))
const names = (seed: number) => choose(entriesOf({ C3: many }), { rows: [], sample: seed }).map(({ name }) => name)

test('entriesOf() places an entry by its first proof, unless it says where', () => {
  const entries = entriesOf({
    N1: [sabotage('a', 'N1'), sabotage('b', ['C3', 'N1']), sabotage('c', 'T2'), { ...sabotage('d', 'O11'), on: 'disk' }],
  })
  assert.deepEqual(
    entries.map(({ place }) => place),
    ['node', 'process', 'disk', 'disk'],
  )
  assert.deepEqual(entries[1]?.proofs, ['C3', 'N1'])
})

test('choose() takes rows, and what the text occurs in', () => {
  const entries = entriesOf({ C3: [sabotage('host ports', 'C3'), sabotage('sysctls', 'C3')], C8: [sabotage('host paths', 'C8')] })
  const chosen = (rows: string[], only?: string) => choose(entries, { rows, ...(only && { only }) }).map(({ name }) => name)
  assert.deepEqual(chosen([]), ['host ports', 'sysctls', 'host paths'])
  assert.deepEqual(chosen(['C3']), ['host ports', 'sysctls'])
  assert.deepEqual(chosen([], 'host'), ['host ports', 'host paths'])
  assert.deepEqual(chosen(['C8'], 'ports'), [])
})

test('choose() takes those that have not run', () => {
  const entries = entriesOf({ C3: [sabotage('host ports', 'C3'), { ...sabotage('sysctls', 'C3'), untried: true }] })
  assert.deepEqual(
    choose(entries, { rows: [], untried: true }).map(({ name }) => name),
    ['sysctls'],
  )
})

test('choose() takes the same sample for the same seed, and another for another', () => {
  assert.equal(names(1).length, 4)
  assert.deepEqual(names(1), names(1))
  assert.notDeepEqual(names(1), names(2))
})

test('choose() takes fewer of those that need a real node', () => {
  const slow = many.map(entry => ({ ...entry, on: 'node' as const }))
  assert.equal(choose(entriesOf({ C3: slow }), { rows: [], sample: 1 }).length, 2)
})

test('choose() leaves entries that are listed as missed or untried out of a sample, and takes them with their row', () => {
  for (const remark of [{ knownMissed: 'its reason' }, { untried: true as const }]) {
    const listed = many.map(entry => ({ ...entry, ...remark }))
    assert.deepEqual(choose(entriesOf({ C3: listed }), { rows: ['C3'], sample: 1 }), [])
    assert.equal(choose(entriesOf({ C3: listed }), { rows: ['C3'] }).length, 95)
  }
})
