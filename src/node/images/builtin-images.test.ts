import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { listTar } from '../../supply-chain/oci/tar/list-tar.ts'
import { builtinImages } from './builtin-images.ts'

interface File {
  readonly path: string
  readonly content: Buffer
}

async function filesOf(archive: Buffer): Promise<File[]> {
  const files: File[] = []
  for await (const { path, offset, size } of listTar(async (from, length) => archive.subarray(from, from + length)))
    files.push({ path, content: archive.subarray(offset, offset + size) })
  return files
}

test('CVE-2023-1944, CVE-2024-9486, CVE-2024-9594 and CVE-2025-7342: the images of a node contain no password, no key and no login server', {
  skip: existsSync('/usr/bin/busybox') ? false : 'needs busybox-static',
}, async () => {
  const images = await builtinImages(AbortSignal.timeout(60_000))
  assert.equal(images.length, 2)
  for (const { name, archive } of images) {
    const layers = (await filesOf(archive)).filter(({ content }) => content.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b])))
    assert.equal(layers.length, 1, name)
    for (const { path, content } of await filesOf(gunzipSync(layers[0]?.content ?? Buffer.alloc(0)))) {
      assert.doesNotMatch(path, /shadow|authorized_keys|\.ssh|sshd|dropbear/, name)
      if (path !== 'etc/passwd') continue
      for (const line of content.toString().trim().split('\n')) assert.match(line, /^\w+:x:/, name)
    }
  }
})
