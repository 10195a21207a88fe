// Tells of connections that network policies refused by an event of the pod whose policies did: who may see the pod learns why it waits.

import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { podUid } from '../pod/pod-containers.ts'

/** A pod that is refused again and again is told of once in this time, each direction for itself. */
const quietMs = 600_000
/** More than a node has pods with trouble at once; beyond it the others wait for the next round. */
const maxAtOnce = 20

export interface AddressedPod {
  readonly pod: Pod
  readonly addresses: readonly string[]
}

export interface RefusedReport {
  readonly pod: Pod
  readonly message: string
}

export class RefusedReports {
  /** When each pod and direction was told of. */
  readonly #told = new Map<string, number>()
  readonly #isServiceAddress: (address: string) => boolean

  /** A packet that still goes to a Service's address found no pod behind it; no policy would help. */
  constructor(isServiceAddress: (address: string) => boolean) {
    this.#isServiceAddress = isServiceAddress
  }

  /** What is to be told now; counts as told from then on. The newest refusal of a pod and direction stands for all. */
  take(refused: readonly RefusedConnection[], pods: readonly AddressedPod[], now: number): RefusedReport[] {
    for (const [key, at] of this.#told) if (now - at >= quietMs) this.#told.delete(key)
    const byAddress = new Map(pods.flatMap(({ pod, addresses }) => addresses.map(address => [address, pod] as const)))
    const reports: RefusedReport[] = []
    for (const connection of refused) {
      const { direction, from, to } = connection
      if (this.#ledNowhere(connection)) continue
      const pod = byAddress.get(direction === 'egress' ? from : to)
      if (pod === undefined || reports.length >= maxAtOnce) continue
      const key = `${podUid(pod)} ${direction}`
      if (this.#told.has(key)) continue
      this.#told.set(key, now)
      reports.push({ pod, message: messageOf(connection, pod) })
    }
    return reports
  }

  #ledNowhere({ to, names }: RefusedConnection): boolean {
    return !names && this.#isServiceAddress(to)
  }
}

const withPorts = new Set(['TCP', 'UDP', 'SCTP'])

function messageOf({ direction, from, to, protocol, port }: RefusedConnection, { metadata }: Pod): string {
  const by = withPorts.has(protocol) ? `on port ${port}/${protocol}` : `by ${protocol}`
  const what = direction === 'egress' ? `A connection to ${to} ${by}` : `A connection from ${from} ${by}`
  return `${what} is refused: no NetworkPolicy of namespace "${metadata.namespace}" allows it; "bulkhead why pod/${metadata.name} -n ${metadata.namespace}" says what would`
}
