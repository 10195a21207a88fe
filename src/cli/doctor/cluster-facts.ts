// What doctor asks a running cluster: its clock, the clocks of its nodes, and what they run.

import { messageOf } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { leases, nodes } from '../../client/resources.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { componentFacts } from '../status/component-facts.ts'

export interface NodeClock {
  readonly name: string
  /** Milliseconds by which its last sign of life is ahead of the server's clock; negative: before it. */
  readonly aheadMs: number
}

export interface ClusterFacts {
  /** Milliseconds by which the server's clock is ahead of this machine's; undefined if it does not say. */
  readonly serverAheadMs: number | undefined
  readonly nodes: readonly NodeClock[]
  readonly weaknesses: readonly {
    readonly node: string
    readonly program: string
    readonly version: string
    readonly ids: readonly string[]
  }[]
  /** Why the cluster did not answer; then nothing else is known. */
  readonly problem?: string
}

const limitMs = 10_000

/** Never rejects: what is wrong is a fact too. */
export async function readCluster(dataDirectory: string, now: () => number): Promise<ClusterFacts> {
  try {
    const found = await findKubeconfig({ dataDir: dataDirectory })
    const signal = AbortSignal.timeout(limitMs)
    await using transport = reachCluster(found, 'bulkhead-doctor')
    const { headers, body } = await transport.request({ method: 'GET', path: '/version' }, signal)
    for await (const _ of body);
    const answeredAt = now()
    const client = new Client(transport)
    const [all, renewals] = await Promise.all([client.listAll(nodes, {}, signal), client.listAll(leases, {}, signal)])
    const serverAheadMs = serverAhead(headers['date'], answeredAt)
    return {
      serverAheadMs,
      nodes: renewals.flatMap(({ metadata, spec }) => {
        const renewed = Date.parse(spec?.renewTime ?? '')
        if (metadata.namespace !== 'kube-node-lease' || Number.isNaN(renewed)) return []
        return [{ name: metadata.name ?? '', aheadMs: renewed - (answeredAt + (serverAheadMs ?? 0)) }]
      }),
      weaknesses: all.flatMap(({ metadata, status }) =>
        componentFacts(metadata.annotations, status?.conditions ?? [])
          .components.filter(({ weaknesses }) => weaknesses.length > 0)
          .map(({ name, package: from, weaknesses }) => ({
            ...{ node: metadata.name ?? '', program: name, ids: weaknesses },
            version: from?.version ?? 'unknown',
          })),
      ),
    }
  } catch (err) {
    return { serverAheadMs: undefined, nodes: [], weaknesses: [], problem: messageOf(err) }
  }
}

/** A `Date` header has whole seconds: the middle of its second is compared. Pure. */
export function serverAhead(date: string | undefined, answeredAt: number): number | undefined {
  const parsed = Date.parse(date ?? '')
  return Number.isNaN(parsed) ? undefined : parsed + 500 - answeredAt
}
