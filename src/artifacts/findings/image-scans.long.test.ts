import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { untilAborted } from '../../base/async/abort.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { UserError } from '../../base/user-error.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import { MemoryImageSource } from '../../supply-chain/oci/memory-image-source.testing.ts'
import { RegistryUnavailable } from '../../supply-chain/oci/registry/registry-error.ts'
import { findingsBench, npmPackage } from './findings.testing.ts'
import { copyMs, firstCopyMs, ImageScans, maxNames, type ScanRequest, scanTurns } from './image-scans.ts'

const { signal } = new AbortController()

async function opened() {
  const bench = findingsBench()
  const source = new MemoryImageSource()
  const reports: string[] = []
  const failures: string[] = []
  const waits = new Map<string, Promise<void>>()
  const requests: string[] = []
  /** Ends the time for the copies that run with this limit. */
  const expire = new Map<number, (() => void)[]>()
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, ended) =>
      new Promise((resolve, reject) => {
        expire.set(ms, [...(expire.get(ms) ?? []), resolve])
        ended?.addEventListener('abort', () => reject(ended.reason), { once: true })
      }),
  }
  const scans = new ImageScans({
    findings: bench.findings,
    folder: bench.scratch,
    clock,
    log: silentLogger,
    registries: {
      open: (repository, credentials) => ({
        async manifest(wanted, until) {
          requests.push(repository)
          const wait = waits.get(repository)
          if (wait !== undefined) await untilAborted(wait, until)
          if (repository.includes('private') && credentials.length === 0) throw new UserError(`${repository} wants a credential`)
          if (repository.includes('down')) throw new RegistryUnavailable(`${repository} is down`)
          if (repository.includes('broken')) throw new UserError(`${repository} does not answer`)
          return source.manifest(wanted)
        },
        blob: wanted => source.blob(wanted),
        referrers: async () => [],
      }),
    },
    onReport: ({ digest }) => reports.push(digest),
    onFailure: (_, message) => failures.push(message),
  })
  await scans.prepare()
  bench.content.set('*', [npmPackage('x')])
  const push = (content: string): Digest =>
    source.putManifest([source.putBlob(Buffer.from(content), 'application/vnd.oci.image.layer.v1.tar')]).digest
  const want = (namespace: string, digest: Digest, more: Partial<ScanRequest> = {}) =>
    scans.want({ namespace, image: `registry.example.com/${namespace}/app@${digest}`, digest, credentials: [], ...more }, signal)
  const over = (ms: number) => {
    for (const end of expire.get(ms) ?? []) end()
  }
  return { bench, scans, reports, failures, waits, requests, push, want, over }
}

test('ImageScans reads an image once, and leaves no copy of it', async () => {
  const { bench, reports, requests, push, want } = await opened()
  await using _ = bench
  const digest = push('one')
  want('a', digest)
  want('a', digest)
  await until(() => reports.length === 1, 'the image is read')
  want('b', digest)
  assert.deepEqual([reports, requests.length], [[digest], 2])
  await until(() => readdirSync(bench.scratch).length === 0, 'the copy is removed')
})

test('ImageScans asks a registry that does not answer once, so that it holds up no other image for longer', async () => {
  const { bench, failures, requests, push, want } = await opened()
  await using _ = bench
  want('down', push('one'))
  await until(() => failures.length === 1, 'the image is not read')
  assert.deepEqual([failures, requests.length], [['registry.example.com/down/app is down'], 1])
})

test('ImageScans tries an image by another name if one name of it fails', async () => {
  const { bench, reports, failures, push, want } = await opened()
  await using _ = bench
  const digest = push('one')
  want('broken', digest)
  await until(() => failures.length === 1, 'the first name fails')
  assert.match(failures[0] ?? '', /broken\/app does not answer/)
  want('broken', digest)
  want('b', digest)
  await until(() => reports.length === 1, 'the second name works')
  assert.equal(failures.length, 1)
})

test('ImageScans tries an image that it could not read again when mirrors change, also if they change during an attempt', async () => {
  const { bench, scans, failures, reports, waits, requests, push, want } = await opened()
  await using _ = bench
  const digest = push('one')
  const image = `registry.example.com/down/app@${digest}`
  want('a', digest, { image })
  await until(() => failures.length === 1, 'it fails')
  want('a', digest, { image })
  assert.equal(requests.length, 1)
  scans.mirrorsChanged()
  const hanging = Promise.withResolvers<void>()
  waits.set('registry.example.com/down/app', hanging.promise)
  want('a', digest, { image })
  await until(() => requests.length === 2, 'it is asked again')
  waits.clear()
  scans.mirrorsChanged()
  hanging.resolve()
  await until(() => failures.length === 2, 'it fails again')
  assert.deepEqual([requests.length, reports], [3, []])
})

test('ImageScans tries an image again for who comes with a credential', async () => {
  const { bench, reports, failures, push, want } = await opened()
  await using _ = bench
  const digest = push('one')
  want('private', digest)
  await until(() => failures.length === 1, 'it fails without a credential')
  want('private', digest, { credentials: [{ location: 'registry.example.com', username: 'u', password: 'p' }] })
  await until(() => reports.length === 1, 'it is read with one')
})

test('ImageScans lets no namespace delay another, nor fill the queue', async () => {
  const { bench, reports, waits, requests, push, want } = await opened()
  await using _ = bench
  const held = Promise.withResolvers<void>()
  waits.set('registry.example.com/slow/app', held.promise)
  const room = scanTurns.ownRunning + scanTurns.ownWaiting
  const all = Array.from({ length: room + 20 }, (_, index) => push(`slow ${index}`))
  for (const digest of all) want('slow', digest)
  await until(() => requests.length === scanTurns.ownRunning, 'the first ones wait for their registry')
  const other = push('other')
  want('b', other)
  await until(() => reports.includes(other), 'the other namespace is served')
  held.resolve()
  await until(() => reports.length === room + 1, 'those that had room are read')
})

test('ImageScans reads other images of a namespace while one of them hangs under many names', async () => {
  const { bench, reports, failures, waits, requests, push, want, over } = await opened()
  await using _ = bench
  waits.set('registry.example.com/a/hangs', new Promise(() => undefined))
  const hanging = push('hangs')
  const names = Array.from({ length: 2 * maxNames }, (_, index) => ({
    image: `registry.example.com/a/hangs@${hanging}`,
    credentials: [{ location: 'registry.example.com', username: `u${index}`, password: 'p' }],
  }))
  for (const name of names) want('a', hanging, name)
  const good = push('good')
  want('a', good)
  await until(() => reports.includes(good), 'the good one is read')
  assert.equal(requests.filter(name => name.endsWith('/hangs')).length, 1)
  for (let tried = 1; tried <= maxNames; tried++) {
    await until(() => requests.filter(name => name.endsWith('/hangs')).length === tried, 'the next name is tried')
    over(firstCopyMs)
  }
  await until(() => requests.filter(name => name.endsWith('/hangs')).length === maxNames + 1, 'it is tried for longer')
  const [two, three] = [push('two'), push('three')]
  want('a', two)
  want('a', three)
  await until(() => reports.includes(two) && reports.includes(three), 'others are read meanwhile')
  assert.deepEqual(failures, [])
  over(copyMs)
  await until(() => failures.length === 1, 'it is given up')
  assert.deepEqual(failures, ['It could not be copied in 5 minutes'])
})

test('ImageScans asks nobody for an image that comes with Bulkhead', async () => {
  const { bench, failures, requests, push, want } = await opened()
  await using _ = bench
  const digest = push('one')
  want('a', digest, { image: `bulkhead.local/busybox:1@${digest}` })
  await until(() => failures.length === 1, 'it is not read')
  assert.deepEqual([failures, requests], [['It comes with Bulkhead, so that no registry has it'], []])
})

test('ImageScans takes an attested bill of materials in place of the layers, unless it cannot be read', async () => {
  const { bench, reports, requests, push, want } = await opened()
  await using _ = bench
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    components: [{ type: 'library', name: 'signed', purl: 'pkg:npm/signed@1.0.0' }],
  }
  const [one, two] = [push('one'), push('two')]
  want('a', one, { attested: async () => JSON.stringify(bom) })
  await until(() => reports.includes(one), 'the first one is read')
  assert.equal(requests.length, 0)
  want('a', two, { attested: async () => '{}' })
  await until(() => reports.includes(two), 'the second one is read')
  const images = async (name: string) => (await bench.findings.where(name, signal)).hits.map(({ image }) => image)
  assert.deepEqual([await images('signed'), await images('x')], [[one], [two]])
})

const needsRoot = process.getuid?.() === 0 ? false : 'only root can mount'

test('ImageScans says that the disk is full, leaves nothing on it, and reads smaller images after that', { skip: needsRoot }, async () => {
  const { bench, scans, reports, failures, push, want } = await opened()
  await using _ = bench
  await scans.prepare()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', bench.scratch])
  using mounted = { [Symbol.dispose]: () => execFileSync('umount', [bench.scratch]) }
  assert.ok(mounted)
  want('a', push('x'.repeat(300_000)))
  await until(() => failures.length === 1, 'it is not read')
  assert.deepEqual([failures, reports], [['It could not be copied: the disk of the cluster is full'], []])
  await until(() => readdirSync(bench.scratch).length === 0, 'the copy is removed')
  const small = push('small')
  want('a', small)
  await until(() => reports.length === 1, 'another one is read')
  assert.deepEqual(reports, [small])
})
