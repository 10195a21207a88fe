import { parseMachineUse } from '../../../node/machine/machine-facts.ts'
import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  readonly most: number
  readonly running: number
}

const fullShare = 0.8
/** With fewer, a node's default limit for its pods leaves little. */
const least = 16_384

export const processIds = defineCheck<Facts>({
  id: 'process-ids',
  group: 'Limits',
  title: 'processes and threads',
  reads: '/proc/sys/kernel/pid_max and threads-max, /proc/loadavg',
  read(machine) {
    const text = (path: string) => machine.text(path) ?? ''
    return parseMachineUse({
      memory: text('/proc/meminfo'),
      loadavg: text('/proc/loadavg'),
      pidMax: text('/proc/sys/kernel/pid_max'),
      threadsMax: text('/proc/sys/kernel/threads-max'),
    }).processes
  },
  evaluate({ most, running }) {
    const text = `${running} of ${most}`
    if (running > most * fullShare) return warning(`${text}: soon nothing can start`, 'ps -eLo user= | sort | uniq -c | sort -n | tail')
    return most < least ? warning(`${text}: few for a node`, 'sysctl -w kernel.pid_max=4194304') : ok(text)
  },
})
