import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultClassName } from '../api/default-class.ts'
import { persistentVolumeClaim } from '../api/resources/core/persistent-volume-claim.ts'
import { ingress } from '../api/resources/networking/ingress.ts'
import { ask, readerOf } from './admission.fixture.ts'
import { createPlugin } from './plugin-definition.ts'
import { defaultIngressClass } from './plugins/default-ingress-class.ts'
import { defaultStorageClass } from './plugins/default-storage-class.ts'

const marked = (annotation: string, name: string, creationTimestamp: string, value = 'true') => ({
  metadata: { name, creationTimestamp, annotations: { [annotation]: value } },
})
const early = '2026-01-01T00:00:00Z'
const late = '2026-01-02T00:00:00Z'

const rows: { name: string; classes: ReturnType<typeof marked>[]; chosen: string | undefined }[] = [
  { name: 'none of none', classes: [], chosen: undefined },
  { name: 'none that is not marked', classes: [marked('a', 'x', early, 'false'), marked('b', 'y', early)], chosen: undefined },
  { name: 'the newest', classes: [marked('a', 'x', early), marked('a', 'y', late), marked('a', 'w', early)], chosen: 'y' },
  { name: 'the first by name of one second', classes: [marked('a', 'y', late), marked('a', 'x', late)], chosen: 'x' },
]
for (const { name, classes, chosen } of rows) {
  test(`defaultClassName() is ${name}`, () => {
    assert.equal(defaultClassName(classes, ['a']), chosen)
  })
}

const reader = readerOf({
  'storageclasses.storage.k8s.io': [marked('storageclass.beta.kubernetes.io/is-default-class', 'fast', early)],
  'ingressclasses.networking.k8s.io': [marked('ingressclass.kubernetes.io/is-default-class', 'nginx', early)],
})

test('defaultStorageClass gives a class to claims that name none', async () => {
  const classOf = async (spec: { storageClassName?: string }, annotations?: Record<string, string>) => {
    const object = { metadata: { name: 'c', ...(annotations ? { annotations } : {}) }, spec }
    assert.equal(await ask(createPlugin(defaultStorageClass, { reader }), { resource: persistentVolumeClaim, object }), undefined)
    return object.spec.storageClassName
  }
  assert.equal(await classOf({}), 'fast')
  assert.equal(await classOf({ storageClassName: '' }), '')
  assert.equal(await classOf({}, { 'volume.beta.kubernetes.io/storage-class': 'slow' }), undefined)
})

test('defaultIngressClass gives a class to Ingresses that name none', async () => {
  const classOf = async (spec: { ingressClassName?: string }, annotations?: Record<string, string>) => {
    const object = { metadata: { name: 'i', ...(annotations ? { annotations } : {}) }, spec }
    assert.equal(await ask(createPlugin(defaultIngressClass, { reader }), { resource: ingress, object }), undefined)
    return object.spec.ingressClassName
  }
  assert.equal(await classOf({}), 'nginx')
  assert.equal(await classOf({ ingressClassName: 'own' }), 'own')
  assert.equal(await classOf({}, { 'kubernetes.io/ingress.class': 'own' }), undefined)
})
