// Pods as network policies see them.
import { isIPv4 } from 'node:net'
import { namedPortsOf, policyLabelsOf } from '../../api/resources/bulkhead/pod-address.ts'
import type { PodAddress, PodAddressPort } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { ObjectMeta } from '../../api/types/meta-v1.ts'
import type { Protocol } from '../services/ruleset.ts'

export interface NamedPort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

/** A pod with an address of its own. Policies treat a hostNetwork pod as its node. */
export interface PolicyPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly ports: readonly NamedPort[]
  /** resourceVersion of the object that this was read from; higher is newer. */
  readonly version: number
}

/** A pod of any node, with its addresses in the API. A pod that has ended has none. */
export interface PeerPod extends PolicyPod {
  readonly node: string
  readonly addresses: readonly string[]
}

/** A pod of this node, with the actual address and link of its sandbox. */
export interface LocalPod extends PolicyPod {
  readonly address: string
  /** The node's end of the pod's link. */
  readonly link: string
}

/** Default TCP, as upstream. */
export function policyProtocol(protocol: string | undefined): Protocol {
  return protocol === 'UDP' ? 'udp' : protocol === 'SCTP' ? 'sctp' : 'tcp'
}

export function policyPod({ metadata, spec }: Pick<Pod, 'metadata' | 'spec'>): PolicyPod {
  return { ...identity({ ...metadata, labels: policyLabelsOf({ metadata, spec }) }), ports: namedPortsOf(spec).map(namedPort) }
}

/**
 * Other nodes write these addresses and they become part of the rules' text, so anything that is no IPv4 address is omitted: a stolen node
 * credential must not inject rules.
 */
export function peerPod({ metadata, spec }: PodAddress): PeerPod {
  const { nodeName, addresses, ports = [] } = spec
  return { ...identity(metadata), ports: ports.map(namedPort), node: nodeName, addresses: addresses.filter(isIPv4) }
}

function identity({ uid = '', namespace = '', name = '', labels = {}, resourceVersion = '0' }: ObjectMeta): Omit<PolicyPod, 'ports'> {
  return { uid, namespace, name, labels, version: Number(resourceVersion) }
}

const namedPort = ({ name, protocol, port }: PodAddressPort): NamedPort => ({ name, protocol: policyProtocol(protocol), port })
