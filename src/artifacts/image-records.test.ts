import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageName, maxReferences, maxRunningNames, maxVerdicts } from '../api/resources/supply/image.ts'
import type { Image, ImageVerdict, PodImages } from '../api/types/supply-v1.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { ObjectCache } from '../client/cache/object-cache.ts'
import type { Client } from '../client/client.ts'
import type { ImageAnswer } from '../supply-chain/policy/image-question.ts'
import { digestOf } from './artifacts.testing.ts'
import { type ImageSighting, planImage } from './image-record.ts'
import { digestsOf, ImageRecords } from './image-records.ts'

const digest = digestOf('one')
const time = '2026-01-01T00:00:00Z'
const later = '2026-02-01T00:00:00Z'
const verdictOf = (namespace: string, more: Partial<ImageVerdict> = {}): ImageVerdict => ({ namespace, verdict: 'Verified', time, ...more })
const seen = (...verdicts: ImageVerdict[]): ImageSighting => ({
  digest,
  platforms: [],
  references: new Set(['app:1']),
  verdicts: new Map(verdicts.map(verdict => [verdict.namespace, verdict])),
})

test('planImage() records references, verdicts and pods, and writes nothing twice', () => {
  const first = planImage(undefined, seen(verdictOf('a')), { names: ['a/x'] })
  assert.ok(first)
  assert.equal(first.metadata.name, imageName(digest))
  assert.deepEqual(first.status, { references: ['app:1'], verdicts: [verdictOf('a')], running: { pods: 1, names: ['a/x'] } })
  assert.equal(planImage(first, seen(verdictOf('a', { time: later })), { names: ['a/x'] }), undefined)
  const refused = planImage(first, seen(verdictOf('a', { verdict: 'Refused', time: later })), { names: [] })
  assert.deepEqual([refused?.status?.verdicts?.[0]?.time, refused?.status?.running], [later, { pods: 0 }])
})

test('planImage() records what is in an image, and a failure to read it does not replace that', () => {
  const sbom = { source: 'Image', packages: 3, digest, time }
  const findings = { critical: 1, high: 0, medium: 0, low: 0, unknown: 0, fixable: 1, time }
  const first = planImage(undefined, { ...seen(), software: { sbom, findings } }, { names: ['a/x'] })
  assert.deepEqual([first?.status?.sbom, first?.status?.findings], [sbom, findings])
  assert.ok(first)
  const again = { ...seen(), software: { sbom: { ...sbom, time: later }, findings: { ...findings, time: later } } }
  assert.equal(planImage(first, again, { names: ['a/x'] }), undefined)
  const failure = { source: 'None', packages: 0, message: 'its registry is away', time: later }
  assert.equal(planImage(first, { ...seen(), software: { sbom: failure } }, { names: ['a/x'] }), undefined)
  const never = planImage(undefined, { ...seen(), software: { sbom: failure } }, { names: ['a/x'] })
  assert.deepEqual(never?.status?.sbom, failure)
  const without = planImage(first, { ...seen(), software: { findings: 'none' } }, { names: ['a/x'] })
  assert.deepEqual([without?.status?.sbom, without?.status?.findings], [sbom, undefined])
})

test('planImage() keeps one proposal of an update per name, and removes it', () => {
  const update = { reference: 'app:1', image: `app:2@${digest}`, fixed: ['CVE-2026-1'], remaining: 0, time }
  const first = planImage(undefined, { ...seen(), software: { updates: new Map([['app:1', update]]) } }, { names: [] })
  assert.deepEqual(first?.status?.updates, [update])
  const none = planImage(first, { ...seen(), software: { updates: new Map([['app:1', 'none' as const]]) } }, { names: [] })
  assert.equal(none?.status?.updates, undefined)
  assert.ok(none)
})

test('planImage() keeps what others wrote, and its limits: namespaces that run the image stay', () => {
  const scanned: Image = {
    metadata: { name: imageName(digest) },
    spec: { digest },
    status: { sbom: { source: 'Image', packages: 3, time } },
  }
  const many = Array.from({ length: maxVerdicts + 10 }, (_, index) => verdictOf(`n${index}`, { time: later }))
  const names = Array.from({ length: maxRunningNames + 1 }, (_, index) => `a/p${index}`)
  const references = new Set(Array.from({ length: maxReferences + 1 }, (_, index) => `app:${index}`))
  const planned = planImage(scanned, { ...seen(verdictOf('a'), ...many), references }, { names })
  const { sbom, verdicts = [], running, references: kept = [] } = planned?.status ?? {}
  assert.equal(sbom?.packages, 3)
  assert.ok(verdicts.some(({ namespace }) => namespace === 'a'))
  assert.deepEqual(
    [verdicts.length, running?.pods, running?.names?.length, kept.length],
    [maxVerdicts, names.length, maxRunningNames, maxReferences],
  )
})

test('digestsOf() names each digest once, and none of a finished pod', () => {
  const pod = (phase: string): PodImages => ({
    metadata: {},
    spec: {
      phase,
      images: [
        { container: 'a', image: 'a:1', digest },
        { container: 'b', image: 'a:1', digest },
        { container: 'c', image: 'c' },
      ],
    },
  })
  assert.deepEqual(digestsOf(pod('Running')), [digest])
  assert.deepEqual(digestsOf(pod('Succeeded')), [])
})

test('note() keeps what was verified by the same rules while the registry is away, and nothing else', () => {
  const images = new ObjectCache<Image>()
  const verdicts = [verdictOf('a', { rules: 'r1' }), verdictOf('b', { rules: 'r1', verdict: 'Refused' })]
  images.set({ metadata: { name: imageName(digest) }, spec: { digest }, status: { verdicts } })
  const pods = new ObjectCache<PodImages>()
  const client: Client = Object.create(null)
  const records = new ImageRecords({ client, images, pods, clock: systemClock, log: silentLogger })
  const unread: ImageAnswer = {
    ...{ known: true, image: 'app:1', digest, verdict: 'Refused', identities: [], message: 'away', time: 0, unread: true },
  }
  const note = (namespace: string, rules: string, answer = unread) => records.note(namespace, { digest }, answer, { policies: [], rules })
  assert.equal(note('a', 'r1'), true)
  assert.equal(note('a', 'r2'), false)
  assert.equal(note('b', 'r1'), false)
  const read: ImageAnswer = { known: true, image: 'app:1', digest, verdict: 'Verified', identities: [], message: '', time: 0 }
  assert.equal(note('a', 'r2', read), true)
})
