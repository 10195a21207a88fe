import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryImageSource } from '../memory-image-source.testing.ts'
import { chooseImage, type LocalImages } from './local-images.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as const
const image = (letter: string, ...names: string[]) => ({ names, descriptor: { mediaType: 'x', digest: digest(letter), size: 1 } })
const platform = { os: 'linux', architecture: 'amd64' }
const name = 'registry.example.com/shop/web'
const source = new MemoryImageSource()
const nothing = { manifest: async () => undefined, blob: source.blob.bind(source), referrers: async () => [] }
const choose = (images: LocalImages['images'], wanted?: string) => chooseImage({ images, ...nothing }, wanted, platform, 'web.tar').digest

test('chooseImage() takes no signature for an image, unless it is named', () => {
  const signature = image('b', `${name}:sha256-${'a'.repeat(64)}.sig`)
  assert.equal(choose([image('a', `${name}:1`), signature, image('c')]), digest('a'))
  assert.equal(choose([image('a', `${name}:1`), signature], `sha256-${'a'.repeat(64)}.sig`), digest('b'))
  assert.equal(choose([image('a')]), digest('a'))
  assert.throws(() => choose([image('a', `${name}:1`), image('b', `${name}:2`), signature]), {
    message: `"web.tar" must have one image, or --image must name one of them: it has "${name}:1", "${name}:2"`,
  })
})
