import { parseMachineUse } from '../../../node/machine/machine-facts.ts'
import { defineCheck, failure, ok, warning } from '../check.ts'

interface Facts {
  readonly memoryBytes: number
  readonly availableBytes: number
}

/** The parts of a cluster with a node take about 500 MiB. */
const leastBytes = 1 << 30
/** Upstream's memory.available, at which a node evicts. */
const lowBytes = 100 << 20

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

export const memory = defineCheck<Facts>({
  id: 'memory',
  group: 'Limits',
  title: 'memory',
  reads: '/proc/meminfo',
  read(machine) {
    const text = (path: string) => machine.text(path) ?? ''
    return parseMachineUse({
      memory: text('/proc/meminfo'),
      loadavg: text('/proc/loadavg'),
      pidMax: text('/proc/sys/kernel/pid_max'),
      threadsMax: text('/proc/sys/kernel/threads-max'),
    })
  },
  evaluate({ memoryBytes, availableBytes }) {
    const text = `${gibibytes(availableBytes)} of ${gibibytes(memoryBytes)} available`
    if (availableBytes < lowBytes) return failure(`${text}: the kernel is about to end processes`, 'ps -eo rss,pid,args --sort=-rss | head')
    return memoryBytes < leastBytes
      ? warning(`${text}: a cluster with a node needs 1 GiB`, 'add memory, or start with --simulated-nodes 1')
      : ok(text)
  },
})
