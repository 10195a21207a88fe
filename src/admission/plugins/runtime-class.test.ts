import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import type { PodSpec, Toleration } from '../../api/types/core-v1.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { runtimeClass } from './runtime-class.ts'

const classes = [
  { metadata: { name: 'plain' }, handler: 'runc' },
  {
    metadata: { name: 'kata' },
    handler: 'kata',
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: { nodeSelector: { kata: 'yes' }, tolerations: [{ key: 'kata', operator: 'Exists' }] },
  },
]
const plugin = createPlugin(runtimeClass, { reader: readerOf({ 'runtimeclasses.node.k8s.io': classes }) })
const admit = async (spec: Partial<PodSpec>) => {
  const object = { metadata: { name: 'p', namespace: 'n' }, spec: { containers: [], ...spec } }
  return { spec: object.spec, refusal: await ask(plugin, { resource: pod, object }) }
}

test('runtimeClass adds the overhead and scheduling of its class', async () => {
  const { spec, refusal } = await admit({ runtimeClassName: 'kata', nodeSelector: { disk: 'ssd' } })
  assert.equal(refusal, undefined)
  assert.deepEqual([spec.overhead, spec.nodeSelector], [{ memory: '64Mi' }, { disk: 'ssd', kata: 'yes' }])
})

const merged: { name: string; own: Toleration[]; all: Toleration[] }[] = [
  { name: 'an equal one', own: [{ key: 'kata', operator: 'Exists' }], all: [{ key: 'kata', operator: 'Exists' }] },
  { name: 'one for everything', own: [{ operator: 'Exists' }], all: [{ operator: 'Exists' }] },
  { name: 'a narrower one', own: [{ key: 'kata', operator: 'Equal', value: 'x' }], all: [{ key: 'kata', operator: 'Exists' }] },
  {
    name: 'another one',
    own: [{ key: 'a', operator: 'Equal', value: 'x' }],
    all: [
      { key: 'a', operator: 'Equal', value: 'x' },
      { key: 'kata', operator: 'Exists' },
    ],
  },
  {
    name: 'one for some seconds',
    own: [{ operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }],
    all: [
      { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
      { key: 'kata', operator: 'Exists' },
    ],
  },
]
for (const { name, own, all } of merged) {
  test(`runtimeClass merges its toleration with ${name}`, async () => {
    assert.deepEqual((await admit({ runtimeClassName: 'kata', tolerations: own })).spec.tolerations, all)
  })
}

const refusals: { name: string; spec: Partial<PodSpec>; why: string }[] = [
  { name: 'an unknown class', spec: { runtimeClassName: 'x' }, why: 'RuntimeClass "x" not found' },
  {
    name: 'another overhead than that of the class',
    spec: { runtimeClassName: 'kata', overhead: { memory: '1Mi' } },
    why: "Pod's Overhead doesn't match RuntimeClass's defined Overhead",
  },
  {
    name: 'overhead that the class has not',
    spec: { runtimeClassName: 'plain', overhead: { memory: '1Mi' } },
    why: 'Pod Overhead set without corresponding RuntimeClass defined Overhead',
  },
  {
    name: 'overhead without a class',
    spec: { overhead: { memory: '1Mi' } },
    why: 'Pod Overhead set without corresponding RuntimeClass defined Overhead',
  },
]
for (const { name, spec, why } of refusals) {
  test(`runtimeClass refuses ${name}`, async () => {
    assert.equal((await admit(spec)).refusal, `pods "p" is forbidden: pod rejected: ${why}`)
  })
}

test('runtimeClass refuses a node that the class excludes', async () => {
  assert.equal(
    (await admit({ runtimeClassName: 'kata', nodeSelector: { kata: 'no' } })).refusal,
    'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no',
  )
})
