import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { smallDisk, whyNoSmallDisk } from '../base/testing/small-disk.testing.ts'
import { type DamagedFile, KeptFiles } from './kept-files.ts'

const limits = { files: 3, fileBytes: 1000, bytes: 1900 }

suite('KeptFiles', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-kept-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function reopened() {
    const damaged: DamagedFile[] = []
    const found = new Map<string, unknown>()
    for await (const [key, value] of new KeptFiles(folder, limits).read(file => void damaged.push(file))) found.set(key, value)
    return { found, damaged }
  }

  test('gives back what it kept, and the newest value of a key', async () => {
    const files = new KeptFiles(folder, limits)
    await files.set('a', { x: [1, 'ü'] })
    await files.set('a', { x: 2 })
    await files.set('b/../../c', 'text')
    await files.delete('gone')
    assert.deepEqual(Object.fromEntries((await reopened()).found), { a: { x: 2 }, 'b/../../c': 'text' })
    assert.ok(readdirSync(folder).every(name => /^[0-9a-f]{64}\.json$/.test(name)))
  })

  test('removes and reports what was changed: bytes, names, links, other files', async () => {
    const files = new KeptFiles(folder, limits)
    await files.set('a', 'value-a')
    await files.set('b', 'value-b')
    const names = readdirSync(folder)
    const of = (text: string) => names.find(name => readFileSync(join(folder, name), 'utf8').includes(text)) ?? ''
    const [a, b] = [of('value-a'), of('value-b')]
    writeFileSync(join(folder, a), readFileSync(join(folder, a), 'utf8').replace('value-a', 'value-x'))
    writeFileSync(join(folder, `${'0'.repeat(64)}.json`), readFileSync(join(folder, b)))
    symlinkSync('/etc/passwd', join(folder, `${'1'.repeat(64)}.json`))
    writeFileSync(join(folder, `${'2'.repeat(64)}.json`), ' '.repeat(limits.fileBytes + 1))
    writeFileSync(join(folder, `${b}.new`), 'a draft')
    const { found, damaged } = await reopened()
    assert.deepEqual(Object.fromEntries(found), { b: 'value-b' })
    assert.match(
      damaged
        .map(({ problem }) => problem)
        .toSorted()
        .join('; '),
      /has 1001 bytes.*is a link.*named after another key.*content is not what was written/,
    )
    assert.deepEqual(readdirSync(folder), [b])
  })

  test('keeps at most its numbers of files and bytes: the oldest go', async () => {
    const files = new KeptFiles(folder, limits)
    for (const key of ['a', 'b', 'c', 'd']) await files.set(key, key)
    assert.deepEqual([...(await reopened()).found.keys()].toSorted(), ['b', 'c', 'd'])
    await files.set('e', 'x'.repeat(800))
    await files.set('f', 'x'.repeat(800))
    assert.deepEqual([...(await reopened()).found.keys()].toSorted(), ['e', 'f'])
    await assert.rejects(files.set('g', 'x'.repeat(1000)), /"g" has \d+ bytes to keep, at most 1000/)
  })

  test('keeps the earlier value where the disk is full', { skip: whyNoSmallDisk }, async context => {
    const disk = smallDisk(context, 64 * 1024)
    const large = { ...limits, fileBytes: 1 << 20, bytes: 1 << 20 }
    const files = new KeptFiles(join(disk, 'kept'), large)
    await files.set('a', 'first')
    await assert.rejects(files.set('a', 'x'.repeat(200_000)), /ENOSPC|no space/)
    const found: unknown[] = []
    for await (const entry of new KeptFiles(join(disk, 'kept'), large).read(() => assert.fail('damaged'))) found.push(entry)
    assert.deepEqual(found, [['a', 'first']])
  })
})
