// Which pods a node under pressure accepts, as upstream's kubelet. Pure.
import { isTolerated } from '../../api/pods/tolerations.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Pressure } from '../machine/machine-facts.ts'
import type { Refusal } from '../pod/pod-admission.ts'
import { qosClass } from '../pod/pod-resources.ts'
import { isCritical } from './eviction-order.ts'

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const

/** Undefined if the node may start the pod: it is critical, or only memory is short and the pod requests some or tolerates the pressure. */
export function pressureRefusal(pod: Pod, pressure: Pressure | undefined): Refusal | undefined {
  if (pressure === undefined || isCritical(pod)) return undefined
  const { memory, disk, pids } = pressure
  const conditions = [...(memory ? ['MemoryPressure'] : []), ...(disk ? ['DiskPressure'] : []), ...(pids ? ['PIDPressure'] : [])]
  if (conditions.length === 0) return undefined
  const isMemoryAlone = memory && !disk && !pids
  if (isMemoryAlone && (qosClass(pod) !== 'BestEffort' || isTolerated(memoryTaint, pod.spec.tolerations ?? []))) return undefined
  return { reason: 'Evicted', message: `Pod was rejected: The node had condition: [${conditions.join(' ')}]. ` }
}
