// Reports connections that network policies refused, as an event of the pod whose policies did: anyone who may see the pod learns the
// reason.

import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { podUid } from '../pod/pod-containers.ts'

/** A repeatedly refused pod gets one event in this time for each direction. */
const quietMs = 600_000
/** More pods than usually have refusals at once; further ones wait for the next round. */
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
  /** When each pod and direction was last reported. */
  readonly #reported = new Map<string, number>()
  readonly #isServiceAddress: (address: string) => boolean

  /** A packet still addressed to a Service found no endpoint; no policy would help. */
  constructor(isServiceAddress: (address: string) => boolean) {
    this.#isServiceAddress = isServiceAddress
  }

  /** Refusals to report now; they count as reported from then on. The newest refusal of a pod and direction represents all. */
  take(refused: readonly RefusedConnection[], pods: readonly AddressedPod[], now: number): RefusedReport[] {
    for (const [key, at] of this.#reported) if (now - at >= quietMs) this.#reported.delete(key)
    const byAddress = new Map(pods.flatMap(({ pod, addresses }) => addresses.map(address => [address, pod] as const)))
    const reports: RefusedReport[] = []
    for (const connection of refused) {
      const { direction, from, to } = connection
      if (this.#ledNowhere(connection)) continue
      const pod = byAddress.get(direction === 'egress' ? from : to)
      if (pod === undefined || reports.length >= maxAtOnce) continue
      const key = `${podUid(pod)} ${direction}`
      if (this.#reported.has(key)) continue
      this.#reported.set(key, now)
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
