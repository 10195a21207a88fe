import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import type { AdmissionRequest } from './admission.ts'
import { PendingPlacements } from './pending-placements.ts'

const request = (more: Partial<AdmissionRequest> = {}) => ({ namespace: 'n', dryRun: false, ...more }) as AdmissionRequest
const pod = (nodeName?: string): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...(nodeName && { nodeName }) } })

test('addPod() names the namespace or the node whose domain changes, until that has ended', () => {
  for (const place of ['namespace "n"', 'node "a"']) {
    const pending = new PendingPlacements()
    const move = request()
    pending.addMove(move, place)
    assert.equal(pending.addPod(request(), pod('a')), place)
    assert.deepEqual(pending.pods(), [])
    assert.equal(pending.addPod(request({ namespace: 'other' }), pod('b')), undefined)
    pending.end(move)
    assert.equal(pending.addPod(request(), pod('a')), undefined)
    assert.equal(pending.pods().length, 2)
  }
})

test('pods() are those whose requests have not ended; a dry run counts neither as a pod nor as a change', () => {
  const pending = new PendingPlacements()
  const first = request()
  pending.addPod(first, pod())
  pending.addPod(request({ dryRun: true }), pod())
  assert.equal(pending.pods().length, 1)
  pending.end(first)
  assert.deepEqual(pending.pods(), [])
  pending.addMove(request({ dryRun: true }), 'namespace "n"')
  assert.equal(pending.addPod(request(), pod()), undefined)
})
