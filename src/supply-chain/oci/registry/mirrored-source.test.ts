import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { UserError } from '../../../base/user-error.ts'
import { type Digest, isDigest } from '../digest.ts'
import type { Descriptor, ImageSource } from '../image-source.ts'
import { mirroredSource, type SourceOfRepository } from './mirrored-source.ts'
import { RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'

const { signal } = new AbortController()
const descriptorOf = (text: string): Descriptor => ({ mediaType: 'm', digest: digestOf(text), size: text.length })
const digestOf = (text: string): Digest => {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  assert.ok(isDigest(digest))
  return digest
}

interface Fake {
  readonly tags?: Readonly<Record<string, string>>
  readonly attached?: readonly string[]
  readonly fails?: Error
}

function fake(name: string, { tags = {}, attached = [], fails }: Fake, options: Partial<SourceOfRepository> = {}) {
  const asked: string[] = []
  const source: ImageSource = {
    async manifest(wanted) {
      asked.push(wanted)
      if (fails !== undefined) throw fails
      const text = Object.entries(tags).find(([tag, content]) => tag === wanted || digestOf(content) === wanted)?.[1]
      return text === undefined ? undefined : { descriptor: descriptorOf(text), bytes: Buffer.from(text) }
    },
    async *blob({ digest }) {
      asked.push(digest)
      if (fails !== undefined) throw fails
      const text = Object.values(tags).find(content => digestOf(content) === digest)
      if (text === undefined) throw new RegistryUntrustworthy('it is not there')
      yield Buffer.from(text)
    },
    async referrers() {
      if (fails !== undefined) throw fails
      return attached.map(descriptorOf)
    },
  }
  return { asked, one: { name, source, resolvesTags: false, origin: false, ...options } }
}

const origin = { origin: true, resolvesTags: true }

test('mirroredSource() reads a digest from the first mirror and a tag from the registry', async () => {
  const mirror = fake('mirror', { tags: { latest: 'old' } })
  const registry = fake('registry', { tags: { latest: 'new' } }, origin)
  const source = mirroredSource([mirror.one, registry.one])
  assert.equal((await source.manifest('latest', signal))?.descriptor.digest, digestOf('new'))
  assert.deepEqual(mirror.asked, [])
  assert.equal((await source.manifest(digestOf('old'), signal))?.descriptor.digest, digestOf('old'))
  assert.deepEqual(registry.asked, ['latest'])
})

test('mirroredSource() takes a tag from a mirror that may say what it is', async () => {
  const mirror = fake('mirror', { tags: { latest: 'old' } }, { resolvesTags: true })
  const source = mirroredSource([mirror.one, fake('registry', {}, origin).one])
  assert.equal((await source.manifest('latest', signal))?.descriptor.digest, digestOf('old'))
})

const unavailable = new RegistryUnavailable('down')
const lies = new RegistryUntrustworthy('other content')

for (const [name, failure] of [
  ['is down', unavailable],
  ['lies', lies],
] as const)
  test(`mirroredSource() skips a mirror that ${name}`, async () => {
    const source = mirroredSource([fake('mirror', { fails: failure }).one, fake('registry', { tags: { a: 'x' } }, origin).one])
    assert.equal((await source.manifest(digestOf('x'), signal))?.descriptor.digest, digestOf('x'))
    const pieces = await piecesOf(source)
    assert.equal(Buffer.concat(pieces).toString(), 'x')
  })

test('mirroredSource() says that an image is missing only if the registry says so, or all mirrors do', async () => {
  const down = fake('mirror', { fails: unavailable })
  assert.equal(await mirroredSource([down.one, fake('registry', {}, origin).one]).manifest(digestOf('x'), signal), undefined)
  assert.equal(await mirroredSource([fake('a', {}).one, fake('b', {}).one]).manifest(digestOf('x'), signal), undefined)
  const unknown = mirroredSource([fake('mirror', {}).one, fake('registry', { fails: unavailable }, origin).one])
  await assert.rejects(unknown.manifest(digestOf('x'), signal), RegistryUnavailable)
})

test('mirroredSource() names every source that failed', async () => {
  const source = mirroredSource([fake('one', { fails: unavailable }).one, fake('two', { fails: lies }).one])
  await assert.rejects(source.manifest(digestOf('x'), signal), /one: down; two: other content/)
})

test('mirroredSource() gives the signatures of all sources, so that a mirror cannot leave one out', async () => {
  const source = mirroredSource([fake('mirror', {}).one, fake('registry', { attached: ['sig', 'sbom'] }, origin).one])
  assert.deepEqual(await source.referrers(digestOf('x'), signal), [descriptorOf('sig'), descriptorOf('sbom')])
  const away = mirroredSource([fake('mirror', { attached: ['sig'] }).one, fake('registry', { fails: unavailable }, origin).one])
  assert.deepEqual(await away.referrers(digestOf('x'), signal), [descriptorOf('sig')])
  const none = mirroredSource([fake('mirror', {}).one, fake('registry', { fails: unavailable }, origin).one])
  await assert.rejects(none.referrers(digestOf('x'), signal), UserError)
})

test("mirroredSource() reads cosign's tags from the registry first, and from a mirror if it is down", async () => {
  const tag = `${digestOf('x').replace(':', '-')}.sig`
  const mirror = fake('mirror', { tags: { [tag]: 'old signature' } })
  const both = mirroredSource([mirror.one, fake('registry', { tags: { [tag]: 'new signature' } }, origin).one])
  assert.equal((await both.manifest(tag, signal))?.descriptor.digest, digestOf('new signature'))
  const away = mirroredSource([mirror.one, fake('registry', { fails: unavailable }, origin).one])
  assert.equal((await away.manifest(tag, signal))?.descriptor.digest, digestOf('old signature'))
})

test('mirroredSource() does not hide the end of a blob that had begun', async () => {
  const broken: SourceOfRepository = {
    ...fake('mirror', {}).one,
    source: {
      ...fake('mirror', {}).one.source,
      async *blob() {
        yield Buffer.from('half')
        throw lies
      },
    },
  }
  const source = mirroredSource([broken, fake('registry', { tags: { a: 'x' } }, origin).one])
  await assert.rejects(piecesOf(source), /other content/)
})

async function piecesOf(source: ImageSource): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of source.blob(descriptorOf('x'), signal)) pieces.push(piece)
  return pieces
}
