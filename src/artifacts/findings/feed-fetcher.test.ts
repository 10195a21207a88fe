import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { publicKey } from '../../api/resources/supply/supply.fixture.ts'
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { maxSignatureBytes } from '../../supply-chain/advisories/database/verify-feed.ts'
import { FeedFetcher, retryMs } from './feed-fetcher.ts'
import { maxFetchedSources } from './fetched-files.ts'
import type { FeedImport } from './image-software.ts'

const { signal } = new AbortController()

async function opened(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const scratch = mkdtempSync(join(tmpdir(), 'fetch-'))
  t.after(() => rmSync(scratch, { recursive: true, force: true }))
  const signer = createMemorySigner({ clock: systemClock })
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'mirror' })
  const cert = await signer.issueCertificate(
    { authority: 'serving', csr, commonName: 'mirror', organizations: [], dnsNames: ['localhost'], ipAddresses: [], lifetimeSeconds: 3600 },
    signal,
  )
  const authorities = await signer.authority('serving', signal)
  await signer[Symbol.asyncDispose]()
  const server = createServer({ key: keyPem, cert }, answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const url = `https://localhost:${(server.address() as AddressInfo).port}/osv.json`
  const sources: AdvisorySource[] = [{ metadata: { name: 'osv', generation: 1 }, spec: { format: 'osv', url, authorities, publicKey } }]
  const imported: string[] = []
  let elapsed = 0
  let refusal: string | undefined
  const importFeed: FeedImport = async ({ name, format, file, signature, publicKey: key, folder }) => {
    if (refusal !== undefined) throw new UserError(refusal)
    const read = (path: string) => readFileSync(path, 'utf8')
    imported.push([name, format, read(file), read(signature), read(key) === publicKey, folder].join(' '))
  }
  const lister = { list: () => sources, get: () => undefined, byIndex: () => [] } as unknown as ConstructorParameters<
    typeof FeedFetcher
  >[0]['sources']
  const fetcher = new FeedFetcher({
    ...{ sources: lister, scratch, fetched: 'into', importFeed, log: silentLogger },
    clock: { ...systemClock, monotonic: () => elapsed },
  })
  return {
    ...{ fetcher, sources, imported, scratch },
    pass(ms: number) {
      elapsed += ms
    },
    refuse(text: string) {
      refusal = text
    },
  }
}

const feed = (request: IncomingMessage, response: ServerResponse): void =>
  void response.end(request.url?.endsWith('.sig') ? 'signature' : '[]')

test('FeedFetcher imports what it fetched with its signature, once in its interval, and leaves no file', async t => {
  const mirror = await opened(t, feed)
  await mirror.fetcher.look(signal)
  await mirror.fetcher.look(signal)
  assert.deepEqual(mirror.imported, ['osv osv [] signature true into'])
  assert.equal(mirror.fetcher.problem('osv'), undefined)
  mirror.pass(3_600_001)
  await mirror.fetcher.look(signal)
  assert.deepEqual([mirror.imported.length, readdirSync(mirror.scratch)], [2, []])
  mirror.refuse('it is older')
  mirror.pass(3_600_001)
  await mirror.fetcher.look(signal)
  assert.equal(mirror.fetcher.problem('osv'), 'it is older')
})

test('FeedFetcher repeats a fetch that failed soon, each time after twice as long, at the latest after the interval', async t => {
  let asked = 0
  let isBroken = true
  const mirror = await opened(t, (request, response) => {
    if (!isBroken) return feed(request, response)
    asked++
    response.writeHead(503).end()
  })
  await mirror.fetcher.look(signal)
  for (let waited = retryMs; waited < 3_600_000; waited *= 2) {
    const before = asked
    mirror.pass(waited - 1)
    await mirror.fetcher.look(signal)
    assert.equal(asked, before, `before ${waited} ms`)
    mirror.pass(1)
    await mirror.fetcher.look(signal)
    assert.equal(asked, before + 1, `after ${waited} ms`)
  }
  isBroken = false
  mirror.pass(3_600_000)
  await mirror.fetcher.look(signal)
  assert.deepEqual([mirror.imported.length, mirror.fetcher.problem('osv')], [1, undefined])
  mirror.pass(retryMs)
  await mirror.fetcher.look(signal)
  assert.equal(mirror.imported.length, 1)
})

test('FeedFetcher fetches nothing without a URL, and again when the object changes', async t => {
  const mirror = await opened(t, feed)
  const [source] = mirror.sources
  assert.ok(source)
  mirror.sources[0] = { ...source, spec: { format: 'osv' } }
  await mirror.fetcher.look(signal)
  assert.deepEqual(mirror.imported, [])
  mirror.sources[0] = source
  await mirror.fetcher.look(signal)
  mirror.sources[0] = { ...source, metadata: { name: 'osv', generation: 2 } }
  await mirror.fetcher.look(signal)
  assert.equal(mirror.imported.length, 2)
})

const refusals: readonly [name: string, answer: (request: IncomingMessage, response: ServerResponse) => void, want: RegExp][] = [
  [
    'a redirect',
    (_, response) => void response.writeHead(302, { location: 'https://localhost/other' }).end(),
    /answered 302, expected 200/,
  ],
  ['an error', (_, response) => void response.writeHead(500).end(), /answered 500, expected 200/],
  ['an endless signature', (_, response) => void response.end(Buffer.alloc(maxSignatureBytes + 1)), /has more than 4096 bytes/],
  ['a connection that ends', (_, response) => void response.destroy(), /could not be fetched/],
]
for (const [name, answer, want] of refusals)
  test(`FeedFetcher reports ${name}, and imports nothing`, async t => {
    const mirror = await opened(t, answer)
    await mirror.fetcher.look(signal)
    assert.match(mirror.fetcher.problem('osv') ?? '', want)
    assert.deepEqual(mirror.imported, [])
    assert.ok(!existsSync(join(mirror.scratch, 'feed-osv')))
  })

test('FeedFetcher forgets sources that are gone, and says why one too many is not fetched', async t => {
  const mirror = await opened(t, feed)
  const [source] = mirror.sources
  assert.ok(source)
  mirror.refuse('it is older')
  await mirror.fetcher.look(signal)
  mirror.sources.length = 0
  await mirror.fetcher.look(signal)
  assert.equal(mirror.fetcher.problem('osv'), undefined)
  const named = (name: string, creationTimestamp: string): AdvisorySource => ({
    ...source,
    metadata: { name, generation: 1, creationTimestamp },
  })
  for (let index = 0; index < maxFetchedSources; index++) mirror.sources.push(named(`s${index}`, '2026-01-01T00:00:00Z'))
  mirror.sources.unshift(named('late', '2026-02-01T00:00:00Z'))
  await mirror.fetcher.look(signal)
  assert.match(mirror.fetcher.problem('late') ?? '', /^at most 20 sources are fetched, the oldest ones/)
  assert.equal(mirror.fetcher.problem('s0'), 'it is older')
})

test('FeedFetcher refuses a server of another authority', async t => {
  const mirror = await opened(t, feed)
  const [source] = mirror.sources
  assert.ok(source)
  const { authorities: _, ...spec } = source.spec
  mirror.sources[0] = { ...source, spec }
  await mirror.fetcher.look(signal)
  assert.match(mirror.fetcher.problem('osv') ?? '', /could not be fetched: .*certificate/)
})
