// The node's memory and processes: its capacity, the part for all its pods, and what is available.

import type { EvictablePod } from './eviction/evictable-pod.ts'
import type { ResourceFacts } from './eviction/resource-pressure.ts'
import { type CgroupVersion, type GroupUsage, groupUsage, limitNodeCgroup, type NodeLimits } from './machine/cgroups.ts'
import { nodeCgroup } from './machine/clean-up.ts'
import { type MachineUse, machineUse } from './machine/machine-facts.ts'
import type { NodeDirectory } from './machine/node-directory.ts'
import { podCgroup } from './machine-host.ts'
import { qosClass } from './pod/pod-resources.ts'

/** Processes reserved for the node itself. */
const reservedPidShare = 0.1

/** Pure. `memoryBytes`: what pods may request together. */
export const nodeLimits = (memoryBytes: number, most: number): NodeLimits => ({
  memoryBytes,
  pids: most - Math.ceil(most * reservedPidShare),
})

/** Pure. */
export function resourceFacts(machine: MachineUse, pods: GroupUsage, limits: NodeLimits): ResourceFacts {
  const { memoryBytes, availableBytes, processes } = machine
  return {
    memory: {
      machine: { capacity: memoryBytes, available: availableBytes },
      pods: { capacity: limits.memoryBytes, available: limits.memoryBytes - pods.workingSetBytes },
    },
    pids: {
      machine: { capacity: processes.most, available: processes.most - processes.running },
      pods: { capacity: limits.pids, available: limits.pids - pods.pids },
    },
  }
}

export class NodeSupply {
  readonly #directory: NodeDirectory
  readonly #version: CgroupVersion
  readonly #memoryBytes: number

  constructor(directory: NodeDirectory, version: CgroupVersion, memoryBytes: number) {
    this.#directory = directory
    this.#version = version
    this.#memoryBytes = memoryBytes
  }

  async facts(): Promise<ResourceFacts> {
    const [machine, pods] = await Promise.all([machineUse(), groupUsage(this.#version, nodeCgroup(this.#directory))])
    return resourceFacts(machine, pods ?? { workingSetBytes: 0, pids: 0 }, nodeLimits(this.#memoryBytes, machine.processes.most))
  }

  async enforce(): Promise<void> {
    const { processes } = await machineUse()
    await limitNodeCgroup(this.#version, nodeCgroup(this.#directory), nodeLimits(this.#memoryBytes, processes.most))
  }

  usageOf({ uid, pod }: EvictablePod): Promise<GroupUsage | undefined> {
    return groupUsage(this.#version, podCgroup(this.#directory, qosClass(pod), uid))
  }
}
