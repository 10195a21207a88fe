import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { type NodeSelectors, parseNodeSelector, podNodeSelector } from './pod-node-selector.ts'

async function admit(
  annotation: string | undefined,
  nodeSelector: Record<string, string> | undefined,
  selectors: Partial<NodeSelectors> = {},
) {
  const annotations: Record<string, string> = annotation === undefined ? {} : { 'scheduler.alpha.kubernetes.io/node-selector': annotation }
  const reader = readerOf({ namespaces: [{ metadata: { name: 'n', annotations } }] })
  const spec: PodSpec = { containers: [], ...(nodeSelector ? { nodeSelector } : {}) }
  const plugin = createPlugin(podNodeSelector, { reader, configuration: { nodeSelectors: { default: {}, allowed: {}, ...selectors } } })
  const refusal = await ask(plugin, { resource: pod, object: { metadata: { name: 'p', namespace: 'n' }, spec } as never })
  return refusal ?? spec.nodeSelector
}

test('podNodeSelector adds the labels of the namespace, or those of the cluster', async () => {
  assert.deepEqual(await admit('env=prod, disk=ssd', { zone: 'a' }), { env: 'prod', disk: 'ssd', zone: 'a' })
  assert.deepEqual(await admit(undefined, undefined, { default: { env: 'test' } }), { env: 'test' })
  assert.deepEqual(await admit('', { zone: 'a' }, { default: { env: 'test' } }), { zone: 'a' })
  assert.equal(await admit(undefined, undefined), undefined)
})

test('podNodeSelector refuses labels that contradict the namespace or are not allowed in it', async () => {
  assert.equal(
    await admit('env=prod', { env: 'test' }),
    'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  )
  const allowed = { allowed: { n: { env: 'prod' } } }
  assert.deepEqual(await admit('env=prod', undefined, allowed), { env: 'prod' })
  assert.equal(
    await admit('env=prod', { zone: 'a' }, allowed),
    'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  )
  assert.match(String(await admit('env in (a,b)', undefined)), /is not a list of labels: env in \(a,b\)$/)
})

test('parseNodeSelector() reads equalities only', () => {
  assert.deepEqual(parseNodeSelector('a=b,example.com/c='), { a: 'b', 'example.com/c': '' })
  for (const bad of ['a', 'a==b', 'a=b=c', '=b', 'a=b,']) assert.equal(parseNodeSelector(bad), undefined, bad)
})
