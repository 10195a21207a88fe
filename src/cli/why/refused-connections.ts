// `bulkhead why pod/NAME`: recent connections of the pod that network policies refused, the policies that did, and what would allow them.
import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import type { Party } from '../../network/policy/evaluate.ts'
import { explainRefusal, type RefusedEnd } from '../../network/policy/explain-refusal.ts'
import { dnsPeer } from '../../network/policy/policy-chains.ts'
import { printable } from '../terminal/printable.ts'
import { label } from './format.ts'
import { formatEnd } from './format-end.ts'
import { type ClusterPolicyState, orUserError, partyName, partyOf, podNamed, portName, readPolicyState } from './policy-state.ts'
import type { WhyContext } from './why.ts'

export interface ExplainedConnection extends RefusedConnection {
  /** A readable name: `pod "default/web" (10.244.0.2)`, or an address. */
  readonly fromName: string
  readonly toName: string
  /** The Service at whose address the packet ended because no pod was ready behind it. */
  readonly service: string | undefined
  /** Empty if the current policies would allow it, and for a Service, because policies apply to the pods behind it. */
  readonly refusing: readonly RefusedEnd[]
}

/** Throws a UserError if the server gives no explanation. */
export async function refusedConnections(context: WhyContext, name: string): Promise<ExplainedConnection[]> {
  const { client, namespace, signal } = context
  const world = await orUserError(readPolicyState(context))
  const { nodeName, addresses } = podNamed(world, namespace, name).spec
  const page = `/api/v1/nodes/${encodeURIComponent(nodeName)}/proxy/refused-connections`
  const { items } = await orUserError(client.getPath<{ items: RefusedConnection[] }>(page, signal))
  const parties = new Map(world.pods.flatMap(pod => pod.spec.addresses.map((address): [string, Party] => [address, partyOf(pod, address)])))
  return items
    .filter(({ from, to }) => addresses.includes(from) || addresses.includes(to))
    .map(connection => explain(connection, parties, world))
}

function explain(connection: RefusedConnection, parties: ReadonlyMap<string, Party>, world: ClusterPolicyState): ExplainedConnection {
  const { from, to, names, protocol, port } = connection
  const service = names ? undefined : world.services.get(to)
  const [source, target] = [parties.get(from) ?? { address: from }, targetOf(connection, parties)]
  return {
    ...connection,
    fromName: partyName(source),
    toName: service === undefined ? partyName(target) : `Service "${service}" (${to})`,
    service,
    refusing: service === undefined ? explainRefusal({ from: source, to: target, protocol, port }, world) : [],
  }
}

/** The address that answers DNS queries counts as the cluster DNS in policies. */
function targetOf({ to, names }: RefusedConnection, parties: ReadonlyMap<string, Party>): Party {
  if (!names) return parties.get(to) ?? { address: to }
  const ports = dnsPeer.ports.map(each => ({ ...each, protocol: each.protocol.toUpperCase() }))
  return { address: to, pod: { ...dnsPeer, name: 'kube-dns', ports } }
}

export function formatConnections(name: string, connections: readonly ExplainedConnection[]): string {
  if (connections.length === 0) return `No connection of pod "${name}" was refused by a network policy in the last ten minutes.`
  return connections.map(formatConnection).join('\n\n')
}

function formatConnection({ fromName, toName, protocol, port, packets, secondsAgo, service, refusing }: ExplainedConnection): string {
  const count = `${packets} ${packets === 1 ? 'packet' : 'packets'}`
  const head = printable(`REFUSED: ${fromName} to ${toName}${portName(protocol, port)}, ${count}, the last ${secondsAgo} s ago`)
  if (service !== undefined)
    return `${head}\n${label('then', 'no pod was ready behind this port of the Service; policies apply to the pods behind it, not to its address')}`
  if (refusing.length === 0) return `${head}\n${label('now', 'the current policies allow it')}`
  return [head, ...refusing.flatMap(formatEnd)].join('\n')
}
