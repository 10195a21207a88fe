import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { systemClock as clock } from '../../base/clock.ts'
import { nodes, pods } from '../../client/resources.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { drainNode, podsToMove } from './drain.ts'
import { removeNode } from './remove.ts'

const pod = (name: string, more: Partial<Pod['metadata']> = {}, phase = 'Running'): Pod => ({
  metadata: { name, namespace: 'default', ...more },
  spec: { containers: [] },
  status: { phase },
})

test('podsToMove() leaves pods of DaemonSets, mirror pods and ended pods', () => {
  const owner = (kind: string) => ({ ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'x', uid: '1', controller: true }] })
  const moved = podsToMove([
    pod('plain'),
    pod('replica', owner('ReplicaSet')),
    pod('daemon', owner('DaemonSet')),
    pod('mirror', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
    pod('done', {}, 'Succeeded'),
    pod('failed', {}, 'Failed'),
  ])
  assert.deepEqual(
    moved.map(({ metadata }) => metadata.name),
    ['plain', 'replica'],
  )
})

test('a drained node has no pods and gets none; a removed one is gone, and a missing one is named', async () => {
  await using cluster = await startCluster({ simulatedNodes: 1 })
  const { client } = cluster
  const signal = AbortSignal.timeout(120_000)
  const [node] = await client.listAll(nodes, {}, signal)
  const name = node?.metadata.name ?? ''
  const lines: string[] = []
  const options = { client, clock, limitMs: 60_000, print: (line: string) => lines.push(line) }
  await drainNode(name, options, signal)
  assert.equal((await client.get(nodes, '', name, signal)).spec?.unschedulable, true)
  assert.deepEqual(podsToMove(await client.listAll(pods, { fieldSelector: `spec.nodeName=${name}` }, signal)), [])
  await removeNode(name, options, signal)
  assert.match(lines.join('\n'), /is drained(.|\n)*is removed: its certificates are denied/)
  for (const act of [drainNode, removeNode])
    await assert.rejects(act('none', options, signal), { name: 'UserError', message: /There is no node "none"/ })
})
