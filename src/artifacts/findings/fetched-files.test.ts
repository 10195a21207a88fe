import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { fetchedSources, maxFetchedSources, removeOthers } from './fetched-files.ts'

const source = (name: string, second = 0, url: string | undefined = 'https://mirror.example/x'): AdvisorySource => ({
  metadata: { name, creationTimestamp: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z` },
  spec: { format: 'osv', ...(url === undefined ? {} : { url }) },
})

test("fetchedSources() are the oldest with a URL, so that a new one takes nobody's place", () => {
  const old = Array.from({ length: maxFetchedSources }, (_, index) => source(`z${index}`, index))
  const imported: AdvisorySource = { metadata: { name: 'imported' }, spec: { format: 'osv' } }
  const found = fetchedSources([source('a-new', 59), imported, ...old.toReversed()])
  assert.deepEqual(
    found.map(({ metadata }) => metadata.name),
    old.map(({ metadata }) => metadata.name),
  )
})

test('removeOthers() removes files of sources that are gone and drafts, and nothing else', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'fetched-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['osv.db', 'gone.db', '.osv.0123.new', 'osv.db-journal', 'README']) writeFileSync(join(folder, name), '')
  assert.deepEqual((await removeOthers(folder, [source('osv')])).sort(), ['.osv.0123.new', 'gone.db'])
  assert.deepEqual(readdirSync(folder).sort(), ['README', 'osv.db', 'osv.db-journal'])
  assert.deepEqual(await removeOthers(join(folder, 'missing'), []), [])
})
