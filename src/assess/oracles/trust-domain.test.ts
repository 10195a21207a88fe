import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { nodeLabel, podAnnotation, strayPods } from './trust-domain.ts'

const node = (name: string, domain?: string): KubeObject => ({
  metadata: { name, labels: domain === undefined ? {} : { [nodeLabel]: domain } },
})
const nodes = [node('plain'), node('red', 'red'), node('blue', 'blue')]
const pod = (nodeName: string, domain = '', more: { namespace?: string; phase?: string } = {}): Pod => ({
  metadata: { name: 'p', namespace: more.namespace ?? 'n', annotations: domain === '' ? {} : { [podAnnotation]: domain } },
  spec: { nodeName, containers: [] },
  status: { phase: more.phase ?? 'Running' },
})
const count = (...pods: Pod[]) => strayPods(pods, nodes).length

test('strayPods() finds pods on a node of another domain', () => {
  assert.equal(count(pod('plain'), pod('red', 'red'), pod('blue', 'blue')), 0)
  assert.deepEqual(strayPods([pod('red')], nodes), ['pod "n/p" of domain "" is on node "red" of domain "red"'])
  assert.equal(count(pod('plain', 'red'), pod('blue', 'red')), 2)
})

test('strayPods() ignores pods that have ended, those of the platform and those without a node', () => {
  const ended = [pod('red', '', { phase: 'Failed' }), pod('red', '', { phase: 'Succeeded' })]
  assert.equal(count(...ended, pod('red', '', { namespace: 'kube-system' }), pod(''), pod('gone', 'red')), 0)
})
