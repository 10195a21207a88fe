import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import { ask } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { alwaysPullImages } from './always-pull-images.ts'

const plugin = createPlugin(alwaysPullImages, {})

const object = (policy: string, image = 'i', more: object = {}) => ({
  metadata: { name: 'p', namespace: 'n' },
  spec: {
    containers: [{ name: 'c', image, imagePullPolicy: policy }],
    initContainers: [{ name: 'i', image, imagePullPolicy: policy }],
    ...more,
  },
})

test('alwaysPullImages has every container of a new pod pulled', async () => {
  const created = object('Never')
  assert.equal(await ask(plugin, { resource: pod, object: created }), undefined)
  assert.deepEqual(
    [...created.spec.containers, ...created.spec.initContainers].map(container => container.imagePullPolicy),
    ['Always', 'Always'],
  )
})

test('alwaysPullImages ignores updates without new images, and checks ephemeral containers', async () => {
  const unchanged = object('Never')
  await ask(plugin, { resource: pod, object: unchanged, oldObject: object('Never') })
  assert.equal(unchanged.spec.containers[0]?.imagePullPolicy, 'Never')
  const debug = { ephemeralContainers: [{ name: 'd', image: 'debug', imagePullPolicy: 'Never' }] }
  const debugged = object('Always', 'i', debug) as ReturnType<typeof object> & { spec: typeof debug }
  await ask(plugin, { resource: pod, subresource: 'ephemeralcontainers', object: debugged, oldObject: object('Always') })
  assert.equal(debugged.spec.ephemeralContainers[0]?.imagePullPolicy, 'Always')
})

test('alwaysPullImages refuses a field that another plug-in changed back', async () => {
  const verdict = await plugin.validate?.({ object: object('Never'), resource: pod, name: 'p' } as never, new AbortController().signal)
  assert.match(
    verdict?.allowed === false ? verdict.error.message : '',
    /spec\.initContainers\[0\]\.imagePullPolicy: Unsupported value: "Never": supported values: "Always", spec\.containers/,
  )
})
