import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageAnswer, ImageQuestion } from '../../supply-chain/policy/image-question.ts'
import { answerMs, ImageAnswers, missingMs, type WantedImage } from './image-answers.ts'
import { KnownPolicies } from './known-policies.ts'

const image = 'registry.example/app:1'
const digest = `sha256:${'a'.repeat(64)}` as const
const plain: WantedImage = { image, policies: [] }
const covered: WantedImage = {
  image,
  policies: [
    {
      apiVersion: 'supply.bulkhead.dev/v1',
      kind: 'ClusterImagePolicy',
      metadata: { name: 'signed', resourceVersion: '7' },
      spec: { images: ['**'] },
    },
  ],
}
const found: ImageAnswer = { known: true, image, digest, verdict: 'Unverified', identities: [], message: '', time: 0 }
const without = (reason: 'Missing' | 'Unreachable' | 'Busy' | 'Malformed'): ImageAnswer => ({
  known: false,
  image,
  reason,
  message: reason,
})

/** Asks twice; returns how often the part was asked, and whether the second request found the first one's answer. */
async function askedTwice(answer: ImageAnswer, wanted: WantedImage, waitMs: number, second: readonly string[] = []) {
  let now = 1_000_000
  const questions: ImageQuestion[] = []
  const answers = new ImageAnswers({
    authority: {
      evaluate: async question => {
        questions.push(question)
        return question.images.map(() => answer)
      },
    },
    policies: new KnownPolicies({ list: () => [], follow: () => () => undefined }),
    reader: { get: () => undefined, list: () => [] },
    exposing: { of: () => new Map() },
    now: () => now,
  })
  const options = { knownOnly: false, signal: new AbortController().signal }
  const pod = (secrets: readonly string[]) => ({
    metadata: { name: 'a' },
    spec: { containers: [], imagePullSecrets: secrets.map(name => ({ name })) },
  })
  const first = await answers.ask('shop', pod([]), answers.look('shop', pod([]), [wanted]), options)
  assert.deepEqual(first.get(wanted.image), answer)
  now += waitMs
  const looked = answers.look('shop', pod(second), [wanted])
  const isKept = looked.open.length === 0
  await answers.ask('shop', pod(second), looked, options)
  assert.equal(questions.length, isKept ? 1 : 2)
  return isKept
}

test('an answer serves the next pods of a workload for a moment', async () => {
  assert.equal(await askedTwice(found, plain, answerMs - 1), true)
  assert.equal(await askedTwice(found, plain, answerMs), false)
  assert.equal(await askedTwice({ ...found, verdict: 'Verified' }, covered, answerMs - 1), true)
})

test('a clock that was set back ends what is kept', async () => {
  assert.equal(await askedTwice(found, plain, -1), false)
})

test('pods with other pull Secrets do not get the answer', async () => {
  assert.equal(await askedTwice(found, plain, 0, ['pull']), false)
})

test('an image that its registry does not give is asked for once a second, unless a policy is for it', async () => {
  for (const reason of ['Missing', 'Unreachable', 'Malformed'] as const) {
    assert.equal(await askedTwice(without(reason), plain, missingMs - 1), true, reason)
    assert.equal(await askedTwice(without(reason), plain, missingMs), false, reason)
    assert.equal(await askedTwice(without(reason), covered, 0), false, reason)
  }
  assert.equal(await askedTwice(without('Busy'), plain, 0), false)
})

test('a refusal is not kept', async () => {
  assert.equal(await askedTwice({ ...found, verdict: 'Refused', message: 'no signature' }, covered, 0), false)
})
