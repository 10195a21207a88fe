import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { maxNamespaceEntries, maxUploads, StoredContent, uploadMs } from './stored-content.ts'

const digest = (n: number): string => `sha256:${String(n).padStart(64, '0')}`

test('StoredContent counts each blob of a repository once, and namespaces for themselves', async () => {
  const stored = new StoredContent()
  for (const repository of ['shop/web', 'shop/web', 'shop/db', 'bank/web']) await stored.store({ repository, digest: digest(1), bytes: 10 })
  assert.deepEqual([stored.bytesOf('shop', 0), stored.bytesOf('bank', 0), stored.bytesOf('other', 0)], [20, 10, 0])
  stored.requireRoom('shop', 80, 100, 0)
  assert.throws(
    () => stored.requireRoom('shop', 81, 100, 0),
    /Namespace "shop" stores 20 bytes in the registry, and 81 more exceed its limit/,
  )
  stored.requireRoom('bank', 90, 100, 0)
})

test('StoredContent counts unfinished uploads until they end or are dropped', () => {
  const stored = new StoredContent()
  stored.beginUpload('u', 'shop', 0)
  stored.received('u', 30, 0)
  stored.received('u', 30, 10)
  assert.throws(() => stored.received('other', 1, 0), /begin it again/)
  assert.deepEqual([stored.bytesOf('shop', 10), stored.uploaded('u')], [60, 60])
  assert.equal(stored.bytesOf('shop', uploadMs + 11), 0)
  for (let i = 0; i < maxUploads; i++) stored.beginUpload(`u${i}`, 'shop', 0)
  assert.throws(() => stored.requireUpload('shop', 0), /unfinished uploads/)
  stored.requireUpload('bank', 0)
  stored.endUpload('u0')
  stored.requireUpload('shop', 0)
})

test('StoredContent limits how many blobs a namespace has', async () => {
  const entries = Array.from({ length: maxNamespaceEntries }, (_, n) => ({ repository: 'shop/web', digest: digest(n), bytes: 0 }))
  const stored = new StoredContent(undefined, entries)
  assert.throws(() => stored.requireRoom('shop', 0, 100, 0), /which is the limit/)
})

test('StoredContent keeps its count across restarts, and drops what the registry has no more', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'stored-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'stored.jsonl')
  const stored = await StoredContent.open(file)
  await stored.store({ repository: 'shop/web', digest: digest(1), bytes: 10 })
  await stored.store({ repository: 'shop/web', digest: digest(2), bytes: 5 })
  // A power cut in the middle of a line.
  await writeFile(file, `${await readFile(file, 'utf8')}{"repository":"shop/w`)
  const again = await StoredContent.open(file)
  assert.equal(again.bytesOf('shop', 0), 15)
  await again.recount(async ({ digest: found }) => found === digest(2))
  assert.deepEqual([again.bytesOf('shop', 0), (await StoredContent.open(file)).bytesOf('shop', 0)], [5, 5])
})
