// Samples the usage of the machine and its containers at even intervals, so that the mean of the last interval is always available.
import { readFile } from 'node:fs/promises'
import type { ContainerUsage, NodeUsage, Usage } from '../../api/nodes/node-protocol.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { podLabels } from '../pod/pod-state.ts'

/** The interval of metrics-server. */
export const sampleMs = 15_000

export interface Totals {
  /** Since its start. */
  readonly cpuNanoseconds: number
  readonly memoryBytes: number
}

export interface ContainerTotals extends Totals {
  readonly podUid: string
  readonly pod: string
  readonly namespace: string
  readonly name: string
}

export interface Sample {
  readonly at: number
  readonly machine: Totals
  /** By id: a restarted container is another one. */
  readonly containers: ReadonlyMap<string, ContainerTotals>
}

export interface UsageSamplerOptions {
  readonly runtime: Pick<ContainerRuntime, 'containerStats'>
  readonly machine: () => Promise<Totals>
  readonly clock: Clock
  readonly log: Logger
}

export class UsageSampler {
  readonly #options: UsageSamplerOptions
  #before: Sample | undefined
  #last: Sample | undefined

  constructor(options: UsageSamplerOptions) {
    this.#options = options
  }

  latest(): NodeUsage {
    return this.#before === undefined || this.#last === undefined ? { containers: [] } : usageBetween(this.#before, this.#last)
  }

  /** The newest sample; undefined if the last one failed. */
  get last(): Sample | undefined {
    return this.#last
  }

  /** Runs until the signal. Unreadable figures are logged, and omitted until they are readable. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      try {
        const next = await this.#sample(signal)
        this.#before = this.#last
        this.#last = next
      } catch (err) {
        if (signal.aborted) return
        log.info('usage not measured', { err })
        // Older figures must not pass for current ones.
        this.#before = undefined
        this.#last = undefined
      }
      await pause(clock, sampleMs, signal)
    }
  }

  async #sample(signal: AbortSignal): Promise<Sample> {
    const { runtime, machine, clock } = this.#options
    const [stats, totals] = await Promise.all([runtime.containerStats({}, signal), machine()])
    const containers = new Map<string, ContainerTotals>()
    for (const { id, labels, cpuNanoseconds, memoryWorkingSetBytes } of stats) {
      const podUid = labels[podLabels.uid]
      const name = labels[podLabels.container]
      // A container that does not run has no figures.
      if (podUid === undefined || name === undefined || cpuNanoseconds === undefined || memoryWorkingSetBytes === undefined) continue
      const { [podLabels.name]: pod = '', [podLabels.namespace]: namespace = '' } = labels
      containers.set(id, { podUid, pod, namespace, name, cpuNanoseconds, memoryBytes: memoryWorkingSetBytes })
    }
    return { at: clock.now(), machine: totals, containers }
  }
}

/** Pure. A container in only one of the samples has no usage. */
export function usageBetween(before: Sample, last: Sample): NodeUsage {
  const windowMs = last.at - before.at
  if (windowMs <= 0) return { containers: [] }
  const usage = (from: Totals, to: Totals): Usage | undefined =>
    to.cpuNanoseconds < from.cpuNanoseconds
      ? undefined
      : {
          at: last.at,
          windowMs,
          cpuNanocores: Math.round(((to.cpuNanoseconds - from.cpuNanoseconds) * 1000) / windowMs),
          memoryBytes: to.memoryBytes,
        }
  const containers: ContainerUsage[] = []
  for (const [id, to] of last.containers) {
    const from = before.containers.get(id)
    const used = from === undefined ? undefined : usage(from, to)
    if (used !== undefined) containers.push({ podUid: to.podUid, name: to.name, ...used })
  }
  const node = usage(before.machine, last.machine)
  return { ...(node === undefined ? {} : { node }), containers }
}

/** Totals of the whole machine, from the kernel. */
export async function machineTotals(): Promise<Totals> {
  const [stat, meminfo] = await Promise.all([readFile('/proc/stat', 'utf8'), readFile('/proc/meminfo', 'utf8')])
  return parseTotals(stat, meminfo)
}

/** The kernel reports CPU time in hundredths of a second, whatever its own tick is. */
const tickNanoseconds = 10_000_000

/** `/proc/stat`: user nice system idle iowait irq softirq steal; user time includes guests. Throws if the format is unknown. */
export function parseTotals(stat: string, meminfo: string): Totals {
  const ticks = /^cpu +(\d+) (\d+) (\d+) \d+ \d+ (\d+) (\d+) (\d+)/m.exec(stat)
  const total = /^MemTotal: +(\d+) kB$/m.exec(meminfo)
  const available = /^MemAvailable: +(\d+) kB$/m.exec(meminfo)
  if (ticks === null || total === null || available === null)
    throw new Error('Cannot read the usage of this machine: /proc is not as expected')
  const busy = ticks.slice(1).reduce((sum, each) => sum + Number(each), 0)
  return { cpuNanoseconds: busy * tickNanoseconds, memoryBytes: (Number(total[1]) - Number(available[1])) * 1024 }
}
