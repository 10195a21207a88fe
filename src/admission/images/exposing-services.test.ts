import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isExposedBy } from '../../api/pods/exposure.ts'
import type { ObjectChange, StoreView } from '../../api/store-view.ts'
import { ExposingServices, maxNamespaces } from './exposing-services.ts'

function setUp() {
  const listed: string[] = []
  const listeners = new Map<string, (change: ObjectChange) => void>()
  let type = 'NodePort'
  const view: Pick<StoreView, 'list' | 'follow'> = {
    list(resource, namespace = '') {
      listed.push(`${resource} ${namespace}`)
      return resource === 'services' ? [{ metadata: { name: 'web', namespace }, spec: { type, selector: { app: 'web' } } } as never] : []
    },
    follow: (resource, listener) => void listeners.set(resource, listener),
  }
  const exposing = new ExposingServices(view)
  const become = (next: string): void => {
    type = next
  }
  const changed = (resource: string, namespace: string) => listeners.get(resource)?.({ namespace } as ObjectChange)
  return { listed, exposing, changed, become }
}

const pod = { metadata: { labels: { app: 'web' } }, spec: { containers: [] } }

test('ExposingServices lists the Services of a namespace once, and again after one of them, or an Ingress, changed', () => {
  const { listed, exposing, changed, become } = setUp()
  const exposed = () => isExposedBy(pod, () => exposing.of('shop'))
  for (let index = 0; index < 100; index++) assert.equal(exposed(), true)
  assert.deepEqual(listed, ['services shop', 'ingresses.networking.k8s.io shop'])
  become('ClusterIP')
  changed('services', 'other')
  assert.equal(exposed(), true)
  changed('services', 'shop')
  assert.equal(exposed(), false)
  changed('ingresses.networking.k8s.io', 'shop')
  assert.equal(exposed(), false)
  assert.equal(listed.length, 6)
})

test('ExposingServices keeps a limited number of namespaces', () => {
  const { listed, exposing } = setUp()
  for (let index = 0; index <= maxNamespaces; index++) exposing.of(`n${index}`)
  const before = listed.length
  exposing.of(`n${maxNamespaces}`)
  assert.equal(listed.length, before)
  exposing.of('n0')
  assert.equal(listed.length, before + 2)
})
