// The standard process metrics of Prometheus clients, computed when they are read. Linux.
import { readdirSync } from 'node:fs'
import { Counter, Gauge, type Registry } from './metrics.ts'
import { openFileLimit } from './open-file-limit.ts'

const started = Date.now() / 1000 - process.uptime()

export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry]
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Time of all threads in user and system mode',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors',
    registers,
    collect() {
      // Includes the one that reads the folder.
      this.set(readdirSync('/proc/self/fd').length - 1)
    },
  })
  // No value if there is no limit.
  const limit = openFileLimit()
  if (Number.isFinite(limit)) new Gauge({ name: 'process_max_fds', help: 'Maximum number of open file descriptors', registers }).set(limit)
  const start = new Gauge({ name: 'process_start_time_seconds', help: 'When the process began, since the epoch', registers })
  start.set(started)
}
