import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../api/object.ts'
import { publicKey } from '../api/resources/supply/supply.fixture.ts'
import type { ClusterImagePolicy, ImagePolicy, TrustRoot } from '../api/types/supply-v1.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import type { ImageAnswer, ImageQuestion } from '../supply-chain/policy/image-question.ts'
import { knownRoots, listVerifier, memoryRegistries } from './artifacts.testing.ts'
import { ImageEvaluator, laterClaimsMs, maxAskedImages, missingMs, tagMs } from './image-evaluator.ts'
import { type Followed, PolicyState } from './policy-state.ts'
import { failureMs, turnLimits } from './registry-work.ts'

const { signal } = new AbortController()

class Objects<T extends KubeObject> implements Followed<T> {
  readonly all = new Map<string, T>()
  resourceVersion = '0'
  get = (namespace: string, name: string): T | undefined => this.all.get(`${namespace}/${name}`)
  list = (namespace?: string): readonly T[] =>
    [...this.all.values()].filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
  set(object: T): void {
    this.resourceVersion = object.metadata.resourceVersion ?? '0'
    this.all.set(`${object.metadata.namespace ?? ''}/${object.metadata.name}`, object)
  }
}

function begin() {
  const registries = memoryRegistries()
  const policies = new Objects<ImagePolicy>()
  const clusterPolicies = new Objects<ClusterImagePolicy>()
  const trustRoots = new Objects<TrustRoot>()
  const state = new PolicyState({ policies, clusterPolicies, trustRoots, known: knownRoots(trustRoots) })
  let elapsed = 0
  const clock = { ...systemClock, monotonic: () => elapsed }
  const evaluator = new ImageEvaluator({
    registries,
    verifier: listVerifier(registries),
    policies: state,
    clock,
    log: silentLogger,
  })
  const root: TrustRoot = { metadata: { name: 'shop', resourceVersion: '2' }, spec: { keys: [{ name: 'release', publicKey }] } }
  const policy: ClusterImagePolicy = {
    metadata: { name: 'signed', resourceVersion: '3' },
    spec: { images: ['localhost:5000/**'], verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] } },
  }
  trustRoots.set(root)
  clusterPolicies.set(policy)
  const ask = async (image: string, more: Partial<ImageQuestion> = {}, covered = true): Promise<ImageAnswer> => {
    const [answer] = await evaluator.evaluate(
      {
        namespace: 'default',
        images: [{ image, policies: covered ? [{ namespace: '', name: 'signed', resourceVersion: '3' }] : [] }],
        credentials: [],
        trustRoots: [{ name: 'shop', resourceVersion: '2' }],
        ...more,
      },
      signal,
    )
    assert.ok(answer)
    return answer
  }
  const wait = (ms: number) => {
    elapsed += ms
  }
  return { registries, evaluator, state, trustRoots, clusterPolicies, root, policy, ask, wait }
}

const app = 'localhost:5000/shop/app'
const verdictOf = (answer: ImageAnswer) => (answer.known ? answer.verdict : answer.reason)

test('evaluate() resolves a tag, and verifies the digest', async () => {
  const { registries, ask } = begin()
  const digest = registries.push(app, '1', 'one')
  registries.sign(digest, 'release')
  const answer = await ask(`${app}:1`)
  assert.ok(answer.known)
  assert.deepEqual([answer.digest, answer.verdict, answer.identities], [digest, 'Verified', ['key "release" of trust root "shop"']])
})

test('evaluate() refuses an image that nobody signed, and takes the signature that comes later', async () => {
  const { registries, ask, wait } = begin()
  const digest = registries.push(app, '1', 'one')
  const refused = await ask(`${app}:1`)
  assert.equal(verdictOf(refused), 'Refused')
  assert.match(refused.message, /policy "signed": nobody/)
  registries.sign(digest, 'release')
  assert.equal(verdictOf(await ask(`${app}:1`)), 'Refused')
  wait(6000)
  assert.equal(verdictOf(await ask(`${app}:1`)), 'Verified')
})

test('evaluate() returns Unverified without a policy, and collects no claims', async () => {
  const { registries, ask } = begin()
  registries.push(app, '1', 'one')
  registries.failure = undefined
  assert.equal(verdictOf(await ask(`${app}:1`, {}, false)), 'Unverified')
})

test('evaluate() resolves a tag once, until the time is over', async () => {
  const { registries, ask, wait } = begin()
  const first = registries.push(app, '1', 'one')
  await ask(`${app}:1`, {}, false)
  const second = registries.push(app, '1', 'two')
  const again = await ask(`${app}:1`, {}, false)
  assert.ok(again.known && again.digest === first)
  assert.equal(registries.requests.length, 1)
  wait(tagMs + 1)
  const later = await ask(`${app}:1`, {}, false)
  assert.ok(later.known && later.digest === second)
})

test('evaluate() answers from what it knows while the registry is away', async () => {
  const { registries, ask } = begin()
  const digest = registries.push(app, '1', 'one')
  registries.sign(digest, 'release')
  await ask(`${app}:1`)
  registries.failure = 'registry localhost:5000 does not answer'
  assert.equal(verdictOf(await ask(`${app}:1`)), 'Verified')
  const other = await ask(`${app}:2`)
  assert.deepEqual([verdictOf(other), other.message], ['Unreachable', 'registry localhost:5000 does not answer'])
})

test('evaluate() knows for a short time that an image is missing', async () => {
  const { registries, ask, wait } = begin()
  assert.equal(verdictOf(await ask(`${app}:1`)), 'Missing')
  registries.push(app, '1', 'one')
  assert.equal(verdictOf(await ask(`${app}:1`)), 'Missing')
  wait(missingMs + 1)
  assert.equal(verdictOf(await ask(`${app}:1`)), 'Refused')
})

test('evaluate() refuses what is no reference, and too many images', async () => {
  const { ask } = begin()
  assert.equal(verdictOf(await ask('No Image')), 'Malformed')
  const images = Array.from({ length: maxAskedImages + 1 }, () => ({ image: app, policies: [] }))
  await assert.rejects(ask(app, { images }), /at most 100/)
})

test('evaluate() waits for the policies and trust roots that the server has seen', async () => {
  const { registries, state, trustRoots, root, ask } = begin()
  registries.sign(registries.push(app, '1', 'one'), 'release')
  const asked = ask(`${app}:1`, { trustRoots: [{ name: 'shop', resourceVersion: '9' }] })
  const early = await Promise.race([asked, new Promise(resolve => setImmediate(resolve, 'pending'))])
  assert.equal(early, 'pending')
  trustRoots.set({ ...root, metadata: { name: 'shop', resourceVersion: '9' }, spec: { ...root.spec, revoked: [{ key: 'release' }] } })
  state.changed()
  assert.equal(verdictOf(await asked), 'Refused')
})

test('reevaluate() refuses an image whose signer is revoked, without the registry', async () => {
  const { registries, evaluator, trustRoots, root, ask } = begin()
  const digest = registries.push(app, '1', 'one')
  registries.sign(digest, 'release')
  await ask(`${app}:1`)
  registries.failure = 'gone'
  trustRoots.set({ ...root, spec: { ...root.spec, revoked: [{ key: 'release' }] } })
  const answer = await evaluator.reevaluate('default', `${app}:1`, digest, signal)
  assert.equal(verdictOf(answer), 'Refused')
})

test('evaluate() lets no namespace wait for the images of another, nor one registry take all turns of a namespace', async () => {
  const { registries, ask } = begin()
  const held = Promise.withResolvers<void>()
  registries.hold = held.promise
  const { ownRunning, ownWaiting } = turnLimits.admission
  const count = ownRunning / 2 + ownWaiting
  const greedy = Array.from({ length: count + 1 }, (_, index) => ask(`${app}:${index}`, { namespace: 'greedy' }, false))
  const last = greedy.at(-1)
  assert.ok(last)
  assert.equal(verdictOf(await last), 'Busy')
  assert.equal(registries.requests.length, ownRunning / 2)
  const own = ask('other.example.com/app:1', { namespace: 'greedy' }, false)
  const other = ask(`${app}:other`, { namespace: 'other' }, false)
  await until(() => registries.requests.includes(`${app} other`), 'the other namespace is served')
  await until(() => registries.requests.includes('other.example.com/app 1'), 'the other registry is asked')
  held.resolve()
  assert.deepEqual([verdictOf(await own), verdictOf(await other)], ['Missing', 'Missing'])
  await Promise.all(greedy)
})

test('evaluate() waits neither for later documents nor for images that run, whose registry hangs', async () => {
  const { registries, evaluator, ask } = begin()
  const held = Promise.withResolvers<void>()
  const digest = registries.push(app, '1', 'one')
  registries.sign(digest, 'release')
  registries.holdReferrers = held.promise
  const count = turnLimits.later.ownRunning + turnLimits.admission.ownRunning
  const digests = Array.from({ length: count }, (_, index) => registries.push(app, `old-${index}`, `old ${index}`))
  const background = digests.flatMap(old => [
    evaluator.attested({ namespace: 'default', reference: `${app}@${old}`, digest: old, credentials: [] }),
    evaluator.reevaluate('default', `${app}@${old}`, old, signal),
  ])
  // The same image is read in the background, too.
  background.push(evaluator.reevaluate('default', `${app}@${digest}`, digest, signal))
  await until(() => registries.referrerRequests > 0, 'the background waits')
  registries.holdReferrers = undefined
  assert.equal(verdictOf(await ask(`${app}:1`)), 'Verified')
  held.resolve()
  await Promise.all(background)
})

test('evaluate() does not take the failure of a repository as that of its registry, nor of another namespace', async () => {
  const { registries, ask, wait } = begin()
  registries.push(app, '1', 'one')
  registries.push('localhost:5000/shop/other', '1', 'two')
  registries.unavailable = `${app} is away`
  assert.equal(verdictOf(await ask(`${app}:1`, { namespace: 'attacker' }, false)), 'Unreachable')
  registries.unavailable = undefined
  assert.equal(verdictOf(await ask('localhost:5000/shop/other:1', { namespace: 'attacker' }, false)), 'Unverified')
  assert.equal(verdictOf(await ask(`${app}:1`, {}, false)), 'Unverified')
  const requests = registries.requests.length
  assert.equal(verdictOf(await ask(`${app}:2`, { namespace: 'attacker' }, false)), 'Unreachable')
  assert.equal(registries.requests.length, requests)
  wait(failureMs + 1)
  assert.equal(verdictOf(await ask(`${app}:1`, { namespace: 'attacker' }, false)), 'Unverified')
})

test('reevaluateKnown() refuses an image whose signer is revoked while its registry hangs', async () => {
  const { registries, evaluator, trustRoots, root, ask } = begin()
  const digest = registries.push(app, '1', 'one')
  assert.equal(evaluator.reevaluateKnown('default', `${app}:1`, digest), undefined)
  registries.sign(digest, 'release')
  await ask(`${app}:1`)
  registries.hold = new Promise(() => undefined)
  trustRoots.set({ ...root, spec: { ...root.spec, revoked: [{ key: 'release' }] } })
  const answer = evaluator.reevaluateKnown('default', `${app}:1`, digest)
  assert.ok(answer?.known)
  assert.equal(answer.verdict, 'Refused')
})

test('evaluate() uses the credentials of the repository only', async () => {
  const { registries, ask } = begin()
  const credentials = [
    { location: 'https://index.docker.io/v1/', username: 'hub', password: 'h' },
    { location: 'localhost:5000', username: 'any', password: 'a' },
    { location: 'localhost:5000/shop', username: 'shop', password: 's' },
  ]
  await ask(`${app}:1`, { credentials })
  assert.deepEqual(
    registries.credentials.map(({ username }) => username),
    ['shop', 'any'],
  )
})

test('attestedSbom() takes what a signer of a ClusterImagePolicy attested, and nothing of a policy of a namespace', async () => {
  const registries = memoryRegistries()
  const digest = registries.push('localhost:5000/shop/web', '1', 'one')
  registries.sign(digest, 'release')
  const [policies, clusterPolicies, trustRoots] = [new Objects<ImagePolicy>(), new Objects<ClusterImagePolicy>(), new Objects<TrustRoot>()]
  const seen: string[] = []
  const evaluator = new ImageEvaluator({
    registries,
    verifier: {
      ...listVerifier(registries),
      attestedSbom(of) {
        seen.push(...of.map(({ metadata }) => `${metadata.namespace ?? 'cluster'}/${metadata.name}`))
        return { bomFormat: 'CycloneDX' }
      },
    },
    policies: new PolicyState({ policies, clusterPolicies, trustRoots, known: knownRoots(trustRoots) }),
    clock: systemClock,
    log: silentLogger,
  })
  const spec: ImagePolicy['spec'] = { images: ['**'], verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] } }
  const image = `localhost:5000/shop/web:1@${digest}`
  trustRoots.set({ metadata: { name: 'shop', resourceVersion: '1' }, spec: { keys: [{ name: 'release', publicKey }] } })
  policies.set({ metadata: { namespace: 'default', name: 'own', resourceVersion: '2' }, spec })
  await evaluator.reevaluate('default', image, digest, signal)
  assert.equal(await evaluator.attestedSbom('default', image, digest), undefined)
  clusterPolicies.set({ metadata: { name: 'signed', resourceVersion: '3' }, spec })
  assert.equal(await evaluator.attestedSbom('default', image, digest), '{"bomFormat":"CycloneDX"}')
  assert.deepEqual(seen, ['cluster/signed'])
})

test('attested() asks the registry again after an hour, with the credentials that are given, and keeps what it had where that fails', async () => {
  const registries = memoryRegistries()
  const digest = registries.push('localhost:5000/shop/web', '1', 'one')
  const [policies, clusterPolicies, trustRoots] = [new Objects<ImagePolicy>(), new Objects<ClusterImagePolicy>(), new Objects<TrustRoot>()]
  let elapsed = 0
  const clock = { ...systemClock, monotonic: () => elapsed }
  const evaluator = new ImageEvaluator({
    registries,
    verifier: {
      ...listVerifier(registries),
      attestedVex: (of, _roots, _image, claims) => of.flatMap(() => claims.map(name => ({ statements: [name] }))),
    },
    policies: new PolicyState({ policies, clusterPolicies, trustRoots, known: knownRoots(trustRoots) }),
    clock,
    log: silentLogger,
  })
  const spec: ImagePolicy['spec'] = { images: ['**'], verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] } }
  const credentials = [{ location: 'localhost:5000', username: 'u', password: 'p' }]
  const image = { namespace: 'default', reference: `localhost:5000/shop/web:1@${digest}`, digest, credentials }
  const seen = async () => (await evaluator.attested(image)).statements
  policies.set({ metadata: { namespace: 'default', name: 'own', resourceVersion: '2' }, spec })
  assert.deepEqual(await seen(), [])
  clusterPolicies.set({ metadata: { name: 'signed', resourceVersion: '3' }, spec })
  assert.deepEqual(await seen(), [])
  registries.sign(digest, 'later')
  assert.deepEqual(await seen(), [])
  elapsed += laterClaimsMs + 1
  assert.deepEqual(await seen(), ['{"statements":["later"]}'])
  elapsed += laterClaimsMs + 1
  registries.failure = 'gone'
  assert.deepEqual(await seen(), ['{"statements":["later"]}'])
})

test('an image that comes with Bulkhead is refused by a policy that names it, without a registry', async () => {
  const { registries, ask, evaluator, clusterPolicies, policy } = begin()
  clusterPolicies.set({ ...policy, spec: { ...policy.spec, images: ['bulkhead.local/**'] } })
  const image = 'bulkhead.local/busybox:1'
  const message = 'it comes with Bulkhead, so that no registry has it and nobody else can sign it'
  const answer = await ask(image)
  assert.ok(!answer.known)
  assert.deepEqual([answer.reason, answer.message], ['Missing', message])
  const again = await evaluator.reevaluate('default', image, `sha256:${'a'.repeat(64)}`, signal)
  assert.ok(again.known)
  assert.deepEqual([again.verdict, again.message], ['Refused', message])
  assert.deepEqual(registries.requests, [])
})
