import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodCondition } from '../api/types/core-v1.ts'
import type { Image, ImageVerdict } from '../api/types/supply-v1.ts'
import { planCondition } from './image-verdict-plan.ts'

const digest = `sha256:${'a'.repeat(64)}`
const type = 'supply.bulkhead.dev/ImagesVerified'
const image = `shop:1@${digest}`
const time = '2026-01-01T00:00:00Z'
const later = '2026-02-01T00:00:00Z'
const podOf = (conditions: PodCondition[] = [], annotation?: object): Pod => ({
  metadata: {
    name: 'p',
    namespace: 'n',
    ...(annotation === undefined ? {} : { annotations: { 'supply.bulkhead.dev/images': JSON.stringify(annotation) } }),
  },
  spec: { containers: [{ name: 'main', image }] },
  status: { conditions },
})
const imageOf =
  (...verdicts: Partial<ImageVerdict>[]) =>
  (): Image => ({
    metadata: {},
    spec: { digest },
    status: { verdicts: verdicts.map(one => ({ namespace: 'n', verdict: 'Verified', time, ...one })) },
  })

test('planCondition() says who signed, who refuses, and nothing where no policy is', () => {
  const verified = planCondition(podOf(), imageOf({ identities: ['ann'] }), later)
  assert.deepEqual(verified, { type, status: 'True', reason: 'Verified', message: `main: ann, ${time}`, lastTransitionTime: later })
  const refused = planCondition(podOf(), imageOf({ verdict: 'Refused', message: 'nobody' }), later)
  assert.deepEqual([refused?.status, refused?.message], ['False', `main: ${image}: nobody`])
  assert.equal(planCondition(podOf(), imageOf({ verdict: 'Unverified' }), later), undefined)
  assert.equal(
    planCondition(podOf(), () => undefined, later),
    undefined,
  )
})

test('planCondition() ignores verdicts of other namespaces, and takes what admission found until the first verdict', () => {
  assert.equal(planCondition(podOf(), imageOf({ namespace: 'other', verdict: 'Refused' }), later), undefined)
  const admitted = podOf([], { main: { image: 'shop:1', digest, by: ['ann'], time } })
  assert.equal(planCondition(admitted, () => undefined, later)?.status, 'True')
  assert.equal(planCondition(admitted, imageOf({ verdict: 'Refused', message: 'revoked' }), later)?.status, 'False')
})

test('planCondition() changes nothing twice, keeps the time of an unchanged status, and lifts a refusal', () => {
  const first = planCondition(podOf(), imageOf({ verdict: 'Refused', message: 'nobody' }), time)
  assert.ok(first)
  assert.equal(planCondition(podOf([first]), imageOf({ verdict: 'Refused', message: 'nobody' }), later), undefined)
  assert.equal(planCondition(podOf([first]), imageOf({ verdict: 'Refused', message: 'more' }), later)?.lastTransitionTime, time)
  const lifted = planCondition(podOf([first]), imageOf({ verdict: 'Unverified' }), later)
  assert.deepEqual([lifted?.status, lifted?.reason, lifted?.lastTransitionTime], ['Unknown', 'Unverified', later])
})
