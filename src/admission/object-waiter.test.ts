import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../api/object.ts'
import { defaultsAnnotation } from '../api/resources/bulkhead/cluster-defaults.ts'
import type { StoreView } from '../api/store-view.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { readerOf } from './admission.fixture.ts'
import { ObjectWaiter } from './object-waiter.ts'
import { createPlugin } from './plugin-definition.ts'
import { namespaceDefaults } from './plugins/namespace-defaults.ts'
import { serviceAccount } from './plugins/service-account.ts'
import { kinds } from './plugins.fixture.ts'

const never = new AbortController().signal
const forever = { now: () => 0, monotonic: () => 0, sleep: (_ms: number, signal?: AbortSignal) => untilAborted(signal) }
const atOnce = { now: () => 0, monotonic: () => 0, sleep: async () => undefined }

function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

/** Objects that tests change, with events. */
function changing(clock = forever, limitMs?: number) {
  const listeners: (readonly [resource: string, changed: () => void])[] = []
  const view: Pick<StoreView, 'follow'> = { follow: (resource, changed) => void listeners.push([resource, changed as () => void]) }
  const of = (resource: string) => listeners.filter(([followed]) => followed === resource)
  const waiter = new ObjectWaiter({ view, clock, ...(limitMs === undefined ? {} : { limitMs }) })
  return {
    waiter,
    tell: (resource: string) => {
      for (const [, changed] of of(resource)) changed()
    },
    listeners: (resource: string) => of(resource).length,
  }
}

test('ObjectWaiter waits for a change that satisfies the condition, at most until its limit or the end of the request', async () => {
  let there = false
  const { waiter, tell, listeners } = changing()
  const waiting = waiter.until('namespaces', () => there, never)
  tell('namespaces')
  const second = waiter.until('namespaces', () => there, never)
  assert.equal(listeners('namespaces'), 1, 'however many wait, the resource is followed once')
  there = true
  tell('namespaces')
  await Promise.all([waiting, second])
  // An existing object needs no waiting.
  await waiter.until('namespaces', () => there, never)
  await changing(atOnce).waiter.until('namespaces', () => false, never)
  const given = new AbortController()
  const left = waiter.until('namespaces', () => false, given.signal)
  given.abort()
  await left
  await changing(forever, 0).waiter.until('namespaces', () => false, never)
})

const newPod = (): Pod => ({ metadata: { name: 'p', namespace: 'new' }, spec: { containers: [{ name: 'c', image: 'a' }] } })

const request = (object: Pod) => ({
  ...{ operation: 'CREATE' as const, resource: kinds.pods, subresource: '', namespace: 'new', name: 'p' },
  ...{ object, oldObject: undefined, user: { name: 'u', groups: [] }, dryRun: false, options: {} },
  ...{ warn: () => undefined, annotate: () => undefined },
})

test('NamespaceDefaults makes a pod wait until its new namespace has its defaults, and refuses it if they do not appear', async () => {
  const namespace: KubeObject = { metadata: { name: 'new', annotations: { [defaultsAnnotation]: 'pending' } } }
  const objects = { namespaces: [namespace] }
  const { waiter, tell } = changing()
  const plugin = createPlugin(namespaceDefaults, { reader: readerOf(objects), waiter })
  const asked = request(newPod())
  const waiting = plugin.mutate?.(asked, never)
  objects.namespaces = [{ metadata: { name: 'new', annotations: { [defaultsAnnotation]: 'applied' } } }]
  tell('namespaces')
  await waiting
  assert.deepEqual(await plugin.validate?.(asked, never), { allowed: true })
  const late = createPlugin(namespaceDefaults, { reader: readerOf({ namespaces: [namespace] }), waiter: changing(atOnce).waiter })
  await assert.rejects(async () => late.mutate?.(asked, never), /has not got its quota, limits and network policies yet/)
  const verdict = await late.validate?.(asked, never)
  assert.match(verdict?.allowed === false ? verdict.error.message : '', /has not got its quota, limits and network policies yet/)
})

test('ServiceAccount lets a pod wait for the account `default` of a new namespace, and for no other', async () => {
  const account: KubeObject & { readonly imagePullSecrets: object[] } = {
    metadata: { name: 'default', namespace: 'new' },
    imagePullSecrets: [{ name: 'pull' }],
  }
  const objects: { serviceaccounts: KubeObject[] } = { serviceaccounts: [] }
  const { waiter, tell } = changing()
  const plugin = createPlugin(serviceAccount, {
    reader: readerOf(objects),
    waiter,
    randomSuffix: () => 'abcde',
    profile: 'upstream',
    hasRights: () => false,
  })
  const pod = newPod()
  const waiting = plugin.mutate?.(request(pod), never)
  objects.serviceaccounts = [account]
  tell('serviceaccounts')
  await waiting
  assert.deepEqual(pod.spec.imagePullSecrets, [{ name: 'pull' }])
  const other = newPod()
  other.spec.serviceAccountName = 'absent'
  await assert.rejects(async () => plugin.mutate?.(request(other), never), /serviceaccount "absent" not found/)
})
