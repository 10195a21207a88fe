// Compares which connections real pods can open with what policies allow by an oracle that is independent of the product.
import type { Namespace, Pod } from '../api/types/core-v1.ts'
import type { NetworkPolicy } from '../api/types/networking-v1.ts'
import { type Endpoint, refusedBy } from './oracles/network-policy.ts'

export interface Target {
  readonly party: Endpoint
  /** The proof receives UDP, because pods have no server for it. Their image has no client for SCTP, and none for ICMP without rights. */
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
}

/** An allowed connection may have to wait this long on a busy node. */
const waitSeconds = 5
const done = 'done'

/** A shell script that starts all probes at once as its first commands; `reachedBy` parses its output. `name` is sent by UDP. */
export function probeScript(targets: readonly Target[], name: string): string {
  const probes = targets.map(target => {
    const { party, protocol, port } = target
    // A read request of TFTP is a datagram with a text of ours.
    if (protocol === 'UDP') return `timeout ${waitSeconds} tftp -g -r ${name} -l /dev/null ${party.address} ${port} 2>/dev/null &`
    return `{ nc -w ${waitSeconds} ${party.address} ${port} </dev/null 2>/dev/null && echo "reached ${textOf(target)}"; } &`
  })
  return [...probes, 'wait', `echo ${done}`].join('\n')
}

/** Each as `textOf`; undefined if the script has not finished. */
export function reachedBy(log: string): ReadonlySet<string> | undefined {
  if (!log.split('\n').includes(done)) return undefined
  return new Set([...log.matchAll(/^reached (\S+ \S+ \d+)$/gm)].map(([, text = '']) => text))
}

export interface Probed {
  readonly from: Endpoint
  readonly reached: ReadonlySet<string>
}

/** One probe with what came of it. */
export interface Comparison {
  readonly name: string
  readonly expected: 'reached' | 'refused'
  readonly reached: boolean
  readonly why: string
}

export function compareProbes(
  probed: readonly Probed[],
  targets: readonly Target[],
  policies: readonly NetworkPolicy[],
  namespaces: readonly Namespace[],
): Comparison[] {
  const world = { policies, namespaces: new Map(namespaces.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}])) }
  return probed.flatMap(({ from, reached }) =>
    targets.map(target => {
      const refusing = refusedBy({ from, to: target.party, protocol: target.protocol, port: target.port }, world)
      return {
        name: `${nameOf(from)} to ${nameOf(target.party)} ${target.protocol} port ${target.port}`,
        expected: refusing === undefined ? 'reached' : 'refused',
        reached: reached.has(textOf(target)),
        why: refusing === undefined ? 'the policies allow it' : `the ${refusing} policies do not allow it`,
      } as const
    }),
  )
}

export function partyOf({ metadata, spec, status }: Pod): Endpoint {
  const { name = '', namespace = '', labels = {} } = metadata
  const ports = spec.containers.flatMap(container =>
    (container.ports ?? []).map(({ name: port = '', protocol = 'TCP', containerPort }) => ({ name: port, protocol, port: containerPort })),
  )
  return { address: status?.podIP ?? '', pod: { namespace, name, labels, ports } }
}

export const textOf = ({ party, protocol, port }: Target): string => `${protocol} ${party.address} ${port}`
const nameOf = ({ address, pod }: Endpoint): string => (pod === undefined ? address : `pod ${pod.namespace}/${pod.name}`)
