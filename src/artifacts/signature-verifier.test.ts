import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterImagePolicy, TrustRoot } from '../api/types/supply-v1.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { nodePlatform } from '../supply-chain/oci/platform.ts'
import { HostileRegistry } from '../supply-chain/oci/registry/hostile-registry.testing.ts'
import type { ImageAnswer } from '../supply-chain/policy/image-question.ts'
import { ecKeys, type KeyPair, signBytes, simplePayload, tagOf } from '../supply-chain/signatures/sign.testing.ts'
import { knownRoots } from './artifacts.testing.ts'
import { httpsRegistries } from './https-registries.ts'
import { ImageEvaluator } from './image-evaluator.ts'
import { type Followed, PolicyState } from './policy-state.ts'
import { signatureVerifier } from './signature-verifier.ts'

const { signal } = new AbortController()
const keys = ecKeys()

/** One object, which a test replaces. */
function one<T extends { metadata: { name?: string } }>(object: T): Followed<T> & { object: T } {
  return {
    object,
    resourceVersion: '9',
    get(_, name) {
      return this.object.metadata.name === name ? this.object : undefined
    },
    list() {
      return [this.object]
    },
  }
}

/** A registry with the image `shop/web:1`, signed by these keys, and a policy for it that trusts `keys`. */
async function opened(...signers: KeyPair[]) {
  const registry = await HostileRegistry.start()
  const facts = { ...nodePlatform(process.arch), created: '2026-01-01T00:00:00Z', rootfs: { type: 'layers', diff_ids: [] } }
  const config = { ...registry.putBlob(Buffer.from(JSON.stringify(facts))), mediaType: 'application/vnd.oci.image.config.v1+json' }
  const image = registry.putManifest({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [] }, '1')
  const payload = simplePayload(image.digest, `${registry.host}/shop/web`)
  const layers = signers.map(signer => ({
    ...registry.putBlob(payload),
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    annotations: { 'dev.cosignproject.cosign/signature': signBytes(signer, payload).toString('base64') },
  }))
  if (layers.length > 0)
    registry.putManifest({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', layers }, tagOf(image.digest, 'sig'))
  const root = one<TrustRoot>({ metadata: { name: 'shop' }, spec: { keys: [{ name: 'release', publicKey: keys.pem }] } })
  const policy = one<ClusterImagePolicy>({
    metadata: { name: 'signed' },
    spec: { images: [`${registry.host}/**`], verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] } },
  })
  const none: Followed<never> = { resourceVersion: '9', get: () => undefined, list: () => [] }
  const policies = new PolicyState({ policies: none, clusterPolicies: policy, trustRoots: root, known: knownRoots(root) })
  const registries = httpsRegistries({ clock: systemClock, authorities: registry.authorities })
  const evaluator = new ImageEvaluator({ registries, verifier: signatureVerifier, policies, clock: systemClock, log: silentLogger })
  const reference = `${registry.host}/shop/web:1`
  return {
    ...{ registry, root, policy, reference, digest: image.digest, evaluator },
    async ask(): Promise<ImageAnswer> {
      const images = [{ image: reference, policies: [{ namespace: '', name: 'signed', resourceVersion: '9' }] }]
      const [answer] = await evaluator.evaluate({ namespace: 'default', images, credentials: [], trustRoots: [] }, signal)
      assert.ok(answer)
      return answer
    },
    async [Symbol.asyncDispose]() {
      registries[Symbol.dispose]()
      await registry[Symbol.asyncDispose]()
    },
  }
}

const verdictOf = (answer: ImageAnswer) => (answer.known ? answer.verdict : answer.reason)

test('signatureVerifier names the key that signed an image in a registry', async () => {
  await using shop = await opened(ecKeys(), keys)
  const answer = await shop.ask()
  assert.ok(answer.known)
  assert.deepEqual([answer.verdict, answer.digest, answer.identities], ['Verified', shop.digest, ['key "release" of trust root "shop"']])
})

test('signatureVerifier refuses an image that somebody else signed, or nobody, and says what would pass', async () => {
  for (const signers of [[ecKeys()], []]) {
    await using shop = await opened(...signers)
    const answer = await shop.ask()
    assert.equal(verdictOf(answer), 'Refused')
    assert.match(answer.message, /no signature by key "release" of trust root "shop".*would pass/)
  }
})

test('signatureVerifier evaluates again without the registry when a key is revoked', async () => {
  await using shop = await opened(keys)
  assert.equal(verdictOf(await shop.ask()), 'Verified')
  const count = shop.registry.requests.length
  const { spec } = shop.root.object
  shop.root.object = { metadata: { name: 'shop' }, spec: { ...spec, revoked: [{ key: 'release', reason: 'lost' }] } }
  const answer = await shop.evaluator.reevaluate('default', shop.reference, shop.digest, signal)
  assert.deepEqual([verdictOf(answer), shop.registry.requests.length], ['Refused', count])
  assert.match(answer.message, /has revoked key "release": lost/)
})

test('signatureVerifier refuses by a policy that cannot be read, and takes nobody of such a trust root', async () => {
  await using shop = await opened(keys)
  const { spec } = shop.policy.object
  shop.policy.object = { metadata: { name: 'signed' }, spec: { ...spec, maxAge: 'x' } }
  assert.match((await shop.ask()).message, /policies signed: spec.maxAge must be a duration/)
  shop.policy.object = { metadata: { name: 'signed' }, spec }
  shop.root.object = { metadata: { name: 'shop' }, spec: { keys: [{ name: 'release', publicKey: 'x' }] } }
  assert.match((await shop.ask()).message, /trust root "shop" cannot be used: spec\.keys\[0\]\.publicKey must be one PEM block/)
})

test('signatureVerifier compares the time at which an image was built', async () => {
  await using shop = await opened(keys)
  const { spec } = shop.policy.object
  const withAge = async (maxAge: string) => {
    shop.policy.object = { metadata: { name: 'signed' }, spec: { ...spec, maxAge } }
    return await shop.ask()
  }
  assert.equal(verdictOf(await withAge('876000h')), 'Verified')
  assert.match((await withAge('1h')).message, /it was built .* ago, and must not be older than 1h/)
})
