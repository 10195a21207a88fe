import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import type { ClusterImagePolicy, ImagePolicy, TrustRoot } from '../api/types/supply-v1.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { nodePlatform } from '../supply-chain/oci/platform.ts'
import { HostileRegistry, manifestType } from '../supply-chain/oci/registry/hostile-registry.testing.ts'
import type { ImageAnswer } from '../supply-chain/policy/image-question.ts'
import { ecKeys, signBytes, simplePayload, tagOf } from '../supply-chain/signatures/sign.testing.ts'
import { knownRoots } from './artifacts.testing.ts'
import { httpsRegistries } from './https-registries.ts'
import { ImageEvaluator } from './image-evaluator.ts'
import { ImageMemory, imageFilesLimits, maxOwnImages } from './image-memory.ts'
import { KeptFiles } from './kept-files.ts'
import { type Followed, PolicyState } from './policy-state.ts'
import { signatureVerifier } from './signature-verifier.ts'

const { signal } = new AbortController()
const keys = ecKeys()
const one = <T extends { metadata: { name?: string } }>(object: T): Followed<T> => ({
  resourceVersion: '9',
  get: (_, name) => (object.metadata.name === name ? object : undefined),
  list: () => [object],
})
const nothing = async (): Promise<void> => undefined
const none: Followed<ImagePolicy> = { resourceVersion: '9', get: () => undefined, list: () => [] }

suite('ImageMemory', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-images-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A registry with a signed image, and the part as it is after each start. */
  async function shop() {
    const registry = await HostileRegistry.start()
    const facts = { ...nodePlatform(process.arch), rootfs: { type: 'layers', diff_ids: [] } }
    const config = { ...registry.putBlob(JSON.stringify(facts)), mediaType: 'application/vnd.oci.image.config.v1+json' }
    const { digest } = registry.putManifest({ schemaVersion: 2, mediaType: manifestType, config, layers: [] }, '1')
    const { host, authorities } = registry
    const payload = simplePayload(digest, `${host}/shop/web`)
    const layer = {
      ...registry.putBlob(payload),
      mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
      annotations: { 'dev.cosignproject.cosign/signature': signBytes(keys, payload).toString('base64') },
    }
    registry.putManifest({ schemaVersion: 2, mediaType: manifestType, layers: [layer] }, tagOf(digest, 'sig'))
    const policy: ClusterImagePolicy = {
      metadata: { name: 'signed' },
      spec: { images: [`${host}/**`], verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] } },
    }
    return {
      registry,
      async start(revoked: TrustRoot['spec']['revoked'] = []) {
        const root = one<TrustRoot>({ metadata: { name: 'shop' }, spec: { keys: [{ name: 'release', publicKey: keys.pem }], revoked } })
        const policies = new PolicyState({ policies: none, clusterPolicies: one(policy), trustRoots: root, known: knownRoots(root) })
        const registries = httpsRegistries({ clock: systemClock, authorities })
        const memory = new ImageMemory({ files: new KeptFiles(folder, imageFilesLimits), verifier: signatureVerifier, log: silentLogger })
        const parts = { registries, verifier: signatureVerifier, policies, clock: systemClock, log: silentLogger, memory }
        const evaluator = new ImageEvaluator(parts)
        await evaluator.restore()
        return {
          memory,
          async ask(namespace = 'default'): Promise<ImageAnswer> {
            const images = [{ image: `${host}/shop/web:1@${digest}`, policies: [{ namespace: '', name: 'signed', resourceVersion: '9' }] }]
            const [answer] = await evaluator.evaluate({ namespace, images, credentials: [], trustRoots: [] }, signal)
            assert.ok(answer)
            return answer
          },
          [Symbol.dispose]: () => registries[Symbol.dispose](),
        }
      },
    }
  }
  const verdictOf = (answer: ImageAnswer) => (answer.known ? answer.verdict : answer.reason)

  test('an image that was known is verified after a restart while its registry is away, by the trust roots of now', async () => {
    const { registry, start } = await shop()
    {
      await using _ = registry
      using part = await start()
      assert.equal(verdictOf(await part.ask()), 'Verified')
      await part.memory.written()
    }
    using part = await start()
    assert.equal(verdictOf(await part.ask()), 'Verified')
    assert.equal(verdictOf(await part.ask('other')), 'Unreachable', 'another namespace has not seen it')
    using revoked = await start([{ key: 'release' }])
    const answer = await revoked.ask()
    assert.equal(verdictOf(answer), 'Refused')
    assert.match(answer.message, /no signature would pass: trust root "shop" has revoked key "release"/)
  })

  test('what was changed on disk is read from the registry again, and is nothing without it', async () => {
    const { registry, start } = await shop()
    {
      await using _ = registry
      using part = await start()
      await part.ask()
      await part.memory.written()
      const [file = ''] = readdirSync(folder)
      const path = join(folder, file)
      writeFileSync(path, readFileSync(path, 'utf8').replace(/\\"content\\":\\"./, '\\"content\\":\\"A'))
      using again = await start()
      assert.deepEqual(readdirSync(folder), [])
      assert.equal(verdictOf(await again.ask()), 'Verified')
      await again.memory.written()
      writeFileSync(path, 'x')
    }
    using part = await start()
    assert.equal(verdictOf(await part.ask()), 'Unreachable')
  })

  test('one namespace keeps a bounded number of images, and drives out none of others', async () => {
    const removed: string[] = []
    const files = {
      async *read() {
        yield* []
      },
      set: nothing,
      async delete(key: string) {
        removed.push(key)
      },
    }
    const memory = new ImageMemory<string>({ files, verifier: { store: value => value, restore: String }, log: silentLogger })
    memory.keep('b\nrepository@0', { claims: '' })
    for (let index = 0; index <= maxOwnImages; index++) {
      memory.keep(`a\nrepository@${index}`, { claims: '' })
      await memory.written()
    }
    assert.deepEqual(removed, ['a\nrepository@0'])
  })

  test('what is the same is not written again, and a full disk is no fault of an image', async () => {
    const writes: string[] = []
    const files = {
      async *read() {
        yield* []
      },
      async set(key: string) {
        writes.push(key)
        if (key === 'a\nfull') throw new Error('ENOSPC')
      },
      delete: nothing,
    }
    const memory = new ImageMemory<string>({ files, verifier: { store: value => value, restore: String }, log: silentLogger })
    for (const claims of ['one', 'one', 'two']) {
      memory.keep('a\nx', { claims })
      await memory.written()
    }
    memory.keep('a\nfull', { claims: '' })
    await memory.written()
    assert.deepEqual(writes, ['a\nx', 'a\nx', 'a\nfull'])
  })
})
