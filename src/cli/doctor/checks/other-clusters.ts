import { basename, dirname } from 'node:path'
import { runningNodes } from '../../../node/machine/leftovers.ts'
import { listProcesses } from '../../../node/machine/process-table.ts'
import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  /** Data directories of other nodes that run here. */
  readonly others: readonly string[]
}

export const otherClusters = defineCheck<Facts>({
  id: 'other-clusters',
  group: 'Cluster',
  title: 'other clusters here',
  reads: 'processes of containerd of other data directories',
  forNodes: true,
  async read(machine) {
    const running = runningNodes(await listProcesses())
    running.delete(machine.node.id)
    return { others: [...running].map(([id, root]) => (root === '' ? id : basename(root) === 'node' ? dirname(root) : root)) }
  },
  evaluate({ others }) {
    if (others.length === 0) return ok('none')
    return warning(
      `containers of ${others.join(', ')} run: a machine has one pod network, so no second node starts`,
      'bulkhead up --simulated-nodes 1   # beside it, or stop the other one with Ctrl-C',
    )
  },
})
