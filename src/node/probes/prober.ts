// Runs the probes of all containers of one pod and stores their results, with upstream's thresholds, delays and initial values.
import type { Container, Probe } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import type { attempt, ProbeOutcome } from './probe.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ProberOptions {
  readonly runtime: ContainerRuntime
  readonly attempt: typeof attempt
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly podIp: () => string
  /** Called when a result changed, so that the pod is processed again. */
  readonly changed: () => void
  readonly event: (container: Container, type: 'Normal' | 'Warning', reason: string, message: string) => void
}

interface Watched {
  readonly container: Container
  readonly startedAt: number
  readonly stop: AbortController
  /** Undefined until the probe's first result. */
  startup: boolean | undefined
  liveness: boolean
  readiness: boolean
}

const kinds = ['startup', 'liveness', 'readiness'] as const

export class Prober {
  readonly #options: ProberOptions
  readonly #watched = new Map<string, Watched>()

  constructor(options: ProberOptions) {
    this.#options = options
  }

  /**
   * Starts to probe a running container; does nothing if it is already probed. `wasReady` is this container's readiness in the API before
   * the agent started, so that a restarted agent does not make it unready.
   */
  watch(container: Container, containerId: string, startedAt: number, wasReady: boolean): void {
    if (this.#watched.has(containerId)) return
    const watched: Watched = {
      container,
      startedAt,
      stop: new AbortController(),
      startup: container.startupProbe && !wasReady ? undefined : true,
      liveness: true,
      readiness: container.readinessProbe ? wasReady : true,
    }
    this.#watched.set(containerId, watched)
    for (const kind of kinds) {
      const probe = container[`${kind}Probe`]
      if (probe) void this.#run(kind, probe, watched, containerId)
    }
  }

  /** Stops the probes of containers outside the set. */
  keep(containerIds: ReadonlySet<string>): void {
    for (const [id, { stop }] of this.#watched) {
      if (containerIds.has(id)) continue
      stop.abort()
      this.#watched.delete(id)
    }
  }

  /** Ends the probes of one kind, as the kubelet does for a terminating pod: readiness continues, the others would interfere. */
  stopAll(): void {
    this.keep(new Set())
  }

  /** The startup probe succeeded, or there is none. */
  started(containerId: string): boolean {
    return this.#watched.get(containerId)?.startup === true
  }

  ready(containerId: string): boolean {
    const watched = this.#watched.get(containerId)
    return watched !== undefined && watched.startup === true && watched.readiness
  }

  /** The probe whose failure requires killing the container. */
  failed(containerId: string): 'startup' | 'liveness' | undefined {
    const watched = this.#watched.get(containerId)
    if (watched?.startup === false) return 'startup'
    return watched?.liveness === false ? 'liveness' : undefined
  }

  async #run(kind: ProbeKind, probe: Probe, watched: Watched, containerId: string): Promise<void> {
    const { clock, runtime, random, podIp, changed, event } = this.#options
    const { signal } = watched.stop
    const period = (probe.periodSeconds ?? 10) * 1000
    const delayed = watched.startedAt + (probe.initialDelaySeconds ?? 0) * 1000
    let last: boolean | undefined
    let run = 0
    try {
      const wait = delayed - clock.now()
      if (wait > 0) await clock.sleep(wait, signal)
      // Spreads the load of many pods that start together. Upstream spreads within the period, which delays the first readiness.
      else if (kind !== 'startup' && (probe.initialDelaySeconds ?? 0) === 0) await clock.sleep(random() * 100, signal)
      for (;;) {
        if (kind === 'startup' && watched.startup === true) return
        if (kind === 'startup' || watched.startup === true) {
          const target = { container: watched.container, containerId, podIp: podIp() }
          const outcome = await this.#attempts(probe, target, runtime, signal)
          if (outcome.result !== 'unknown') {
            const success = outcome.result !== 'failure'
            run = success === last ? run + 1 : 1
            last = success
            report(kind, outcome, (type, reason, message) => event(watched.container, type, reason, message))
            const threshold = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
            if (run >= threshold && set(kind, watched, success)) changed()
            if (kind !== 'readiness' && !success && run >= threshold) return
          } else {
            const message = `${title(kind)} probe errored: ${outcome.output}`
            event(watched.container, 'Warning', 'Unhealthy', message)
          }
        }
        // During startup the others check often, so that readiness follows it closely.
        await clock.sleep(watched.startup === undefined && kind !== 'startup' ? Math.min(period, 200) : period, signal)
      }
    } catch (err) {
      if (!signal.aborted) throw err
    }
  }

  async #attempts(
    probe: Probe,
    target: { container: Container; containerId: string; podIp: string },
    runtime: ContainerRuntime,
    signal: AbortSignal,
  ): Promise<ProbeOutcome> {
    // Upstream tries up to three times if the attempt itself cannot be made.
    let outcome: ProbeOutcome = { result: 'unknown', output: '' }
    for (let i = 0; i < 3 && outcome.result === 'unknown'; i++) {
      outcome = await this.#options.attempt(probe, target, probe.timeoutSeconds ?? 1, runtime, signal)
    }
    return outcome
  }
}

function set(kind: ProbeKind, watched: Watched, success: boolean): boolean {
  const before = watched[kind]
  watched[kind] = success
  return before !== success
}

function title(kind: ProbeKind): string {
  return kind.charAt(0).toUpperCase() + kind.slice(1)
}

function report(
  kind: ProbeKind,
  { result, output }: ProbeOutcome,
  event: (type: 'Normal' | 'Warning', reason: string, message: string) => void,
): void {
  if (result === 'failure') event('Warning', 'Unhealthy', `${title(kind)} probe failed: ${output}`)
  else if (result === 'warning') event('Warning', 'ProbeWarning', `${title(kind)} probe warning: ${output}`)
}
