import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../api/object.ts'
import type { Pod } from '../api/types/core-v1.ts'
import type { InformerHandler } from '../client/cache/informer.ts'
import { replicaSets } from '../client/resources.ts'
import type { Context } from './controller.ts'
import { controllerReference } from './owner.ts'
import { expectPods } from './pod-expectations.ts'

const set = (uid: string): KubeObject => ({ metadata: { name: 'web', namespace: 'ns', uid } })
const podOf = (owner: KubeObject, uid: string): Pod => ({
  metadata: { name: uid, namespace: 'ns', uid, ownerReferences: [controllerReference(owner, replicaSets)] },
  spec: { containers: [] },
})

/** Expectations of `ns/web`, one creation and one deletion, and the handlers of changes. */
function expecting() {
  const handlers = new Map<string, InformerHandler<KubeObject>>()
  let owner: KubeObject | undefined = set('first')
  const full = ({ plural }: { plural: string }) => ({
    onChange: (handler: InformerHandler<KubeObject>) => handlers.set(plural, handler),
    getByKey: () => owner,
  })
  const lookedAt: (readonly [string, number])[] = []
  const enqueue = (key: string, afterMs: number) => lookedAt.push([key, afterMs])
  const expectations = expectPods({ informers: { full }, enqueue } as unknown as Context, replicaSets)
  expectations.expect('ns/web', { creations: 1, deletions: ['going'] }, 0)
  return {
    isFulfilled: (now = 0) => expectations.fulfilled('ns/web', now),
    lookedAt,
    pods: () => handlers.get('pods'),
    sets: () => handlers.get('replicasets'),
    replace(uid: string) {
      owner = set(uid)
    },
  }
}

test('expectPods() counts created and deleted pods of the owner', () => {
  const { isFulfilled, pods } = expecting()
  pods()?.add?.(podOf(set('first'), 'new'))
  assert.equal(isFulfilled(), false)
  pods()?.delete?.(podOf(set('first'), 'going'))
  assert.equal(isFulfilled(), true)
})

test('expectPods() counts a pod that it first sees in deletion, and does not wait forever for one that it never sees', () => {
  const { isFulfilled, pods, lookedAt } = expecting()
  pods()?.delete?.(podOf(set('first'), 'going'))
  const [[key, afterMs = 0] = []] = lookedAt
  assert.deepEqual([key, isFulfilled(afterMs - 2), isFulfilled(afterMs)], ['ns/web', false, true])
  const ended = podOf(set('first'), 'new')
  pods()?.add?.({ ...ended, metadata: { ...ended.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })
  assert.equal(isFulfilled(), true)
})

test('expectPods() does not count pods of a former owner with the same name', () => {
  const { isFulfilled, pods, replace } = expecting()
  replace('second')
  pods()?.delete?.(podOf(set('second'), 'going'))
  pods()?.add?.(podOf(set('first'), 'new'))
  assert.equal(isFulfilled(), false)
  pods()?.add?.(podOf(set('second'), 'new'))
  assert.equal(isFulfilled(), true)
})

test('expectPods() drops the expectations of a deleted owner, whether or not another one replaces it', () => {
  const deleted = expecting()
  deleted.sets()?.delete?.(set('first'))
  assert.equal(deleted.isFulfilled(), true)
  const replaced = expecting()
  replaced.sets()?.update?.(set('first'), set('first'))
  assert.equal(replaced.isFulfilled(), false)
  replaced.sets()?.update?.(set('second'), set('first'))
  assert.equal(replaced.isFulfilled(), true)
})
