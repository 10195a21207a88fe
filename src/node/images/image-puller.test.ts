import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../../api/types/core-v1.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { ImageError, ImagePuller } from './image-puller.ts'
import { PullRecords } from './pull-records.ts'

function setUp(registry?: () => void) {
  const clock = new FakeClock()
  const runtime = new FakeRuntime({ clock, ...(registry ? { registry } : {}) })
  const puller = new ImagePuller(runtime, new PullRecords(), clock)
  const events: string[] = []
  const ensure = (container: Partial<Container>) =>
    puller.ensure(
      {
        podUid: 'u',
        container: { name: 'c', ...container },
        secrets: async () => [],
        own: undefined,
        event: (type, reason, message) => void events.push(`${type} ${reason}: ${message}`),
      },
      AbortSignal.timeout(60_000),
    )
  return { clock, runtime, ensure, events }
}

const reason = (want: string) => (err: unknown) => err instanceof ImageError && err.reason === want

test('ensure() pulls once with IfNotPresent and always with Always', async () => {
  const { ensure, events } = setUp()
  await ensure({ image: 'r.example/a:1' })
  assert.equal(events[0], 'Normal Pulling: Pulling image "r.example/a:1"')
  assert.match(
    events[1] ?? '',
    /^Normal Pulled: Successfully pulled image "r.example\/a:1" in 0s \(0s including waiting\)\. Image size: 1000000 bytes\.$/,
  )
  await ensure({ image: 'r.example/a:1' })
  assert.equal(events[2], 'Normal Pulled: Container image "r.example/a:1" already present on machine')
  await ensure({ image: 'r.example/a:1', imagePullPolicy: 'Always' })
  assert.equal(events[3], 'Normal Pulling: Pulling image "r.example/a:1"')
})

test('ensure() reports ErrImageNeverPull and InvalidImageName', async () => {
  const { ensure, events } = setUp()
  await assert.rejects(ensure({ image: 'r.example/a:1', imagePullPolicy: 'Never' }), reason('ErrImageNeverPull'))
  assert.equal(events[0], 'Warning ErrImageNeverPull: Container image "r.example/a:1" is not present with pull policy of Never')
  await assert.rejects(ensure({ image: 'Not An Image' }), reason('InvalidImageName'))
})

test('ensure() backs off after a failed pull and retries afterwards', async () => {
  let broken = true
  const { ensure, clock, events } = setUp(() => {
    if (broken) throw new Error('not found')
  })
  await assert.rejects(ensure({ image: 'r.example/a:1' }), reason('ErrImagePull'))
  assert.match(events.at(-1) ?? '', /^Warning Failed: Failed to pull image "r.example\/a:1": rpc error: .*not found$/)
  await assert.rejects(
    ensure({ image: 'r.example/a:1' }),
    (err: unknown) => err instanceof ImageError && err.reason === 'ImagePullBackOff' && err.retryAfterMs === 10_000,
  )
  assert.equal(events.at(-1), 'Normal BackOff: Back-off pulling image "r.example/a:1"')
  await clock.advance(10_000)
  await assert.rejects(ensure({ image: 'r.example/a:1' }), reason('ErrImagePull'))
  await clock.advance(19_000)
  await assert.rejects(ensure({ image: 'r.example/a:1' }), reason('ImagePullBackOff'))
  await clock.advance(1_000)
  broken = false
  assert.ok(await ensure({ image: 'r.example/a:1' }))
})

test('ensure() says that the disk of the node is full, has no image then, and pulls it when there is room again', async () => {
  let isFull = true
  const full = 'failed to extract layer: write /var/lib/containerd/x: no space left on device'
  const { ensure, clock, runtime } = setUp(() => {
    if (isFull) throw new Error(full)
  })
  await assert.rejects(ensure({ image: 'r.example/a:1' }), new RegExp(`${full}$`))
  assert.equal(await runtime.imageStatus('r.example/a:1'), undefined)
  await assert.rejects(ensure({ image: 'r.example/a:1' }), new RegExp(`^ImageError: Back-off pulling image "r.example/a:1": .*${full}$`))
  isFull = false
  await clock.advance(10_000)
  assert.ok(await ensure({ image: 'r.example/a:1' }))
})

test('ensure() pulls an image once for pods that need it at the same time', async () => {
  let asked = 0
  const { ensure, events } = setUp(() => void asked++)
  await Promise.all([ensure({ image: 'r.example/a:1' }), ensure({ image: 'r.example/a:1' })])
  assert.equal(asked, 1)
  assert.equal(events.filter(event => event.startsWith('Normal Pulled: Successfully pulled')).length, 2)
})
