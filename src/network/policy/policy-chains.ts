// The chains that evaluate the pods of one node. A chain is named after its content, so it never changes, and pods with equal policies share
// one. Pure.
import { writeJson } from '../../base/write-json.ts'
import { rangeText } from '../address-ranges.ts'
import {
  type CompiledPolicy,
  type Direction,
  type PeerSelector,
  type PolicyRule,
  type PortMatch,
  selectsPeer,
  shortHash,
} from './compile-policy.ts'
import type { PolicyPod } from './policy-pods.ts'

/** A step of a chain; an omitted field matches everything. */
export interface Step {
  /** The peer: a set of addresses. */
  readonly peers?: string
  readonly ports?: PortMatch
  /** `jump` returns if the other chain reaches no verdict. */
  readonly verdict: 'accept' | { readonly jump: string } | { readonly refuse: Direction }
}

export interface Chain {
  readonly direction: Direction
  readonly steps: readonly Step[]
}

/** What chains look up: pods of a selector, fixed ranges, or addresses with the port of a name. */
export type AddressSet =
  | { readonly kind: 'selector'; readonly selector: PeerSelector }
  | { readonly kind: 'ranges'; readonly elements: readonly string[] }
  | { readonly kind: 'port'; readonly port: { readonly protocol: string; readonly name: string } }

export interface Structure {
  readonly chains: Map<string, Chain>
  readonly sets: Map<string, AddressSet>
}

/** How one direction of a pod is evaluated; undefined if no policy isolates it, so everything is allowed. */
export function evaluatedBy(policies: readonly CompiledPolicy[], direction: Direction, structure: Structure): string | undefined {
  const isolating = policies.filter(policy => policy[direction] !== undefined)
  if (isolating.length === 0) return undefined
  const names = isolating.flatMap(policy => policyChain(policy[direction] ?? [], direction, structure) ?? [])
  const steps: Step[] = [...new Set(names)].sort().map(jump => ({ verdict: { jump } }))
  return addChain(structure, direction, 'pod', [...steps, { verdict: { refuse: direction } }])
}

export const portSetName = ({ protocol, name }: { readonly protocol: string; readonly name: string }): string =>
  `port_${protocol}_${shortHash(name)}`

/** Undefined if the rules allow nothing. */
function policyChain(rules: readonly PolicyRule[], direction: Direction, structure: Structure): string | undefined {
  const steps = rules.flatMap(({ peers, ports }): Step[] => {
    const verdict = ports === undefined ? ('accept' as const) : { jump: portsChain(ports, direction, structure) }
    if (peers === undefined) return [{ verdict }]
    const sets = peers.selectors.map(selector => addSet(structure, `pods_${selector.id}`, { kind: 'selector', selector }))
    if (peers.ranges.length > 0) {
      const elements = peers.ranges.map(rangeText)
      sets.push(addSet(structure, `ranges_${shortHash(elements.join())}`, { kind: 'ranges', elements }))
    }
    return sets.map(set => ({ peers: set, verdict }))
  })
  return steps.length === 0 ? undefined : addChain(structure, direction, 'policy', steps)
}

/** Separate chains, so that many peers and many ports need the sum of their steps and not the product. */
function portsChain(ports: readonly PortMatch[], direction: Direction, structure: Structure): string {
  for (const port of ports) if ('name' in port) addSet(structure, portSetName(port), { kind: 'port', port })
  return addChain(
    structure,
    direction,
    'ports',
    ports.map(port => ({ ports: port, verdict: 'accept' })),
  )
}

function addChain({ chains }: Structure, direction: Direction, kind: 'pod' | 'policy' | 'ports', steps: readonly Step[]): string {
  const name = `${direction}_${kind}_${shortHash(writeJson(steps))}`
  chains.set(name, { direction, steps })
  return name
}

function addSet({ sets }: Structure, name: string, set: AddressSet): string {
  sets.set(name, set)
  return name
}

/** The node answers DNS on an address that is no pod's; policies treat it as upstream's cluster DNS pod. */
export const dnsPeer: Pick<PolicyPod, 'namespace' | 'labels' | 'ports'> = {
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns' },
  ports: [
    { name: 'dns', protocol: 'udp', port: 53 },
    { name: 'dns-tcp', protocol: 'tcp', port: 53 },
  ],
}

/** Whether a pod with these policies may send DNS questions to this address. */
export function allowsDns(
  policies: readonly CompiledPolicy[],
  protocol: 'tcp' | 'udp',
  dnsAddress: number,
  namespaceLabels: (name: string) => Readonly<Record<string, string>> | undefined,
): boolean {
  const isolating = policies.filter(({ egress }) => egress !== undefined)
  if (isolating.length === 0) return true
  return isolating.some(({ egress }) =>
    egress?.some(
      ({ peers, ports }) =>
        (peers === undefined ||
          peers.selectors.some(selector => selectsPeer(selector, dnsPeer, namespaceLabels)) ||
          peers.ranges.some(({ first, last }) => first <= dnsAddress && dnsAddress <= last)) &&
        (ports === undefined || ports.some(port => port.protocol === protocol && meansDns(port))),
    ),
  )
}

function meansDns(port: PortMatch): boolean {
  if (!('name' in port)) return port.first <= 53 && 53 <= port.last
  return dnsPeer.ports.some(({ name, protocol }) => name === port.name && protocol === port.protocol)
}
