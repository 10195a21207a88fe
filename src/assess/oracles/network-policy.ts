// What NetworkPolicies allow, written from the documentation of networking.k8s.io/v1 alone: small, slow, and without the product's code.
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/types/networking-v1.ts'

type Labels = Readonly<Record<string, string>>

export interface Endpoint {
  /** IPv4. */
  readonly address: string
  /** Undefined for what is no pod, as the node. */
  readonly pod?: {
    readonly namespace: string
    readonly name: string
    readonly labels: Labels
    readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
  }
}

export interface Connection {
  readonly from: Endpoint
  readonly to: Endpoint
  /** ICMP has no port: only a rule without ports allows it. */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP'
  readonly port: number
}

export interface PolicyWorld {
  readonly policies: readonly NetworkPolicy[]
  /** Labels by the name of the namespace. */
  readonly namespaces: ReadonlyMap<string, Labels>
}

/** Undefined if it is allowed, else which end refuses it. */
export function refusedBy(connection: Connection, world: PolicyWorld): 'egress' | 'ingress' | undefined {
  const { from, to } = connection
  if (from.pod !== undefined && from.address === to.address) return undefined
  if (!allows('Egress', from, to, connection, world)) return 'egress'
  return allows('Ingress', to, from, connection, world) ? undefined : 'ingress'
}

function allows(type: 'Ingress' | 'Egress', own: Endpoint, other: Endpoint, connection: Connection, world: PolicyWorld): boolean {
  const { pod } = own
  if (pod === undefined) return true
  const selecting = world.policies.filter(
    ({ metadata, spec }) => metadata.namespace === pod.namespace && matches(spec.podSelector, pod.labels) && typesOf(spec).has(type),
  )
  if (selecting.length === 0) return true
  return selecting.some(({ spec }) =>
    type === 'Ingress'
      ? spec.ingress?.some(({ from, ports }) => admits(from, ports, pod.namespace, other, connection, world))
      : spec.egress?.some(({ to, ports }) => admits(to, ports, pod.namespace, other, connection, world)),
  )
}

/** Without `policyTypes`: Ingress, and Egress if there are rules for it. */
function typesOf({ policyTypes, egress }: NetworkPolicy['spec']): ReadonlySet<string> {
  return new Set(policyTypes ?? (egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']))
}

function admits(
  peers: readonly NetworkPolicyPeer[] | undefined,
  ports: readonly NetworkPolicyPort[] | undefined,
  namespace: string,
  other: Endpoint,
  connection: Connection,
  world: PolicyWorld,
): boolean {
  const isPeer = peers === undefined || peers.length === 0 || peers.some(peer => isFrom(peer, namespace, other, world))
  return isPeer && (ports === undefined || ports.length === 0 || ports.some(port => isTo(port, connection)))
}

function isFrom(
  { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer,
  namespace: string,
  { address, pod }: Endpoint,
  world: PolicyWorld,
): boolean {
  if (ipBlock !== undefined) return inBlock(address, ipBlock.cidr) && !(ipBlock.except ?? []).some(block => inBlock(address, block))
  if (pod === undefined) return false
  const labels = world.namespaces.get(pod.namespace)
  const inNamespace =
    namespaceSelector === undefined ? pod.namespace === namespace : labels !== undefined && matches(namespaceSelector, labels)
  return inNamespace && (podSelector === undefined || matches(podSelector, pod.labels))
}

function isTo({ protocol = 'TCP', port, endPort }: NetworkPolicyPort, connection: Connection): boolean {
  if (protocol !== connection.protocol) return false
  if (typeof port === 'number') return port <= connection.port && connection.port <= (endPort ?? port)
  if (port === undefined) return true
  const named = connection.to.pod?.ports ?? []
  return named.some(each => each.name === port && each.protocol === protocol && each.port === connection.port)
}

function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  const all = Object.entries(matchLabels).every(([key, value]) => labels[key] === value)
  return (
    all &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      if (operator === 'In') return value !== undefined && values.includes(value)
      return value === undefined || !values.includes(value)
    })
  )
}

/** IPv4 only: an address of the other family is in no block. */
function inBlock(address: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/')
  if (network.includes(':') || address.includes(':')) return false
  const size = 2 ** (32 - Number(bits))
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(network) / size)
}

const numberOf = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
