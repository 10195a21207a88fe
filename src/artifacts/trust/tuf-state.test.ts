import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TufRepository, targetName } from '../../supply-chain/signatures/tuf/tuf.testing.ts'
import { updateTuf } from '../../supply-chain/signatures/tuf/update-tuf.ts'
import { chainOf, clockProblem, clockToleranceMs, followedTuf, rememberedUpdate, requireNotBelow, startOf } from './tuf-state.ts'

const now = Date.parse('2026-06-01T00:00:00Z')
const { signal } = new AbortController()

async function read(repository = new TufRepository('{"a":1}')) {
  const tuf = { root: { ...repository.root(1) }, url: 'https://tuf.example.com/' }
  const update = await updateTuf({ root: tuf.root }, repository, targetName, now, signal)
  return { repository, tuf, update, remembered: rememberedUpdate(tuf, update, { a: 1 }, now) }
}

test('followedTuf() says what was read, and trusts an older object never again', async () => {
  const { tuf, remembered } = await read()
  const sigstore = { trustedRoot: {} }
  const trusted = { trustedRoot: { a: 1 }, expires: remembered.expires }
  const rows: readonly [name: string, ReturnType<typeof followedTuf>, unknown][] = [
    ['without a URL the object counts', followedTuf({ tuf: { root: tuf.root }, sigstore }, undefined, remembered), undefined],
    ['what was read counts', followedTuf({ tuf, sigstore }, undefined, remembered), trusted],
    ['before the first update the object counts', followedTuf({ tuf, sigstore }, undefined, undefined), undefined],
    ['or nothing', followedTuf({ tuf }, undefined, undefined), { problem: 'its TUF repository was not read yet' }],
    ['the same versions as in the status', followedTuf({ tuf }, { tufVersion: 1, tufTimestamp: 1 }, remembered), trusted],
  ]
  for (const [name, found, expected] of rows) assert.deepEqual(found, expected, name)
  const problems: readonly [name: string, ReturnType<typeof followedTuf>, RegExp][] = [
    ['a disk that lost it', followedTuf({ tuf, sigstore }, { tufVersion: 1 }, undefined), /is not there any more/],
    ['an older disk', followedTuf({ tuf, sigstore }, { tufVersion: 2 }, remembered), /older than what the cluster has recorded/],
    ['older metadata on disk', followedTuf({ tuf }, { tufVersion: 1, tufTargets: 2 }, remembered), /older than what the cluster/],
    ['another chain', followedTuf({ tuf: { ...tuf, root: { other: 1 } }, sigstore }, undefined, remembered), /is not there any more/],
    ['another target', followedTuf({ tuf: { ...tuf, target: 'x' }, sigstore }, undefined, remembered), /is not there any more/],
  ]
  for (const [name, found, message] of problems) assert.match(found !== undefined && 'problem' in found ? found.problem : '', message, name)
})

test('startOf() begins where the last update ended, and at the first root with its versions where that is lost', async () => {
  const { repository, tuf, remembered } = await read()
  assert.deepEqual(startOf(tuf, undefined, remembered), { root: remembered.root, versions: remembered.versions })
  assert.deepEqual(startOf(tuf, { tufVersion: 1, tufTimestamp: 1 }, undefined), { root: tuf.root })
  repository.publishRoot()
  const newer = { ...tuf, root: { ...repository.root(2) } }
  assert.deepEqual(startOf(newer, undefined, remembered), { root: newer.root, versions: remembered.versions })
  const other = new TufRepository('{}')
  const zero = { timestamp: 0, snapshot: 0, targets: 0 }
  assert.deepEqual(startOf({ ...tuf, root: { ...other.root(1) } }, undefined, remembered).versions, zero, 'keys of another repository')
  assert.notEqual(chainOf(newer), chainOf(tuf))
})

test('requireNotBelow() refuses a repository that is older than what the cluster has recorded', async () => {
  const { update } = await read()
  requireNotBelow(update, undefined)
  requireNotBelow(update, { tufVersion: 1, tufTimestamp: 1, tufSnapshot: 1, tufTargets: 1 })
  assert.throws(
    () => requireNotBelow(update, { tufVersion: 2 }),
    /newest root\.json has version 1, which is older than the accepted version 2/,
  )
  assert.throws(() => requireNotBelow(update, { tufVersion: 1, tufSnapshot: 5 }), /snapshot\.json has version 1, which is older than/)
})

test('clockProblem() notices a clock that was set back', () => {
  assert.equal(clockProblem(now, now), undefined)
  assert.equal(clockProblem(now - clockToleranceMs, now), undefined)
  assert.match(clockProblem(now - clockToleranceMs - 1, now) ?? '', /is before the last update of its TUF metadata, 2026-06-01/)
})
