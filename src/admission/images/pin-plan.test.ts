import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterImagePolicy } from '../../api/types/supply-v1.ts'
import { type ImageUse, imageUses } from './image-use.ts'
import { type PinRules, planPins } from './pin-plan.ts'

const digest = `sha256:${'a'.repeat(64)}`
const policy: ClusterImagePolicy = { metadata: { name: 'p' }, spec: { images: ['**'] } }
const use = (image: string, pulled = true): ImageUse => ({ name: 'main', image, pulled, set: () => undefined })
const pod: PinRules = { isPod: true, controlled: false, mirror: false, labelled: false, profile: 'secure' }
const template: PinRules = { ...pod, isPod: false }

const rows: readonly [name: string, rules: PinRules, image: ImageUse, covered: boolean, pin: string][] = [
  ['pins the tag of a pod in the secure profile', pod, use('app:1'), false, 'wanted'],
  ['pins nothing in the upstream profile', { ...pod, profile: 'upstream' }, use('app:1'), false, 'none'],
  ['requires a digest where a policy is', { ...pod, profile: 'upstream' }, use('app:1'), true, 'required'],
  ['leaves a digest', pod, use(`app:1@${digest}`), true, 'none'],
  ['leaves templates', template, use('app:1'), false, 'none'],
  ['pins a template where the namespace asks', { ...template, labelled: true }, use('app:1'), false, 'wanted'],
  ['pins a template where a policy is', template, use('app:1'), true, 'required'],
  ['leaves the copies of controllers', { ...template, controlled: true, labelled: true }, use('app:1'), true, 'none'],
  ['pins the pods of controllers', { ...pod, controlled: true }, use('app:1'), false, 'wanted'],
  ['leaves mirror pods', { ...pod, mirror: true }, use('app:1'), false, 'none'],
  ['leaves what comes with Bulkhead', pod, use('bulkhead.local/busybox:1'), false, 'none'],
  ['leaves what is never pulled', pod, use('app:1', false), false, 'none'],
  ['requires a digest of what is never pulled, where a policy is', pod, use('app:1', false), true, 'required'],
]
for (const [name, rules, image, covered, pin] of rows)
  test(`planPins() ${name}`, () => {
    const { planned } = planPins([image], new Map(), rules, () => (covered ? [policy] : []))
    assert.deepEqual(
      planned.map(entry => entry.pin),
      [pin],
    )
  })

test('planPins() keeps an image whose tag was pinned before, and plans nothing for one that stays', () => {
  const plan = (old: string, image: string) => {
    const { planned, kept } = planPins([use(image)], new Map([['main', old]]), pod, () => [policy])
    return [planned.length, ...kept.map(entry => entry.image)]
  }
  assert.deepEqual(plan(`app:1@${digest}`, 'app:1'), [0, `app:1@${digest}`])
  assert.deepEqual(plan('app:1', 'app:1'), [0])
  assert.deepEqual(plan(`app:1@${digest}`, 'app:2'), [1])
  assert.deepEqual(plan(`app:1@${digest}`, `app:1@${digest.replaceAll('a', 'b')}`), [1])
})

test('imageUses() visits every container and every image volume', () => {
  const spec = {
    initContainers: [{ name: 'a', image: 'a:1' }],
    containers: [{ name: 'b', image: 'b:1', imagePullPolicy: 'Never' as const }],
    ephemeralContainers: [{ name: 'c', image: 'c:1' }],
    volumes: [
      { name: 'd', image: { reference: 'd:1' } },
      { name: 'e', emptyDir: {} },
    ],
  }
  const found = imageUses(spec)
  assert.deepEqual(
    found.map(({ name, image, pulled }) => [name, image, pulled]),
    [
      ['a', 'a:1', true],
      ['b', 'b:1', false],
      ['c', 'c:1', true],
      ['volume d', 'd:1', true],
    ],
  )
  for (const each of found) each.set(`${each.image}@${digest}`)
  assert.equal(spec.volumes[0]?.image?.reference, `d:1@${digest}`)
})
