import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { publicKey } from '../../api/resources/supply/supply.fixture.ts'
import type { AdvisorySource, AdvisorySourceSpec } from '../../api/types/supply-v1.ts'
import type { SourceState } from '../../supply-chain/advisories/database/source-file.ts'
import { keyDigest } from '../../supply-chain/advisories/database/verify-feed.ts'
import { ruleOf, sourceStatus } from './source-status.ts'

const key = keyDigest(createPublicKey(publicKey))
const source = (spec: Partial<AdvisorySourceSpec> = {}): AdvisorySource => ({ metadata: { name: 'osv' }, spec: { format: 'osv', ...spec } })
const imported: SourceState = { name: 'osv', format: 'osv', time: 1000, importedAt: 2000, digest: 'ab', entries: 3 }
const reasonOf = (object: AdvisorySource, state?: SourceState, problem?: string) => {
  const ready = sourceStatus(object, state, problem, 5000)?.conditions?.[0]
  return `${ready?.status} ${ready?.reason}`
}

const rows: readonly [name: string, found: string, want: string][] = [
  ['nothing imported', reasonOf(source()), 'False NotImported'],
  ['an import', reasonOf(source(), imported), 'True Imported'],
  ['another format', reasonOf(source({ format: 'kev' }), imported), 'False OtherFormat'],
  ['no signature', reasonOf(source({ publicKey }), imported), 'False OtherKey'],
  ['another key', reasonOf(source({ publicKey }), { ...imported, key: 'f'.repeat(64) }), 'False OtherKey'],
  ['the key', reasonOf(source({ publicKey }), { ...imported, key }), 'True Imported'],
  ['a key that is none', reasonOf(source({ publicKey: 'x' }), imported), 'False BadKey'],
  ['a failed fetch', reasonOf(source(), undefined, 'it does not answer'), 'False FetchFailed'],
  ['a failed fetch after an import', reasonOf(source(), imported, 'it does not answer'), 'True FetchFailed'],
]
for (const [name, found, want] of rows) test(`sourceStatus() reports ${name}`, () => assert.equal(found, want))

test('sourceStatus() is undefined if the object says so already', () => {
  const status = sourceStatus(source(), imported, undefined, 5000)
  assert.ok(status)
  assert.equal(sourceStatus({ ...source(), status }, imported, undefined, 9000), undefined)
})

test('ruleOf() uses nothing of a source whose key cannot be read', () => {
  assert.deepEqual(ruleOf(source({ publicKey })), { name: 'osv', format: 'osv', key })
  assert.deepEqual(ruleOf(source({ publicKey: 'x' })), { name: 'osv', format: 'osv', key: 'unreadable' })
})
