import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import { podOf, stateOf } from '../pod/fixture.ts'
import { OwnContainers } from './own-containers.ts'

const { signal } = new AbortController()

/** Returns what was removed. */
async function removedBy(own: OwnContainers, state: Parameters<OwnContainers['removeOthers']>[2]): Promise<string[]> {
  const removed: string[] = []
  const runtime = {
    stopContainer: async () => undefined,
    async removeContainer(id: string) {
      removed.push(id)
    },
  }
  const isAny = await own.removeOthers({ runtime, log: silentLogger }, podOf(), state, signal)
  assert.equal(isAny, removed.length > 0)
  return removed
}

test('OwnContainers takes over what an earlier agent started, by the names of the pod', async () => {
  const own = new OwnContainers()
  const state = stateOf({ c: [{}], other: [{}] })
  assert.deepEqual(await removedBy(own, { ...state, foreign: ['unlabelled'] }), ['unlabelled', 'other-0'])
  assert.deepEqual(await removedBy(own, stateOf({ c: [{}] })), [])
})

test('OwnContainers removes what came later under a name of the pod, and nothing that the agent started', async () => {
  const own = new OwnContainers()
  assert.deepEqual(await removedBy(own, stateOf({})), [])
  own.add('c-0')
  const both = stateOf({ c: [{ attempt: 1000 }, {}] })
  assert.deepEqual(await removedBy(own, both), ['c-1000'])
  own.add('c-1')
  assert.deepEqual(await removedBy(own, stateOf({ c: [{ attempt: 1 }, {}] })), [])
  // An id is forgotten with its container.
  assert.deepEqual(await removedBy(own, stateOf({ c: [{ attempt: 1 }] })), [])
  assert.deepEqual(await removedBy(own, stateOf({ c: [{ attempt: 1 }, {}] })), ['c-0'])
})
