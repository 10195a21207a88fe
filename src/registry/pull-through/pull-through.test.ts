import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mirroredRegistries } from '../../api/registry-mirrors.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { Descriptor, ImageSource } from '../../supply-chain/oci/image-source.ts'
import { RegistryUnavailable, RegistryUntrustworthy } from '../../supply-chain/oci/registry/registry-error.ts'
import { begun, follow, KeptContent } from './kept-content.ts'
import { KnownNames } from './known-names.ts'
import { maxFetches, PullThrough, tagMs } from './pull-through.ts'

const { signal } = new AbortController()
const digestOf = (text: string | Uint8Array): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`
const blobOf = (text: string): Descriptor => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(text),
  size: Buffer.byteLength(text),
})
const mediaType = 'application/vnd.oci.image.manifest.v1+json'
const manifestOf = (...layers: string[]): Buffer =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: blobOf('{}'), layers: layers.map(blobOf) }))

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of content) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pull-through-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

async function setUp(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'pull-through-'))
  const clock = new FakeClock()
  const state = { tags: new Map<string, Buffer>(), failure: undefined as Error | undefined, asked: [] as string[] }
  const source: ImageSource = {
    async manifest(wanted) {
      state.asked.push(wanted)
      if (state.failure !== undefined) throw state.failure
      const found = [...state.tags].find(([tag, bytes]) => tag === wanted || digestOf(bytes) === wanted)?.[1]
      return found && { descriptor: { mediaType, digest: digestOf(found), size: found.length }, bytes: found }
    },
    async *blob({ digest }) {
      state.asked.push(digest)
      if (state.failure !== undefined) throw state.failure
      yield Buffer.from(digest === digestOf('{}') ? '{}' : 'layer')
    },
    async referrers() {
      if (state.failure !== undefined) throw state.failure
      return []
    },
  }
  const all = mirroredRegistries([{ metadata: { name: 'm' }, spec: { registry: 'docker.io', pullThrough: { namespace: 'hub' } } }])
  const open = async () =>
    new PullThrough({
      mirrors: { all: () => all },
      registries: { open: () => source, tags: async () => ['1'] },
      content: await KeptContent.open(join(folder, 'kept')),
      names: await KnownNames.open(join(folder, 'names')),
      clock,
      log: silentLogger,
    })
  const through = await open()
  t.after(async () => {
    await through.settled()
    await rm(folder, { recursive: true })
  })
  const other = through.repositoryOf('hub/library/nginx') ?? assert.fail()
  return { state, clock, through, other, open }
}

test('PullThrough knows which repositories are those of another registry', async t => {
  const { through, other } = await setUp(t)
  assert.deepEqual(other, { registry: 'docker.io', path: 'library/nginx', repository: 'hub/library/nginx' })
  for (const name of ['hub', 'hubs/a', 'shop/hub', 'hub/../a']) assert.equal(through.repositoryOf(name), undefined, name)
})

test('PullThrough asks for a tag again after a minute, and never for a digest that it has', async t => {
  const { state, clock, through, other } = await setUp(t)
  state.tags.set('1', manifestOf('layer'))
  const first = await through.manifest(other, '1', signal)
  assert.equal(first?.digest, digestOf(manifestOf('layer')))
  state.tags.set('1', manifestOf('other'))
  await clock.advance(tagMs - 1)
  assert.equal((await through.manifest(other, '1', signal))?.digest, first.digest)
  await clock.advance(1)
  assert.equal((await through.manifest(other, '1', signal))?.digest, digestOf(manifestOf('other')))
  assert.equal((await through.manifest(other, first.digest, signal))?.digest, first.digest)
  assert.equal(state.asked.includes(first.digest), false)
})

test('PullThrough serves what it kept while the other registry is away, also after a restart, and forgets what that does not have', async t => {
  const { state, clock, through, other, open } = await setUp(t)
  state.tags.set('1', manifestOf('layer'))
  await through.manifest(other, '1', signal)
  await through.settled()
  state.failure = new RegistryUnavailable('away')
  await clock.advance(tagMs)
  const again = await open()
  assert.equal((await again.manifest(other, '1', signal))?.digest, digestOf(manifestOf('layer')))
  await assert.rejects(again.manifest(other, '2', signal), { code: 'UNAVAILABLE' })
  state.failure = undefined
  state.tags.clear()
  assert.equal(await again.manifest(other, '1', signal), undefined)
  state.failure = new RegistryUnavailable('away')
  await assert.rejects(again.manifest(other, '1', signal), { code: 'UNAVAILABLE' })
})

test('PullThrough does not serve what it kept for a registry that answers something else', async t => {
  const { state, clock, through, other } = await setUp(t)
  state.tags.set('1', manifestOf('layer'))
  await through.manifest(other, '1', signal)
  await clock.advance(tagMs)
  state.failure = new RegistryUntrustworthy('other content')
  await assert.rejects(through.manifest(other, '1', signal), { code: 'UNAVAILABLE' })
})

test('PullThrough gives of a repository only what a manifest of it names, though another has it', async t => {
  const { state, through, other } = await setUp(t)
  state.tags.set('1', manifestOf('layer'))
  assert.equal(through.blob(other, digestOf('layer')), undefined)
  await through.manifest(other, '1', signal)
  const layer = through.blob(other, digestOf('layer')) ?? assert.fail()
  const found = await through.content(other, layer, signal)
  assert.equal('pieces' in found && (await textOf(found.pieces)), 'layer')
  const private_ = through.repositoryOf('hub/library/other') ?? assert.fail()
  assert.equal(through.blob(private_, digestOf('layer')), undefined)
})

test('PullThrough refuses before the first byte where the content does not come, and limits what it fetches at once', async t => {
  const { state, through, other } = await setUp(t)
  state.tags.set('1', manifestOf('layer', ...Array.from({ length: maxFetches + 1 }, (_, at) => `other ${at}`)))
  await through.manifest(other, '1', signal)
  state.failure = new RegistryUnavailable('away')
  const layer = through.blob(other, digestOf('layer')) ?? assert.fail()
  await assert.rejects(through.content(other, layer, signal), { code: 'UNAVAILABLE' })
})

test('KeptContent keeps what has the digest, and lets readers follow it as it grows', async t => {
  const kept = await KeptContent.open(await folderOf(t))
  const hold = Promise.withResolvers<void>()
  async function* slow(): AsyncIterable<Uint8Array> {
    yield Buffer.from('first ')
    await hold.promise
    yield Buffer.from('second')
  }
  const digest = digestOf('first second')
  const { growing, finished } = await kept.fetch(digest, 12, slow())
  await begun(growing)
  const reading = Promise.all([textOf(follow(growing)), textOf(follow(growing))])
  assert.equal(kept.path(digest), undefined)
  hold.resolve()
  assert.deepEqual(await reading, ['first second', 'first second'])
  await finished
  assert.ok(kept.path(digest))
  assert.equal(await textOf(follow(growing)), 'first second')
})

for (const [name, size, texts] of [
  ['has other content', 5, ['wrong']],
  ['is too short', 5, ['rig']],
  ['is too long', 5, ['right', 'more']],
] as const)
  test(`KeptContent does not keep what ${name}`, async t => {
    const folder = await folderOf(t)
    const kept = await KeptContent.open(folder)
    const { growing, finished } = await kept.fetch(digestOf('right'), size, pieces(...texts))
    await assert.rejects(textOf(follow(growing)))
    await finished
    assert.equal(kept.path(digestOf('right')), undefined)
    assert.deepEqual(await readdir(folder), [])
  })

test('KeptContent drops the longest unused first, and what an earlier process left', async t => {
  const folder = await folderOf(t)
  await writeFile(join(folder, `${digestOf('old').replace(':', '-')}.part`), 'half')
  const kept = await KeptContent.open(folder, { bytes: 10, files: 10 })
  assert.deepEqual(await readdir(folder), [])
  const keep = async (text: string) => await (await kept.fetch(digestOf(text), text.length, pieces(text))).finished
  for (const text of ['aaaa', 'bbbb']) await keep(text)
  assert.ok(kept.path(digestOf('aaaa')))
  await keep('cccc')
  assert.deepEqual(
    ['aaaa', 'bbbb', 'cccc'].map(text => kept.path(digestOf(text)) !== undefined),
    [true, false, true],
  )
  assert.equal(kept.bytes, 8)
})

test('KnownNames survive a restart, without what is damaged, and are limited', async t => {
  const folder = await folderOf(t)
  const names = await KnownNames.open(folder, 2)
  const known = (reference: string, seen: number) => ({ repository: 'hub/a', reference, digest: digestOf(reference), mediaType, seen })
  for (const [at, tag] of ['1', '2', '3'].entries()) await names.set(known(tag, at))
  await writeFile(join(folder, 'f'.repeat(64)), '{"repo')
  const again = await KnownNames.open(folder, 2)
  assert.deepEqual(
    ['1', '2', '3'].map(tag => again.get('hub/a', tag)?.seen),
    [undefined, 1, 2],
  )
  await until(async () => (await readdir(folder)).length === 2, 'the damaged file is gone')
})
