// `bulkhead why pod/NAME`: which connections of the pod network policies refused lately, which policies did, and what would allow them.
import { dump } from 'js-yaml'
import type { RefusedConnection } from '../../api/node-protocol.ts'
import { ApiError } from '../../api/status.ts'
import type { PodAddress } from '../../api/types/bulkhead-v1alpha1.ts'
import { UserError } from '../../base/user-error.ts'
import { namespaces, networkPolicies, podAddresses } from '../../client/resources.ts'
import type { Party, PolicyWorld } from '../../network/policy/evaluate.ts'
import { explainRefusal, type RefusedEnd } from '../../network/policy/explain-refusal.ts'
import { dnsPeer } from '../../network/policy/policy-chains.ts'
import type { WhyContext } from './why.ts'

export interface ExplainedConnection extends RefusedConnection {
  /** As the reader knows them: `pod "default/web"`, or an address. */
  readonly fromName: string
  readonly toName: string
  /** Empty where what policies say now would allow it. */
  readonly refusing: readonly RefusedEnd[]
}

/** Undefined where the words ask for something else. */
export function namedPod(words: readonly string[]): string | undefined {
  const [word = '', ...others] = words
  return others.length > 0 ? undefined : /^(?:pods?|po)\/([^/]+)$/.exec(word)?.[1]
}

/** Throws a UserError where the server does not tell. */
export async function refusedConnections({ client, namespace, signal }: WhyContext, name: string): Promise<ExplainedConnection[]> {
  try {
    const [pod, everyPod, policies, spaces] = await Promise.all([
      client.get(podAddresses, namespace, name, signal),
      client.listAll(podAddresses, {}, signal),
      client.listAll(networkPolicies, {}, signal),
      client.listAll(namespaces, { metadataOnly: true }, signal),
    ])
    const { nodeName, addresses } = pod.spec
    if (nodeName === '' || addresses.length === 0) throw new UserError(`The pod "${namespace}/${name}" has no address of its own`)
    const page = `/api/v1/nodes/${encodeURIComponent(nodeName)}/proxy/refused-connections`
    const { items } = await client.getPath<{ items: RefusedConnection[] }>(page, signal)
    const labels = new Map(spaces.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]))
    const world = { policies, namespaceLabels: (space: string) => labels.get(space) }
    return items
      .filter(({ from, to }) => addresses.includes(from) || addresses.includes(to))
      .map(connection => explain(connection, partiesOf(everyPod), world))
  } catch (err) {
    if (err instanceof ApiError) throw new UserError(`The server does not say why: ${err.message}`, { cause: err })
    throw err
  }
}

function explain(connection: RefusedConnection, parties: ReadonlyMap<string, Party>, world: PolicyWorld): ExplainedConnection {
  const { from, protocol, port } = connection
  const [source, target] = [parties.get(from) ?? { address: from }, targetOf(connection, parties)]
  return {
    ...connection,
    fromName: nameOf(source),
    toName: nameOf(target),
    refusing: explainRefusal({ from: source, to: target, protocol, port }, world),
  }
}

function partiesOf(pods: readonly PodAddress[]): ReadonlyMap<string, Party> {
  return new Map(
    pods.flatMap(({ metadata, spec }) =>
      spec.addresses.map((address): [string, Party] => [
        address,
        {
          address,
          pod: { namespace: metadata.namespace ?? '', name: metadata.name ?? '', labels: metadata.labels ?? {}, ports: spec.ports ?? [] },
        },
      ]),
    ),
  )
}

/** What answers questions for names is the cluster's DNS to policies. */
function targetOf({ to, names }: RefusedConnection, parties: ReadonlyMap<string, Party>): Party {
  if (!names) return parties.get(to) ?? { address: to }
  const ports = dnsPeer.ports.map(each => ({ ...each, protocol: each.protocol.toUpperCase() }))
  return { address: to, pod: { ...dnsPeer, name: 'kube-dns', ports } }
}

const nameOf = ({ address, pod }: Party): string => (pod === undefined ? address : `pod "${pod.namespace}/${pod.name}" (${address})`)

export function formatConnections(name: string, connections: readonly ExplainedConnection[]): string {
  if (connections.length === 0) return `No connection of pod "${name}" was refused by a network policy in the last ten minutes.`
  return connections.map(formatConnection).join('\n\n')
}

function formatConnection({ fromName, toName, protocol, port, packets, secondsAgo, refusing }: ExplainedConnection): string {
  const ports = ['TCP', 'UDP', 'SCTP'].includes(protocol) ? ` port ${port}/${protocol}` : ` by ${protocol}`
  const head = `REFUSED: ${fromName} to ${toName}${ports}, ${packets} ${packets === 1 ? 'packet' : 'packets'}, the last ${secondsAgo} s ago`
  if (refusing.length === 0) return `${head}\n  now             what policies say by now allows it`
  return [head, ...refusing.flatMap(formatEnd)].join('\n')
}

function formatEnd({ direction, namespace, pod, isolating, wouldAllow }: RefusedEnd): string[] {
  const names = isolating.map(name => `"${name}"`).join(', ')
  return [
    `  ${direction.padEnd(15)} of pod "${namespace}/${pod}" is closed by NetworkPolicy ${names}, and none allows this`,
    '  would allow     this NetworkPolicy beside them:',
    ...dump(wouldAllow, { lineWidth: -1 })
      .trimEnd()
      .split('\n')
      .map(line => `${' '.repeat(18)}${line}`),
  ]
}
