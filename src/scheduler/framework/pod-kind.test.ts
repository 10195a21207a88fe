import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { NodeInfo } from './node-info.ts'
import { kindOf, remembered } from './pod-kind.ts'

const podOf = (uid: string, labels: Record<string, string>, more: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name: uid, uid, namespace: 'ns', labels, ...more },
  spec: { containers: [] },
})
const ending = { deletionTimestamp: '2026-01-01T00:00:00Z' }

test('kindOf() is the same for pods that selectors cannot distinguish', () => {
  const kind = kindOf(podOf('a', { app: 'x' }))
  assert.equal(kindOf(podOf('b', { app: 'x' })), kind)
  for (const other of [podOf('c', { app: 'y' }), podOf('d', { app: 'x' }, ending), podOf('e', { app: 'x' }, { namespace: 'other' })]) {
    assert.notEqual(kindOf(other), kind)
  }
})

test('kindOf() caches fewer kinds if their keys are long', () => {
  const first = kindOf(podOf('first', { app: 'first' }))
  const long = (at: number): Pod => {
    const pod = podOf('long', {})
    const required = [{ topologyKey: `${'k'.repeat(100_000)}${at}` }]
    return { ...pod, spec: { ...pod.spec, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } } }
  }
  for (let at = 0; at < 90; at++) kindOf(long(at))
  assert.notEqual(kindOf(podOf('again', { app: 'first' })), first)
})

test('remembered() calls once for each kind', () => {
  let asked = 0
  const holds = remembered(({ labels }) => {
    asked++
    return labels['app'] === 'x'
  })
  const kinds = [podOf('a', { app: 'x' }), podOf('b', { app: 'x' }), podOf('c', { app: 'y' })].map(kindOf)
  assert.deepEqual([kinds.map(holds), asked], [[true, true, false], 2])
})

test('NodeInfo counts its pods by kind, and updates its images when the node changes', () => {
  const nodeOf = (image: string): Node => ({ metadata: { name: 'n' }, spec: {}, status: { images: [{ names: [image], sizeBytes: 5 }] } })
  const info = new NodeInfo(nodeOf('a'))
  const counts = () => [...info.kinds()].map(([{ labels, ending }, count]) => `${labels['app']}${ending ? ' ending' : ''}: ${count}`)
  for (const pod of [podOf('a', { app: 'x' }), podOf('b', { app: 'x' }), podOf('c', { app: 'y' })]) info.addPod(pod)
  assert.deepEqual(counts(), ['x: 2', 'y: 1'])
  info.addPod(podOf('b', { app: 'x' }, ending))
  info.removePod(podOf('c', { app: 'y' }))
  assert.deepEqual([counts(), [...info.copy().kinds()].length], [['x: 1', 'x ending: 1'], 2])
  assert.deepEqual([...info.images], [['a', 5]])
  info.setNode(nodeOf('b'))
  assert.deepEqual([...info.images], [['b', 5]])
})
