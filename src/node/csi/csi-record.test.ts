import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type CsiRecord, CsiRecords, csiPlace } from './csi-record.ts'

const record: CsiRecord = { driver: 'd', volumeId: 'v', isAttached: true, stage: 'done', bootId: 'b', pods: [] }

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-records-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('CsiRecords reads each file once, and writes what the next agent reads', async t => {
  const root = await folderOf(t)
  const place = csiPlace(root, 'd', 'v')
  await new CsiRecords(root).write(place, record)
  const records = new CsiRecords(root)
  assert.deepEqual(await records.places(), [place])
  assert.deepEqual(await records.read(place), record)
  await writeFile(place.record, 'not read again')
  assert.deepEqual(await records.read(place), record)
  await records.write(place, { ...record, stage: 'begun' })
  assert.equal((await records.read(place))?.stage, 'begun')
  assert.equal((await new CsiRecords(root).read(place))?.stage, 'begun')
  await records.remove(place)
  assert.deepEqual([await records.read(place), await records.places(), await readdir(root)], [undefined, [], []])
})

test('CsiRecords reports a damaged file each time, and reads it when it is mended', async t => {
  const root = await folderOf(t)
  const place = csiPlace(root, 'd', 'v')
  await new CsiRecords(root).write(place, record)
  const text = JSON.stringify({ version: 1, ...record })
  await writeFile(place.record, '{}')
  const records = new CsiRecords(root)
  for (let index = 0; index < 2; index++) await assert.rejects(records.read(place), /it is damaged/)
  await writeFile(place.record, text)
  assert.deepEqual(await records.read(place), record)
})

test('CsiRecords trusts nothing that it could not write', async t => {
  const root = await folderOf(t)
  const place = csiPlace(root, 'd', 'v')
  const records = new CsiRecords(root)
  await records.write(place, record)
  const circular = { ...record, pods: [] as unknown[] }
  circular.pods.push(circular)
  await assert.rejects(records.write(place, circular as unknown as CsiRecord))
  assert.deepEqual(await records.read(place), record)
})
