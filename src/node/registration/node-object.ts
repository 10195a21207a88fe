// Builds the Node object from the machine's facts. Pure; names, reasons and messages are the kubelet's.

import { kubernetesVersion } from '../../api/kubernetes-version.ts'
import { nodeLinkKey, nodeLinkPort } from '../../api/nodes/node-link-names.ts'
import { auditWitnessAnnotation } from '../../api/nodes/witness-call.ts'
import type { Node, NodeCondition, NodeStatus } from '../../api/types/core-v1.ts'
import { isExtendedResource, isHugePages } from '../../api/validation/resource-names.ts'
import { type NodeVolumes, volumesEncryptedCondition } from '../../api/volumes/local-volume-names.ts'
import { formatTime } from '../../base/clock.ts'
import { type Component, runtimeDriftCondition } from '../../supply-chain/components/component.ts'
import type { NodeAllocatable } from '../container/field-values.ts'
import type { Image } from '../cri/messages.ts'
import type { MachineFacts, Pressure } from '../machine/machine-facts.ts'
import type { NodeSupport } from '../pod/pod-support.ts'

/** Marks a simulated node and its pods. */
export const simulatedMark = 'bulkhead.dev/simulated'

const maxPods = 110
/** Reserved for the node itself. */
const reservedMemoryBytes = 100 * 1024 * 1024
const maxImages = 50

export interface NodeFacts {
  readonly name: string
  readonly facts: MachineFacts
  readonly runtimeVersion: string
  readonly simulated: boolean
  readonly support: NodeSupport
  /** How other nodes reach its pods; undefined if the machine has no WireGuard. */
  readonly link?: { readonly publicKey: string; readonly port: number }
  /** Its key as a witness of audit logs; undefined if it is none, as a simulated node. */
  readonly witnessKey?: string
  /** Further labels from the agent's configuration. */
  readonly labels?: Readonly<Record<string, string>>
}

export function nodeLabels({ name, facts, simulated, labels }: NodeFacts): Record<string, string> {
  return {
    ...labels,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': facts.architecture,
    ...(simulated ? { [simulatedMark]: 'true' } : {}),
  }
}

export function nodeAnnotations({ simulated, link, witnessKey }: NodeFacts): Record<string, string> {
  return {
    ...(simulated ? { [simulatedMark]: 'true' } : {}),
    ...(link === undefined ? {} : { [nodeLinkKey]: link.publicKey, [nodeLinkPort]: String(link.port) }),
    ...(witnessKey === undefined ? {} : { [auditWitnessAnnotation]: witnessKey }),
  }
}

/** The object for a node that does not exist yet. Without a podCIDR, the control plane may assign one. */
export function newNode(node: NodeFacts): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: nodeLabels(node),
      annotations: nodeAnnotations(node),
    },
    spec: {},
  }
}

export function allocatable({ facts }: Pick<NodeFacts, 'facts'>): NodeAllocatable {
  return {
    milliCpu: facts.cpus * 1000,
    memoryBytes: Math.max(0, facts.memoryBytes - reservedMemoryBytes),
    ephemeralStorageBytes: Math.floor(facts.diskBytes * 0.9),
  }
}

export interface NodeHealth {
  readonly pressure: Pressure
  /** Why the node is not ready; empty if it is. */
  readonly problems: readonly string[]
  readonly images: readonly Image[]
  readonly policies: PolicyHealth
  /** Undefined on a node that does not route Services. */
  readonly services?: ServiceHealth
  /** Undefined on a node without programs of its own. */
  readonly runtime?: RuntimeHealth
  /** Why pods of this node cannot reach those of others; undefined on a node without links. */
  readonly links?: { readonly problem: string | undefined }
  /** Undefined on a node without volumes of its own. */
  readonly volumes?: VolumeHealth
}

/** What the node has for volumes, and why it encrypts no better. */
export interface VolumeHealth {
  readonly has: NodeVolumes
  readonly refused: readonly string[]
}

/** The programs that the node runs, and what of them is not as at its start. */
export interface RuntimeHealth {
  readonly components: readonly Component[]
  readonly drift: readonly string[]
}

/** Whether network policies are in force on the node. */
export type PolicyHealth =
  | { readonly enforced: true }
  | { readonly enforced: false; readonly reason: 'SimulatedNode' | 'RulesMissing' | 'AgentStopped'; readonly message: string }

/** Whether the kernel holds the rules of Services; `problem` is the reason if not. */
export interface ServiceHealth {
  readonly problem: string | undefined
}

/** The condition for that. */
export const serviceRulesCondition = 'bulkhead.dev/ServiceRulesInForce'

/** The condition for the encrypted links to other nodes. */
export const nodeLinksCondition = 'bulkhead.dev/NodeLinksEncrypted'

/** The condition for network policies. */
export const networkPolicyCondition = 'bulkhead.dev/NetworkPolicyEnforced'

export function nodeStatus(node: NodeFacts, health: NodeHealth, old: NodeStatus | undefined, now: number): NodeStatus {
  const { name, facts } = node
  const usable = allocatable(node)
  const advertised = advertisedCapacity(old)
  return {
    addresses: [...facts.addresses.map(address => ({ type: 'InternalIP', address })), { type: 'Hostname', address: name }],
    capacity: {
      ...advertised,
      cpu: String(facts.cpus),
      memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
      'ephemeral-storage': `${Math.floor(facts.diskBytes / 1024)}Ki`,
      pods: String(maxPods),
    },
    allocatable: {
      ...advertised,
      cpu: String(facts.cpus),
      memory: `${Math.floor(usable.memoryBytes / 1024)}Ki`,
      'ephemeral-storage': String(usable.ephemeralStorageBytes),
      pods: String(maxPods),
    },
    conditions: conditions(health, old?.conditions ?? [], now),
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.systemUuid,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: node.runtimeVersion,
      kubeletVersion: kubernetesVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: facts.architecture,
    },
    features: { supplementalGroupsPolicy: node.support.supplementalGroupsPolicy },
    images: [...health.images]
      .sort((a, b) => Number(b.size) - Number(a.size))
      .slice(0, maxImages)
      .map(({ repoDigests, repoTags, size }) => ({ names: [...repoDigests, ...repoTags], sizeBytes: Number(size) })),
  }
}

/** Characters of the reasons in the condition. */
const maxRefused = 900

/** Sentences in the message; the rest is counted. */
const shownDrift = 5

function driftCondition({ drift }: RuntimeHealth): Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'> {
  if (drift.length === 0)
    return {
      type: runtimeDriftCondition,
      status: 'False',
      reason: 'AsAtStart',
      message: 'the programs that this node runs are those of its start',
    }
  const more = drift.length > shownDrift ? ` and ${drift.length - shownDrift} more` : ''
  return {
    type: runtimeDriftCondition,
    status: 'True',
    reason: 'ComponentsChanged',
    message: `${drift.slice(0, shownDrift).join('; ')}${more}`,
  }
}

/** Extended resources that other clients, such as administrators, set on the node: pods may use all of them. */
const advertisedCapacity = (status: NodeStatus | undefined) =>
  Object.fromEntries(Object.entries(status?.capacity ?? {}).filter(([resource]) => !isHugePages(resource)))

/** Extended resources that are still allocatable but have no capacity any more. */
export const withdrawnResources = (status: NodeStatus | undefined): string[] =>
  Object.keys(status?.allocatable ?? {}).filter(resource => isExtendedResource(resource) && status?.capacity?.[resource] === undefined)

function conditions(
  { pressure, problems, policies, services, runtime, links, volumes }: NodeHealth,
  old: readonly NodeCondition[],
  now: number,
): NodeCondition[] {
  const pressures = [
    [
      'MemoryPressure',
      pressure.memory,
      'KubeletHasInsufficientMemory',
      'KubeletHasSufficientMemory',
      'kubelet has insufficient memory available',
      'kubelet has sufficient memory available',
    ],
    [
      'DiskPressure',
      pressure.disk,
      'KubeletHasDiskPressure',
      'KubeletHasNoDiskPressure',
      'kubelet has disk pressure',
      'kubelet has no disk pressure',
    ],
    [
      'PIDPressure',
      pressure.pids,
      'KubeletHasInsufficientPID',
      'KubeletHasSufficientPID',
      'kubelet has insufficient PID available',
      'kubelet has sufficient PID available',
    ],
  ] as const
  const ready = problems.length === 0
  const wanted = [
    ...pressures.map(([type, under, bad, good, badText, goodText]) => ({
      type,
      status: under ? 'True' : 'False',
      reason: under ? bad : good,
      message: under ? badText : goodText,
    })),
    {
      type: networkPolicyCondition,
      status: policies.enforced ? 'True' : 'False',
      ...(policies.enforced
        ? { reason: 'RulesInForce', message: 'the kernel holds the rules of every network policy that concerns a pod of this node' }
        : { reason: policies.reason, message: policies.message }),
    },
    ...(services === undefined ? [] : [serviceCondition(services)]),
    ...(runtime === undefined ? [] : [driftCondition(runtime)]),
    ...(links === undefined ? [] : [linksCondition(links)]),
    ...(volumes === undefined ? [] : [volumesCondition(volumes)]),
    {
      type: 'Ready',
      status: ready ? 'True' : 'False',
      reason: ready ? 'KubeletReady' : 'KubeletNotReady',
      message: ready ? 'kubelet is posting ready status' : `[${problems.join(', ')}]`,
    },
  ]
  return wanted.map(condition => {
    const before = old.find(({ type }) => type === condition.type)
    const changed = before?.status !== condition.status
    return {
      ...condition,
      lastHeartbeatTime: formatTime(now),
      lastTransitionTime: changed || !before?.lastTransitionTime ? formatTime(now) : before.lastTransitionTime,
    }
  })
}

const linksCondition = ({ problem }: { readonly problem: string | undefined }) => ({
  type: nodeLinksCondition,
  status: problem === undefined ? 'True' : 'False',
  reason: problem === undefined ? 'WireGuard' : 'LinksMissing',
  message: problem ?? 'packets between pods of two nodes go through WireGuard, and no other way',
})

function volumesCondition({ has, refused }: VolumeHealth) {
  const why = refused.length === 0 ? '' : ` (${refused.join('; ')})`.slice(0, maxRefused)
  return has.encryption === 'none'
    ? { type: volumesEncryptedCondition, status: 'False', reason: 'NoEncryption', message: `no volume can be encrypted${why}` }
    : { type: volumesEncryptedCondition, status: 'True', reason: 'Encrypted', message: `volumes are encrypted by ${has.encryption}${why}` }
}

const serviceCondition = ({ problem }: ServiceHealth) => ({
  type: serviceRulesCondition,
  status: problem === undefined ? 'True' : 'False',
  reason: problem === undefined ? 'RulesInForce' : 'RulesMissing',
  message: problem ?? 'the kernel holds the rules of every Service and host port',
})
