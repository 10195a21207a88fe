// The policies of proof N1, each rule of which uses one feature alone, and the pods between which they decide.
import type { NetworkPolicySpec } from '../../../api/types/networking-v1.ts'

/** Where each feature is tried: a port of the server and its rule. */
export const serverPorts = {
  named: 8080,
  namespace: 8081,
  both: 8082,
  rangeFirst: 8083,
  rangeLast: 8084,
  outside: 8085,
  block: 8086,
  nobody: 8087,
} as const

/** UDP ports of the node that a policy allows, and the one behind them. */
export const udpPorts = { first: 40_611, last: 40_612, beyond: 40_613 } as const

export interface Networks {
  /** The addresses of pods. */
  readonly pods: string
  /** An address of a server, and that of the node. */
  readonly server: string
  readonly node: string
}

type Space = 'ours' | 'other' | 'fresh'

export const teamLabel = 'prove.bulkhead.dev/team'

export interface MatrixPolicy {
  readonly space: Space
  readonly name: string
  readonly spec: NetworkPolicySpec
}

const app = (name: string) => ({ podSelector: { matchLabels: { app: name } } })
const team = { namespaceSelector: { matchLabels: { [teamLabel]: 'b' } } }

/** Created before any pod. */
export const firstPolicies = (pods: string): readonly MatrixPolicy[] => [
  {
    ...{ space: 'ours', name: 'server' },
    spec: {
      ...{ ...app('server'), policyTypes: ['Ingress'] },
      ingress: [
        { from: [app('friend')], ports: [{ port: 'open' }] },
        { from: [team], ports: [{ port: serverPorts.namespace }] },
        { from: [{ ...team, ...app('friend') }], ports: [{ port: serverPorts.both }] },
        { ports: [{ port: serverPorts.rangeFirst, endPort: serverPorts.rangeLast }] },
        { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: [pods] } }], ports: [{ port: serverPorts.outside }] },
        { from: [{ ipBlock: { cidr: pods } }], ports: [{ port: serverPorts.block }] },
        { from: [app('friend')], ports: [{ protocol: 'UDP', port: serverPorts.nobody }] },
        { from: [app('friend')], ports: [{ protocol: 'SCTP', port: serverPorts.nobody }] },
        { from: [team], ports: [{ protocol: 'UDP', port: serverPorts.namespace }] },
      ],
    },
  },
  // Without ports.
  { space: 'ours', name: 'quiet', spec: { ...app('quiet'), policyTypes: ['Ingress'], ingress: [{ from: [app('friend')] }] } },
  // Egress alone.
  ...(['ours', 'other'] as const).map(space => ({
    ...{ space, name: 'probers' },
    spec: { podSelector: { matchLabels: { reach: 'everything' } }, policyTypes: ['Egress' as const], egress: [{}] },
  })),
]

/** Created when the addresses are known, before the probers. */
export const narrowPolicy = ({ pods, server, node }: Networks): MatrixPolicy => ({
  ...{ space: 'other', name: 'narrow' },
  spec: {
    ...{ ...app('narrow'), policyTypes: ['Egress'] },
    egress: [
      { to: [{ ipBlock: { cidr: pods, except: [`${server}/32`] } }] },
      { to: [{ ipBlock: { cidr: `${node}/32` } }], ports: [{ protocol: 'UDP', port: udpPorts.first, endPort: udpPorts.last }] },
      { to: [{ namespaceSelector: {}, ...app('server') }], ports: [{ port: 'open' }, { port: serverPorts.rangeLast }] },
    ],
  },
})

export interface MatrixPod {
  readonly space: Space
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const pod = (space: Space, name: string, labels: Readonly<Record<string, string>> = {}): MatrixPod => ({
  space,
  name,
  labels: { app: name, ...labels },
})

export const servers: readonly MatrixPod[] = [pod('ours', 'server'), pod('ours', 'quiet'), pod('fresh', 'server')]

const all = { reach: 'everything' }
export const probers: readonly MatrixPod[] = [
  pod('ours', 'friend', all),
  pod('ours', 'stranger', all),
  pod('other', 'friend', all),
  pod('other', 'stranger', all),
  pod('other', 'narrow'),
  pod('fresh', 'other'),
]
