import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layout } from '../up/data-directory.ts'
import { type EntryFacts, maxEntries, ownNames, refusal, type TargetFacts } from './reset-target.ts'

const own = ownNames(layout('/data'))
const good: TargetFacts = {
  ...{ path: '/data', home: '/root', userId: 0, kind: 'folder', owner: 0, mode: 0o755, version: '1' },
  entries: [{ name: 'signer', kind: 'folder' }],
}
const link: EntryFacts = { name: 'server', kind: 'link' }

const rows: readonly (readonly [name: string, change: Partial<TargetFacts>, expected: RegExp | undefined])[] = [
  ['a data directory', {}, undefined],
  ['one whose reset was interrupted', { version: 'reset' }, undefined],
  ['one of a user of his own', { userId: 1000, owner: 1000, home: '/home/u', path: '/home/u/.local/state/bulkhead' }, undefined],
  ['one with a file of somebody else', { entries: [{ name: 'notes', kind: 'other' }] }, undefined],
  ['a link to elsewhere that Bulkhead did not make', { entries: [{ name: 'notes', kind: 'link' }] }, undefined],
  ['the root', { path: '/' }, /root or a home folder/],
  ['the home folder', { path: '/root' }, /root or a home folder/],
  ['the parent of the home folder', { path: '/home', home: '/home/u' }, /root or a home folder/],
  ['nothing', { kind: 'missing', version: undefined }, /does not exist/],
  ['a link', { kind: 'link', version: undefined }, /it is a link/],
  ['a file', { kind: 'other', version: undefined }, /not a folder/],
  ['a folder without a version', { version: undefined }, /no Bulkhead data directory: the file "version" is missing/],
  ['a newer format', { version: '2' }, /data version "2", and this Bulkhead knows version 1/],
  ['text that is no version', { version: 'x'.repeat(64) }, /data version "x{20}"/],
  ["another user's", { owner: 1000 }, /belongs to user 1000: run this command as that user$/],
  ["root's, as another user", { userId: 1000, home: '/home/u' }, /belongs to user 0: run this command as that user, with sudo/],
  ['one into which others may write', { mode: 0o777 }, /other users may write there/],
  ['a folder with too many names', { entries: Array.from({ length: maxEntries }, () => link) }, /1000 entries or more/],
  ['a part on another disk by a link', { entries: [link] }, /"\/data\/server" is a link, and reset follows no links/],
]

for (const [name, change, expected] of rows)
  test(`refusal() of ${name}`, () => {
    const text = refusal({ ...good, ...change }, own)
    if (expected === undefined) assert.equal(text, undefined)
    else assert.match(text ?? '', expected)
  })

test('ownNames() has each folder of the layout, and drafts', () => {
  for (const name of ['signer', 'server', 'node', 'run', 'lib', 'version', 'admin.pem', 'admin.pem.new', 'registry-ca.pem'])
    assert.ok(own.includes(name), name)
  assert.ok(!own.includes(''))
})
