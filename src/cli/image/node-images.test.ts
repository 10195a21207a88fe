import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildImage } from '../../node/images/oci-image.ts'
import { ProgressLine } from '../terminal/progress-line.ts'
import { imageTable, importArchive, listImages, stepText } from './node-images.ts'

const silent = () => assert.fail('nothing must be printed')
const progress = new ProgressLine({ write: silent, isTerminal: false, columns: 80, now: () => 0 })

test('image import reports each fault in one sentence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'image-'))
  try {
    const text = join(folder, 'notes.txt')
    writeFileSync(text, 'no archive at all')
    const archive = join(folder, 'image.tar')
    const image = buildImage({ name: 'example/image:1', architecture: 'amd64', user: '1:1', files: [{ path: 'bin/', mode: 0o755 }] })
    writeFileSync(archive, image.archive)
    const attempt = (file: string, isRoot: boolean) => importArchive({ dataDir: folder }, file, isRoot, silent, progress)
    await assert.rejects(attempt(join(folder, 'none.tar'), true), { name: 'UserError', message: /the file cannot be read/ })
    await assert.rejects(attempt(text, true), { name: 'UserError', message: /it is (not a tar|neither an OCI) archive/ })
    await assert.rejects(attempt(archive, false), { name: 'UserError', message: /run this command as root/ })
    await assert.rejects(attempt(archive, true), { name: 'UserError', message: /No node with containers runs in .*bulkhead up/ })
    await assert.rejects(listImages({ dataDir: folder }, true, silent), { name: 'UserError', message: /No node with containers runs/ })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('imageTable() shows each name once, without names by digest', () => {
  const text = `REF TYPE DIGEST SIZE PLATFORMS LABELS
example/image:1 application/vnd.oci.image.manifest.v1+json sha256:aa 1.0 MiB linux/amd64 -
sha256:bb application/vnd.oci.image.manifest.v1+json sha256:aa 1.0 MiB linux/amd64 -
`
  assert.deepEqual(imageTable(text), ['IMAGE            SIZE     DIGEST', 'example/image:1  1.0 MiB  sha256:aa'])
})

test('stepText() shows the step and its progress', () => {
  assert.equal(stepText('a.tar', { step: 'reading', bytes: 512 * 1024 ** 2, total: 1024 ** 3 }), 'Reading a.tar: 50 % of 1.00 GiB')
  assert.equal(stepText('a.tar', { step: 'unpacking', name: 'r.example/a:1' }), 'Unpacking r.example/a:1')
})
