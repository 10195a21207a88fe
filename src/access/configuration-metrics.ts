// Metrics of a reloaded access configuration file, under upstream's names.
import { Counter, Gauge, type Registry } from '../base/metrics/metrics.ts'

export type ConfigurationKind = 'authentication' | 'authorization'

export interface ConfigurationMetrics {
  /** The newest content of the file was accepted or refused at this time, in milliseconds since the epoch. */
  reloaded(status: 'success' | 'failure', now: number): void
  /** The hash of the content in force. */
  inForce(hash: string): void
}

/** Empty, as upstream if servers have no identity: there is only one. */
const server = { apiserver_id_hash: '' }
const serverLabel = Object.keys(server)

export function configurationMetrics(registry: Registry, kind: ConfigurationKind): ConfigurationMetrics {
  const registers = [registry]
  const name = (end: string): string => `apiserver_${kind}_config_controller_${end}`
  const labelNames = ['status', ...serverLabel]
  const reloads = new Counter({
    name: name('automatic_reloads_total'),
    help: `Changes of the file of ${kind}, taken or not`,
    labelNames,
    registers,
  })
  const last = new Gauge({
    name: name('automatic_reload_last_timestamp_seconds'),
    help: `When a change of the file of ${kind} was last taken, or not`,
    labelNames,
    registers,
  })
  const info = new Gauge({
    name: name('last_config_info'),
    help: `The hash of what is in force of the file of ${kind}`,
    labelNames: [...serverLabel, 'hash'],
    registers,
  })
  return {
    reloaded(status, now) {
      reloads.inc({ status, ...server })
      last.set({ status, ...server }, now / 1000)
    },
    inForce(hash) {
      info.reset()
      info.set({ ...server, hash }, 1)
    },
  }
}
