// What doctor asks a running cluster: its clock, the clocks of its nodes, and what they run.

import { isJsonObject } from '../../base/json.ts'
import { messageOf } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { leases, nodes } from '../../client/resources.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { componentFacts } from '../status/component-facts.ts'
import { unlessOlder } from '../status/unless-older.ts'

export interface NodeClock {
  readonly name: string
  /** Milliseconds by which its last sign of life is ahead of the server's clock; negative: before it. */
  readonly aheadMs: number
}

export interface ScheduleFacts {
  readonly name: string
  /** When a backup was last restored and compared; milliseconds since the epoch. */
  readonly verified: number | undefined
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
  /** Undefined if the server does not know the kind. */
  readonly schedules: readonly ScheduleFacts[] | undefined
  /** Why the cluster did not answer; then nothing else is known. */
  readonly problem?: string
}

const limitMs = 10_000
const schedulesPath = '/apis/bulkhead.dev/v1alpha1/backupschedules'

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
    const [all, renewals, schedules] = await Promise.all([
      client.listAll(nodes, {}, signal),
      client.listAll(leases, {}, signal),
      client.getPath<unknown>(schedulesPath, signal).then(schedulesIn, unlessOlder(undefined)),
    ])
    const serverAheadMs = serverAhead(headers['date'], answeredAt)
    return {
      ...{ serverAheadMs, schedules },
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
    return { serverAheadMs: undefined, nodes: [], weaknesses: [], schedules: undefined, problem: messageOf(err) }
  }
}

/** A `Date` header has whole seconds: the middle of its second is compared. Pure. */
export function serverAhead(date: string | undefined, answeredAt: number): number | undefined {
  const parsed = Date.parse(date ?? '')
  return Number.isNaN(parsed) ? undefined : parsed + 500 - answeredAt
}

/** Pure. */
export function schedulesIn(list: unknown): ScheduleFacts[] {
  const items = isJsonObject(list) ? list['items'] : undefined
  return (Array.isArray(items) ? items : []).flatMap(item => {
    const metadata = isJsonObject(item) ? item['metadata'] : undefined
    const name = isJsonObject(metadata) ? metadata['name'] : undefined
    if (!isJsonObject(item) || typeof name !== 'string') return []
    const verified = isJsonObject(item['status']) ? Date.parse(String(item['status']['lastVerified'])) : Number.NaN
    return [{ name, verified: Number.isNaN(verified) ? undefined : verified }]
  })
}
