import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { UserError } from '../../../base/user-error.ts'
import { imageOf } from '../image-of.testing.ts'
import type { ImageSource } from '../image-source.ts'
import { readImageFiles } from '../layers/image-files.ts'
import { readableImage, resolveImage } from '../resolve-image.ts'
import { writeTar } from '../tar/write-tar.ts'
import { copyToLayout } from './copy-to-layout.ts'
import { chooseImage, openLayout } from './local-images.ts'

const { signal } = new AbortController()
const platform = { os: 'linux', architecture: 'amd64' }
const layer = (path: string) => {
  const tar = writeTar([{ path, mode: 0o644, content: Buffer.alloc(200_000, path) }])
  return { tar, packed: gzipSync(tar) }
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'layout-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('copyToLayout() writes what openLayout() reads, also of an image that has a layer twice', async () => {
  await inFolder(async folder => {
    const { source, image } = await imageOf([layer('a'), layer('b').tar, layer('a')])
    await copyToLayout(source, image, 'r.example/a:1', folder, signal)
    await using images = await openLayout(folder, folder, signal)
    const chosen = chooseImage(images, 'r.example/a:1', platform, folder)
    assert.equal(chosen.digest, image.descriptor.digest)
    const copied = await readableImage(images, await resolveImage(images, chosen.digest, platform, 'x', signal), 'x', signal)
    const found: string[] = []
    const onFile = ({ path }: { path: string }) => void found.push(path)
    await readImageFiles(images, copied, { wish: () => ({ maxBytes: 1e6 }), fixedPaths: [], onFile }, signal)
    assert.deepEqual(found, ['a', 'b'])
  })
})

test('copyToLayout() refuses an image that is too large, and other content than its digest names', async () => {
  const { source, image } = await imageOf([layer('a')])
  const rejects = async (copy: Promise<void>, want: RegExp) =>
    await assert.rejects(copy, (err: unknown) => err instanceof UserError && want.test(err.message))
  await inFolder(async folder => await rejects(copyToLayout(source, image, 'a', folder, signal, 10), /at most 10 are copied/))
  const lying: ImageSource = {
    manifest: (name, until) => source.manifest(name, until),
    referrers: async () => [],
    blob: async function* () {
      yield Buffer.from('x')
    },
  }
  await inFolder(
    async folder => await rejects(copyToLayout(lying, image, 'a', folder, signal), /is other content|bytes, its descriptor|is longer/),
  )
})
