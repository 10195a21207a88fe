// A node that an administrator has tainted and cordoned, tried on a Node that no agent serves: no other has a taint to remove.
import type { Node } from '../../../api/types/core-v1.ts'
import { nodes } from '../../../client/resources.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import { mergePatch, type ProofRequest } from '../../request.ts'
import { type NodeArena, nodeHeaders } from './node-arena.ts'

const key = 'bulkhead-prove.invalid/a'

export async function tryTaintedNode({ context }: NodeArena, cluster: ClusterObjects, signal: AbortSignal): Promise<void> {
  const { attempts, client, run, transport } = context
  const name = `${cluster.prefix}-tainted`
  const taints = [{ key, value: 'a', effect: 'NoSchedule' }]
  const node = { metadata: { name, labels: { ...run.labels } }, spec: { unschedulable: true, taints } }
  await cluster.create(nodes, node as Node, signal)
  const write = (where: string, body: object): ProofRequest => ({
    ...{ method: 'PATCH', path: `/api/v1/nodes/${name}${where}?dryRun=All`, contentType: mergePatch, headers: nodeHeaders(name) },
    body,
  })
  const modified = { names: 'is not allowed to modify taints' }
  for (const [where, how] of [
    ['', ''],
    ['/status', ' through the status'],
  ] as const) {
    const refused = (what: string, body: object, names = modified) =>
      attempts.refused(`a node ${what} of its Node${how}`, transport, write(where, body), names, signal)
    // Controllers taint it too: it is not ready.
    const { spec } = await client.get(nodes, '', name, signal)
    const all = spec.taints ?? []
    const ours = (change: object) => all.map(taint => (taint.key === key ? { ...taint, ...change } : taint))
    await refused('removes the taints', { spec: { taints: null } })
    await refused('removes a taint', { spec: { taints: all.filter(taint => taint.key !== key) } })
    await refused('weakens a taint', { spec: { taints: ours({ effect: 'PreferNoSchedule' }) } })
    await refused('changes the value of a taint', { spec: { taints: ours({ value: 'b' }) } })
    await refused('removes the cordon', { spec: { unschedulable: null } }, { names: 'is not allowed to modify spec.unschedulable' })
    const same = write(where, { metadata: { labels: { [key]: 'b' } } })
    await attempts.accepted(`a node that leaves its taints and its cordon as they are${how}`, transport, same, signal)
  }
}
