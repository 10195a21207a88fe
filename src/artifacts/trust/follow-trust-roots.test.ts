import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { TrustRoot } from '../../api/types/supply-v1.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { Informer } from '../../client/cache/informer.ts'
import { Client } from '../../client/client.ts'
import { events, trustRoots } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { RegistryUnavailable } from '../../supply-chain/oci/registry/registry-error.ts'
import { mockSigstore } from '../../supply-chain/signatures/keyless.testing.ts'
import { TufRepository, tufKey } from '../../supply-chain/signatures/tuf/tuf.testing.ts'
import { openTrustMemory } from './disk-trust-memory.ts'
import { followTrustRoots } from './follow-trust-roots.ts'
import { firstRetryMs, maxFollowed, refreshMs } from './follow-tuf.ts'
import { type TrustMemory, volatileTrustMemory } from './trust-memory.ts'
import { clockToleranceMs } from './tuf-state.ts'

const url = 'https://tuf.example.com/'
const sigstores = await Promise.all([mockSigstore(), mockSigstore()])
const [first = '', second = ''] = sigstores.map(({ trustedRoot }) => JSON.stringify(trustedRoot))

interface Options {
  readonly repository?: TufRepository
  readonly api?: FakeApi
  readonly memory?: TrustMemory
  readonly clock?: FakeClock
}

/** A part over an API in memory, which follows the repository in memory. */
async function opened({ repository = new TufRepository(first), api = new FakeApi(), memory, clock = new FakeClock() }: Options = {}) {
  const stop = new AbortController()
  const contacted: string[] = []
  const state = { failure: undefined as Error | undefined, changes: 0 }
  const parts = { client: new Client(api), clock, log: silentLogger, random: () => 0 }
  const roots = new Informer<TrustRoot>({ ...parts, resource: trustRoots })
  const trust = followTrustRoots(
    {
      ...parts,
      roots,
      onChange: () => void state.changes++,
      ...(memory === undefined ? {} : { trustMemory: memory }),
      openTuf: at => {
        contacted.push(at)
        return {
          async metadata(name, maxBytes) {
            if (state.failure !== undefined) throw state.failure
            return repository.metadata(name, maxBytes)
          },
          target: path => repository.target(path),
          [Symbol.dispose]: () => undefined,
        }
      },
    },
    stop.signal,
  )
  const running = [roots.run(stop.signal).catch(() => undefined)]
  await roots.synced(stop.signal)
  await trust.synced()
  running.push(trust.run())
  const condition = (type = 'Current') => api.read(trustRoots, '', 'public')?.status?.conditions?.find(each => each.type === type)
  const reads = async (reason: string, type?: string) =>
    await until(
      () => condition(type)?.reason === reason,
      () => `${reason} in ${JSON.stringify(condition(type))}`,
    )
  return {
    ...{ api, clock, repository, contacted, state, known: trust.known, condition, reads },
    add: (
      spec: TrustRoot['spec'] = { tuf: { root: { ...repository.root(1) }, url } },
      name = 'public',
      more: Partial<TrustRoot['metadata']> = {},
    ) => api.seed(trustRoots, { metadata: { name, generation: 1, ...more }, spec }),
    edit: (change: (root: TrustRoot) => void) =>
      api.change(trustRoots, '', 'public', root => {
        root.metadata.generation = (root.metadata.generation ?? 1) + 1
        change(root)
      }),
    /** The trusted root that counts, or why none does. */
    counts() {
      const tuf = trust.known.get('public')?.tuf
      if (tuf === undefined) return undefined
      return 'problem' in tuf ? tuf.problem : JSON.stringify(tuf.trustedRoot)
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the test is over'))
      await Promise.all(running)
      await trust[Symbol.asyncDispose]()
    },
  }
}

test('a trust root with a URL follows its repository, and nothing is contacted without one', async () => {
  await using part = await opened()
  part.add({ sigstore: { trustedRoot: {} }, tuf: { root: { ...part.repository.root(1) } } }, 'offline')
  part.add()
  await part.reads('Updated')
  assert.equal(part.counts(), first)
  const { status } = part.api.read(trustRoots, '', 'public') ?? {}
  assert.deepEqual(
    [status?.tufVersion, status?.tufTimestamp, status?.tufExpires, status?.updated],
    [1, 1, '2030-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  )
  assert.deepEqual([...new Set(part.contacted)], [url])
  part.repository.publishRoot()
  part.repository.publish(second)
  await part.clock.advance(refreshMs)
  await until(() => part.counts() === second, 'the second trusted root')
  await until(() => part.api.read(trustRoots, '', 'public')?.status?.tufVersion === 2, 'its version in the status')
})

test('a repository that is rolled back, not signed, or does not answer changes nothing but the condition, with an event', async () => {
  await using part = await opened()
  part.repository.publish(first)
  part.add()
  await part.reads('Updated')
  const { repository } = part
  const newest = new Map(repository.metadataFiles)
  // The first timestamp again: it is still signed, and still valid.
  repository.versions.timestamp = repository.versions.snapshot = repository.versions.targets = 0
  repository.publish(second)
  await part.clock.advance(refreshMs)
  await part.reads('Refused')
  assert.match(
    part.condition()?.message ?? '',
    /timestamp\.json has version 1, which is older than the accepted version 2\. If you really want the older one, set/,
  )
  assert.equal(part.counts(), first)
  await until(() => part.api.all(events).some(({ reason, type }) => reason === 'Refused' && type === 'Warning'), 'the event')
  for (const [name, bytes] of newest) repository.metadataFiles.set(name, bytes)
  part.state.failure = new RegistryUnavailable('Cannot reach tuf.example.com: refused')
  await part.clock.advance(firstRetryMs)
  await part.reads('Unreachable')
  part.state.failure = undefined
  await part.clock.advance(2 * firstRetryMs)
  await part.reads('Updated')
  repository.versions.timestamp = repository.versions.snapshot = repository.versions.targets = 2
  repository.keys.targets = [tufKey()]
  repository.publish(second)
  await part.clock.advance(refreshMs)
  await part.reads('Refused')
  assert.match(part.condition()?.message ?? '', /targets\.json is not signed by enough keys/)
  assert.equal(part.counts(), first)
})

test('a target that is no trusted root is refused, as is a first root that is none', async () => {
  await using part = await opened({ repository: new TufRepository('{"a":1}') })
  part.add()
  await part.reads('Refused')
  assert.match(part.condition()?.message ?? '', /Target "trusted_root\.json"\.mediaType must be/)
  assert.equal(part.counts(), 'its TUF repository was not read yet')
  part.edit(root => {
    root.spec = { tuf: { root: { x: 1 }, url } }
  })
  await until(() => /trusted root cannot be read/.test(part.condition()?.message ?? ''), 'the refused root')
})

test('metadata that expires is followed by an evaluation at that time, and counts no more', async () => {
  const repository = new TufRepository(first)
  repository.expires.timestamp = '2026-01-01T00:30:00Z'
  repository.publish(first)
  await using part = await opened({ repository })
  part.add()
  await part.reads('Updated')
  const before = part.known.revisionOf('public')
  part.state.failure = new RegistryUnavailable('gone')
  const changes = part.state.changes
  await part.clock.advance(30 * 60_000 + 2)
  await until(() => part.state.changes > changes, 'the change')
  assert.notEqual(part.known.revisionOf('public'), before)
  const tuf = part.known.get('public')?.tuf
  assert.equal(tuf !== undefined && 'expires' in tuf && tuf.expires, Date.parse('2026-01-01T00:30:00Z'))
})

test('a clock that is set back behind the last update is no reason to trust expired metadata', async () => {
  await using part = await opened()
  part.add()
  await part.reads('Updated')
  part.clock.set(-clockToleranceMs - 1000)
  assert.match(part.counts() ?? '', /is before the last update of its TUF metadata/)
})

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-trust-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a restart continues with what was accepted, without the repository', async context => {
  const folder = folderOf(context)
  const api = new FakeApi()
  const repository = new TufRepository(first)
  const open = async () => await opened({ api, repository, memory: await openTrustMemory(folder, silentLogger) })
  {
    await using part = await open()
    repository.publish(first)
    part.add()
    await part.reads('Updated')
  }
  await using part = await open()
  part.state.failure = new RegistryUnavailable('gone')
  assert.equal(part.counts(), first)
})

test('a disk that was restored from an older copy, is damaged or empty is noticed by what the cluster has recorded', async context => {
  const api = new FakeApi()
  const repository = new TufRepository(first)
  const folders = [folderOf(context), folderOf(context), folderOf(context)]
  const [current = '', older = '', damaged = ''] = folders
  const open = async (folder: string) => await opened({ api, repository, memory: await openTrustMemory(folder, silentLogger) })
  {
    await using part = await open(older)
    part.add()
    await part.reads('Updated')
  }
  {
    repository.publish(second)
    await using part = await open(current)
    await until(() => api.read(trustRoots, '', 'public')?.status?.tufTimestamp === 2, 'the second version')
    assert.equal(part.counts(), second)
  }
  for (const file of readdirSync(current)) writeFileSync(join(damaged, file), 'x')
  for (const [folder, message] of [
    [older, /older than what the cluster has recorded/],
    [damaged, /is not there any more/],
    [folderOf(context), /is not there any more/],
  ] as const) {
    const withheld = new RegistryUnavailable('gone')
    await using part = await opened({ api, repository, memory: await openTrustMemory(folder, silentLogger) })
    part.state.failure = withheld
    await until(() => message.test(part.counts() ?? '') || part.counts() === second, 'what is known')
  }
  // Who serves the old files to a part that has lost its memory is noticed too.
  const old = new Map(repository.metadataFiles)
  repository.versions.timestamp = repository.versions.snapshot = repository.versions.targets = 0
  repository.publish(first)
  await using part = await open(folderOf(context))
  await part.reads('Refused')
  assert.match(part.condition()?.message ?? '', /timestamp\.json has version 1, which is older than the accepted version 2/)
  assert.match(part.counts() ?? '', /is not there any more/)
  for (const [name, bytes] of old) repository.metadataFiles.set(name, bytes)
})

test('an older trust root that is deleted and created again is not used, until an administrator says so', async () => {
  await using part = await opened()
  const keys = [
    {
      name: 'one',
      publicKey: `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n`,
    },
  ]
  part.add({ version: 2, keys, revoked: [{ key: 'one' }] }, 'public', { uid: 'a' })
  await until(() => part.known.get('public') !== undefined, 'the trust root')
  part.api.remove(trustRoots, '', 'public')
  await until(() => part.known.get('public') === undefined, 'that it is gone')
  part.add({ version: 1, keys }, 'public', { uid: 'b' })
  await part.reads('RolledBack', 'Accepted')
  const message = part.condition('Accepted')?.message ?? ''
  assert.match(message, /spec\.version is 1, and was 2; key "one" was revoked, and is not/)
  assert.match(part.known.get('public')?.unusable ?? '', /is older than the trust root that it replaces/)
  const [, value = ''] = /accept-rollback="([0-9a-f]{16})"/.exec(message) ?? []
  part.edit(root => {
    root.metadata.annotations = { 'supply.bulkhead.dev/accept-rollback': value }
  })
  await part.reads('Accepted', 'Accepted')
  assert.equal(part.known.get('public')?.unusable, undefined)
  // The annotation that stays accepts nothing more.
  part.edit(root => {
    root.spec = { version: 0, keys }
  })
  await part.reads('RolledBack', 'Accepted')
})

test('a repository that begins anew is followed after an explicit act', async () => {
  await using part = await opened()
  part.repository.publishRoot()
  part.add()
  await part.reads('Updated')
  const fresh = new TufRepository(second)
  part.edit(root => {
    root.spec = { tuf: { root: { ...fresh.root(1) }, url } }
  })
  await part.reads('Refused')
  part.repository.metadataFiles.clear()
  for (const [name, bytes] of fresh.metadataFiles) part.repository.metadataFiles.set(name, bytes)
  for (const [name, bytes] of fresh.targetFiles) part.repository.targetFiles.set(name, bytes)
  await part.clock.advance(firstRetryMs)
  await until(() => /older than the accepted version 2/.test(part.condition()?.message ?? ''), 'the hint')
  const [, value = ''] = /accept-rollback="([0-9a-f]{16})"/.exec(part.condition()?.message ?? '') ?? []
  part.edit(root => {
    root.metadata.annotations = { 'supply.bulkhead.dev/accept-rollback': value }
  })
  await part.reads('Updated')
  assert.equal(part.counts(), second)
})

test('at most a number of repositories are followed', async () => {
  await using part = await opened()
  for (let index = 0; index < maxFollowed; index++) part.add(undefined, `a${String(index).padStart(2, '0')}`)
  part.add()
  await part.reads('TooMany')
})

test('newer metadata that cannot be kept does not count, until the disk has room again', async () => {
  const kept = volatileTrustMemory()
  let isFull = false
  const memory: TrustMemory = {
    get: name => kept.get(name),
    async set(name, remembered) {
      if (isFull) throw new Error('ENOSPC: no space left on device')
      await kept.set(name, remembered)
    },
  }
  await using part = await opened({ memory })
  part.add()
  await part.reads('Updated')
  isFull = true
  part.repository.publish(second)
  await part.clock.advance(refreshMs)
  await part.reads('Refused')
  assert.equal(part.counts(), first)
  isFull = false
  await part.clock.advance(firstRetryMs)
  await until(() => part.counts() === second, 'the second trusted root')
})
