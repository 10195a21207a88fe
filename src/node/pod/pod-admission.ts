// Checks a pod before the node starts it, as upstream's kubelet: for any writer of spec.nodeName, the node assigns no resource twice. Reasons
// and messages are the kubelet's (pkg/kubelet/lifecycle/predicate.go). Pure.
import { hostPorts, hostPortsCollide } from '../../api/pods/host-ports.ts'
import { podRequests } from '../../api/pods/pod-resources.ts'
import { safeSysctls, sysctlName } from '../../api/pods/safe-sysctls.ts'
import { isTolerated } from '../../api/pods/tolerations.ts'
import { addQuantities, compareQuantities, integerValue, milliValue, parseQuantity, type Quantity } from '../../api/quantity/quantity.ts'
import { addAmounts, parseAmounts, type ReadonlyAmounts, type ResourceAmounts, raiseAmounts } from '../../api/quantity/resource-amounts.ts'
import type { ContainerPort, Node, Pod } from '../../api/types/core-v1.ts'
import { isHugePages } from '../../api/validation/resource-names.ts'
import { writeJson } from '../../base/write-json.ts'
import { selectable, selectsNode } from '../../client/cache/node-selection.ts'

/** Why a pod must not start on this node: reason and message of its status. */
export interface Refusal {
  readonly reason: string
  readonly message: string
}

/** The resources of the node that an admitted pod holds. */
export interface Demand {
  readonly requests: ReadonlyAmounts
  readonly ports: readonly ContainerPort[]
}

/** For a pod that requests no more than its node gave it, whatever its status says about an earlier resize. */
export function demandOf(pod: Pod): Demand {
  const requests = podRequests(pod, { useStatus: true })
  raiseAmounts(requests, podRequests(pod))
  return { requests, ports: hostPorts(pod) }
}

/** The first reason against the pod, given the resources of the admitted ones; undefined if there is none. */
export function planAdmission(pod: Pod, wanted: Demand, held: readonly Demand[], node: Node): Refusal | undefined {
  const sysctl = pod.spec.securityContext?.sysctls?.map(({ name }) => sysctlName(name)).find(name => !safeSysctls.since32.includes(name))
  if (sysctl !== undefined) {
    return { reason: 'SysctlForbidden', message: `Pod was rejected: forbidden sysctl: ${writeJson(sysctl)} not allowlisted` }
  }
  const short = shortage(wanted, held, parseAmounts(node.status?.allocatable))
  if (short !== undefined) return short
  if (!selectsNode(pod.spec, selectable(node))) return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")
  if (wanted.ports.some(port => held.some(({ ports }) => ports.some(used => hostPortsCollide(port, used))))) {
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports")
  }
  const tolerations = pod.spec.tolerations ?? []
  const taint = node.spec?.taints?.find(taint => taint.effect === 'NoExecute' && !isTolerated(taint, tolerations))
  if (taint !== undefined) return failed('TaintToleration', "node(s) had taints that the pod didn't tolerate")
  return undefined
}

/** The same for a running pod that requests more: its own resources count as free. `wanted` counts only the spec. */
export function planResizeAdmission(wanted: ReadonlyAmounts, held: readonly Demand[], node: Node): Refusal | undefined {
  const allocatable = parseAmounts(node.status?.allocatable)
  for (const [resource, amount] of wanted) {
    const capacity = allocatable.get(resource)
    if (capacity === undefined || compareQuantities(amount, capacity) <= 0) continue
    const amounts = `requested: ${numberOf(resource, amount)}, capacity: ${numberOf(resource, capacity)}`
    return { reason: 'Infeasible', message: `Node didn't have enough capacity: ${resource}, ${amounts}` }
  }
  const short = shortage({ requests: wanted, ports: [] }, held, allocatable)
  return short === undefined ? undefined : { reason: 'Deferred', message: short.message.replace('Pod was rejected: ', '') }
}

function shortage(wanted: Demand, held: readonly Demand[], allocatable: ReadonlyAmounts): Refusal | undefined {
  const most = allocatable.get('pods')
  if (most !== undefined && BigInt(held.length) + 1n > integerValue(most)) {
    return insufficient('pods', parseQuantity('1'), parseQuantity(String(held.length)), most)
  }
  const used: ResourceAmounts = new Map()
  for (const { requests } of held) addAmounts(used, requests)
  for (const [resource, amount] of wanted.requests) {
    const capacity = allocatable.get(resource)
    if (compareQuantities(amount, nothing) <= 0) continue
    const before = used.get(resource) ?? nothing
    if (capacity === undefined) {
      // Unknown extended resources are unlimited, as upstream; there are no huge pages.
      if (isHugePages(resource)) return insufficient(resource, amount, before, nothing)
      continue
    }
    if (compareQuantities(addQuantities(before, amount), capacity) > 0) return insufficient(resource, amount, before, capacity)
  }
  return undefined
}

const nothing = parseQuantity('0')

function insufficient(resource: string, requested: Quantity, used: Quantity, capacity: Quantity): Refusal {
  const [asked, taken, all] = [requested, used, capacity].map(quantity => numberOf(resource, quantity))
  const amounts = `requested: ${asked}, used: ${taken}, capacity: ${all}`
  return { reason: `OutOf${resource}`, message: `Pod was rejected: Node didn't have enough resource: ${resource}, ${amounts}` }
}

const failed = (predicate: string, why: string): Refusal => ({
  reason: predicate,
  message: `Pod was rejected: Predicate ${predicate} failed: ${why}`,
})

const numberOf = (resource: string, quantity: Quantity): bigint => (resource === 'cpu' ? milliValue(quantity) : integerValue(quantity))
