// Which pods a node takes that is short of something, as upstream's kubelet has it. Pure.
import { isTolerated } from '../../api/pods/tolerations.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Pressure } from '../machine/machine-facts.ts'
import type { Refusal } from '../pod/pod-admission.ts'
import { qosClass } from '../pod/pod-resources.ts'
import { isCritical } from './eviction-order.ts'

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const

/** Undefined for a pod that the node may start: a critical one, and where memory alone is short one that asks for some or tolerates it. */
export function pressureRefusal(pod: Pod, pressure: Pressure | undefined): Refusal | undefined {
  if (pressure === undefined || isCritical(pod)) return undefined
  const { memory, disk, pids } = pressure
  const conditions = [...(memory ? ['MemoryPressure'] : []), ...(disk ? ['DiskPressure'] : []), ...(pids ? ['PIDPressure'] : [])]
  if (conditions.length === 0) return undefined
  const isMemoryAlone = memory && !disk && !pids
  if (isMemoryAlone && (qosClass(pod) !== 'BestEffort' || isTolerated(memoryTaint, pod.spec.tolerations ?? []))) return undefined
  return { reason: 'Evicted', message: `Pod was rejected: The node had condition: [${conditions.join(' ')}]. ` }
}
