import { otherMounts, otherTables, runningNodes } from '../../../node/machine/leftovers.ts'
import { mountPoints } from '../../../node/machine/mount-table.ts'
import { listProcesses } from '../../../node/machine/process-table.ts'
import { defineCheck, ok, type Verdict, warning } from '../check.ts'
import { NotSeen } from '../machine.ts'

export interface MachineNodes {
  /** The id of this data directory's node. */
  readonly own: string
  /** Whether "up" runs here: without it, containers of this node are leftovers. */
  readonly upRuns: boolean
  /** Ids with rules or mounts. */
  readonly traces: readonly string[]
  /** Folders by id, of which containers run; '' if only the id is known. */
  readonly running: ReadonlyMap<string, string>
}

export const leftovers = defineCheck<MachineNodes>({
  id: 'leftovers',
  group: 'Cluster',
  title: 'leftovers of dead nodes',
  reads: '`nft list tables`, mounts and processes of nodes that do not run',
  forNodes: true,
  async read(machine) {
    if (machine.userId !== 0) throw new NotSeen('what dead nodes left in the kernel')
    const tables = otherTables((await machine.output('nft', ['list', 'tables'])) ?? '', '')
    const mounts = otherMounts(await mountPoints(), '')
    const running = runningNodes(await listProcesses())
    return { own: machine.node.id, upRuns: machine.up !== undefined, traces: [...new Set([...tables.keys(), ...mounts.keys()])], running }
  },
  evaluate({ own, upRuns, traces, running }): Verdict {
    const all = [...new Set([...traces, ...running.keys()])]
    const dead = all.filter(id => (id === own ? !upRuns : !running.has(id)))
    if (dead.length === 0) return ok('none')
    const mine = dead.includes(own)
    return warning(
      `rules, mounts or containers of ${dead.length} dead ${dead.length === 1 ? 'node' : 'nodes'}: ${dead.join(', ')}`,
      mine
        ? 'bulkhead up   # its node removes them, or "bulkhead reset" with the whole cluster'
        : 'bulkhead up   # each start of a node removes them',
    )
  },
})
