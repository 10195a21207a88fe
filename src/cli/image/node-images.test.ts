import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildImage } from '../../node/images/oci-image.ts'
import { imageTable, importArchive, listImages } from './node-images.ts'

const silent = () => assert.fail('nothing must be printed')

test('image import says in one sentence what is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'image-'))
  try {
    const text = join(folder, 'notes.txt')
    writeFileSync(text, 'no archive at all')
    const archive = join(folder, 'image.tar')
    const image = buildImage({ name: 'example/image:1', architecture: 'amd64', user: '1:1', files: [{ path: 'bin/', mode: 0o755 }] })
    writeFileSync(archive, image.archive)
    const attempt = (file: string, isRoot: boolean) => importArchive({ dataDir: folder }, file, isRoot, silent)
    await assert.rejects(attempt(join(folder, 'none.tar'), true), { name: 'UserError', message: /the file cannot be read/ })
    await assert.rejects(attempt(text, true), { name: 'UserError', message: /it is (not a tar|neither an OCI) archive/ })
    await assert.rejects(attempt(archive, false), { name: 'UserError', message: /run this command as root/ })
    await assert.rejects(attempt(archive, true), { name: 'UserError', message: /No node with containers runs in .*bulkhead up/ })
    await assert.rejects(listImages({ dataDir: folder }, true, silent), { name: 'UserError', message: /No node with containers runs/ })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('imageTable() shows each name once, without those that containerd gives by digest', () => {
  const text = `REF TYPE DIGEST SIZE PLATFORMS LABELS
example/image:1 application/vnd.oci.image.manifest.v1+json sha256:aa 1.0 MiB linux/amd64 -
sha256:bb application/vnd.oci.image.manifest.v1+json sha256:aa 1.0 MiB linux/amd64 -
`
  assert.deepEqual(imageTable(text), ['IMAGE            SIZE     DIGEST', 'example/image:1  1.0 MiB  sha256:aa'])
})
