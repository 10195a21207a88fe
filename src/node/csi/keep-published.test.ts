import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podOf } from '../pod/fixture.ts'
import type { RequestedVolume } from './csi-volumes.ts'
import { ClaimTurns } from './keep-published.ts'

const persistent = { metadata: { name: 'v' }, spec: {} }
const tokens = { token: () => assert.fail('no token is needed') }
const asked = (claimName: string): RequestedVolume => ({
  pod: podOf({}),
  volume: { name: 'data', persistentVolumeClaim: { claimName } },
  persistent,
  tokens,
})

test('ClaimTurns reads a few claims in each turn, every one in its turn, and a new one first', () => {
  const turns = new ClaimTurns()
  const published = new Map(Array.from({ length: 12 }, (_, index) => [`t${index}`, asked(`c${index}`)]))
  const seen = new Set<string>()
  for (let turn = 0; turn < 3; turn++) {
    const due = turns.next(published, () => true)
    assert.equal(due.size, 5)
    for (const target of due) seen.add(target)
  }
  assert.deepEqual([...seen].sort(), [...published.keys()].sort())
  published.set('new', asked('new'))
  assert.ok(turns.next(published, () => true).has('new'))
})

test('ClaimTurns reads a claim once for all its pods, and none whose driver cannot grow volumes', () => {
  const turns = new ClaimTurns()
  const published = new Map([
    ['one', asked('shared')],
    ['two', asked('shared')],
    ['inline', { pod: podOf({}), volume: { name: 'i', csi: { driver: 'd' } }, tokens }],
  ])
  assert.equal(turns.next(published, () => true).size, 1)
  assert.equal(turns.next(published, () => false).size, 0)
})
