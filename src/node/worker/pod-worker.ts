// Brings one pod to its requested state, pass by pass: reads the runtime, plans, acts, reports. A pass assumes nothing about the last.
import { join } from 'node:path'
import { isReason } from '../../api/status.ts'
import type { Pod, PodStatus } from '../../api/types/core-v1.ts'
import { untilAborted } from '../../base/async/abort.ts'
import { OneByOne } from '../../base/async/serial-queue.ts'
import { pause } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import type { SandboxConfig } from '../cri/messages.ts'
import { containersOf, type PodContainer, pathOfContainer, podText, podUid } from '../pod/pod-containers.ts'
import { logFolder } from '../pod/pod-folders.ts'
import { type PodPlan, planPod } from '../pod/pod-plan.ts'
import { emptyPodState, millis, type PodState, podLabels, readPodState } from '../pod/pod-state.ts'
import { agrees, nextAttempt, podStatus, runningContainers, untilDeadline, withReported } from '../pod/pod-status.ts'
import { wrongSystem } from '../pod/pod-support.ts'
import { deadlineExceeded, type PodEnd } from '../pod/pod-termination.ts'
import { Prober } from '../probes/prober.ts'
import { MountError } from '../volumes/pod-volumes.ts'
import { requireStartable, StartError, startContainer } from './container-start.ts'
import { graceSeconds, stopAll, stopContainer } from './container-stop.ts'
import { crashWait } from './crash-loop.ts'
import { GracePeriod } from './grace-period.ts'
import { loggedError } from './logged-error.ts'
import { OwnContainers } from './own-containers.ts'
import type { PodNode, PodVolumeSet } from './pod-node.ts'
import { PodResizer } from './pod-resizer.ts'
import { createSandbox, joinNetwork, podSandboxConfig, stopSandbox } from './pod-sandbox.ts'
import { readMessages } from './termination-message.ts'

/** Interval of passes without any event: upstream's sync period. */
const resyncMs = 60_000
const firstFailureMs = 500
const maxFailureMs = 120_000

export class PodWorker {
  readonly uid: string
  readonly logDirectory: string
  readonly #node: PodNode
  readonly #directory: string
  readonly #volumes: PodVolumeSet
  readonly #prober: Prober
  readonly #resizer: PodResizer
  readonly #grace = new GracePeriod()
  readonly #waiting = new Map<string, { reason: string; message: string }>()
  readonly #messages = new Map<string, string>()
  /** With the resources that the node has granted; it may request others meanwhile. */
  #pod: Pod
  #asked: Pod
  /** The last reported status; the API's copy may lag behind. */
  #reported: PodStatus | undefined
  #written = ''
  readonly #reports = new OneByOne()
  #contradicted = false
  #state: PodState = emptyPodState
  readonly #own = new OwnContainers()
  #stateRead = Promise.withResolvers<void>()
  #removed = false
  #wake = Promise.withResolvers<void>()
  #interrupt = new AbortController()
  /** The signal of `run`. */
  #running = AbortSignal.abort()
  #failures = 0
  #terminal: PodEnd | undefined
  readonly #over = Promise.withResolvers<void>()

  constructor(node: PodNode, pod: Pod) {
    this.#node = node
    this.#asked = pod
    this.#pod = node.given(pod)
    this.uid = podUid(pod)
    this.#directory = join(node.podsDirectory, this.uid)
    this.logDirectory = logFolder(node.logsDirectory, pod)
    this.#volumes = node.host.volumes(this.#directory)
    this.#resizer = new PodResizer(node)
    this.#prober = new Prober({
      runtime: node.runtime,
      attempt: node.host.probe,
      clock: node.clock,
      random: node.random,
      podIp: () => this.#podIps()[0] ?? '',
      changed: () => this.wake(),
      event: (container, type, reason, message) =>
        node.event(this.#pod, { path: pathOfContainer(this.#pod, container.name) }, type, reason, message),
    })
  }

  get pod(): Pod {
    return this.#pod
  }

  get removed(): boolean {
    return this.#removed
  }

  get state(): PodState {
    return this.#state
  }

  /** Resolves when the state was read again, or with the signal. */
  async stateChanged(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#stateRead.promise, signal).catch(() => undefined)
  }

  /** Why a container has not started: the reason of its waiting state. */
  waitingReason(container: string): string {
    return (
      this.#waiting.get(container)?.reason ?? ((this.#pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating')
    )
  }

  /** Called when another pod has ended, since a resize may now be possible. */
  get waitsForRoom(): boolean {
    return this.#resizer.conditions.length > 0
  }

  /** Called when the object changed. A deletion interrupts what the worker waits for. */
  update(pod: Pod): void {
    // The API once had the reported status and no longer has it, as when the control plane took the node for dead: report again. A copy that
    // lags behind does not count.
    if (this.#reported !== undefined && agrees(this.#pod, this.#reported) && !agrees(pod, this.#reported)) {
      this.#contradicted = true
      this.#written = ''
    }
    this.#asked = pod
    this.#pod = this.#node.given(pod)
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#interrupt.abort(new Error('the pod is being deleted'))
      this.#grace.shorten(graceSeconds(this.#pod))
    }
    this.wake()
  }

  /** Called when the object was removed from the API: everything must stop. */
  remove(): void {
    this.#removed = true
    this.#interrupt.abort(new Error('the pod was removed'))
    this.wake()
  }

  /** Ends the pod, whatever it is doing; resolves when nothing of it runs any more. */
  async end(why: PodEnd): Promise<void> {
    this.#say(why)
    this.#interrupt.abort(new Error('the pod is being ended'))
    this.wake()
    await this.#over.promise
  }

  /** Called when something that the pod depends on changed. */
  wake(): void {
    this.#wake.resolve()
  }

  /** Resolves when the pod has ended and is fully removed, or with the signal, which leaves it as it is. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#node
    this.#running = signal
    try {
      while (!signal.aborted) {
        this.#wake = Promise.withResolvers()
        let delay = resyncMs
        const failures = this.#failures
        try {
          if (this.#ending()) return await this.#terminate(signal)
          if (this.#interrupt.signal.aborted) this.#interrupt = new AbortController()
          delay = await this.#pass(AbortSignal.any([signal, this.#interrupt.signal]))
          if (this.#failures === failures) this.#failures = 0
        } catch (err) {
          if (signal.aborted) return
          if (this.#interrupt.signal.aborted && (err === this.#interrupt.signal.reason || !this.#ending())) continue
          delay = Math.min(firstFailureMs * 2 ** this.#failures++, maxFailureMs)
          log.error('pod pass failed', { pod: podText(this.#pod), err: loggedError(this.#pod, err), retryAfterMs: delay })
        }
        const step = new AbortController()
        await Promise.race([this.#wake.promise, pause(clock, delay, AbortSignal.any([signal, step.signal]))])
        step.abort()
      }
    } finally {
      this.#prober.stopAll()
      this.#over.resolve()
    }
  }

  #ending(): boolean {
    return this.#removed || this.#pod.metadata.deletionTimestamp !== undefined
  }

  /** Milliseconds until the next pass if no event arrives. */
  async #pass(signal: AbortSignal): Promise<number> {
    const pod = this.#pod
    const phase = withReported(pod, this.#reported).status?.phase
    await this.#readState(signal)
    if (await this.#own.removeOthers(this.#node, this.#asked, this.#state, signal)) await this.#readState(signal)
    if (phase === 'Succeeded' || phase === 'Failed' || this.#terminal) return await this.#end(signal)
    const overdue = untilDeadline(pod, this.#reported?.startTime, this.#node.clock.now())
    if (overdue !== undefined && overdue <= 0) return await this.#fail(deadlineExceeded, signal)
    const { createSandbox } = planPod(pod, this.#state, this.#prober)
    const refused = wrongSystem(pod) ?? (createSandbox ? await this.#node.refusal(pod, signal) : undefined)
    if (refused !== undefined) return await this.#fail({ type: 'Warning', ...refused }, signal)
    await this.#resizer.ask(this.#asked, signal)
    this.#pod = this.#node.given(this.#asked)
    const delay = await this.#apply(planPod(this.#pod, this.#state, this.#prober), signal)
    await this.#refresh(signal)
    return overdue === undefined ? delay : Math.min(delay, overdue)
  }

  async #readState(signal: AbortSignal): Promise<void> {
    this.#state = await readPodState(this.#node.runtime, this.uid, signal)
    await readMessages(this.#node.host, this.#pod, this.#state, this.#directory, this.#messages)
    const before = this.#stateRead
    this.#stateRead = Promise.withResolvers()
    before.resolve()
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    await this.#readState(signal)
    if (await this.#resizer.apply(this.#pod, this.#state, this.#podIps()[0] ?? '', signal)) {
      this.wake()
      await this.#readState(signal)
    }
    this.#watchProbes()
    await this.#report(false, signal)
  }

  async #fail(why: PodEnd, signal: AbortSignal): Promise<number> {
    this.#say(why)
    return await this.#end(signal)
  }

  /** The first reason is kept. */
  #say(why: PodEnd): void {
    if (this.#terminal !== undefined) return
    this.#terminal = why
    this.#node.event(this.#pod, undefined, why.type, why.reason, why.message, why.annotations)
  }

  /** A finished pod that stays in the API: stop what runs, keep the containers' records and logs. */
  async #end(signal: AbortSignal): Promise<number> {
    await this.#stop(this.#terminal?.graceSeconds ?? graceSeconds(this.#pod), signal)
    await this.#volumes.tearDown()
    this.#over.resolve()
    await this.#report(true, signal)
    return resyncMs
  }

  /** Stops everything; the state is then final. */
  async #stop(grace: number, signal: AbortSignal): Promise<void> {
    this.#prober.stopAll()
    const input = { node: this.#node, pod: this.#pod, podIp: this.#podIps()[0] ?? '', begun: new Set<string>() }
    await this.#grace.run(grace, signal, (seconds, shortened) => stopAll(input, this.#state, seconds, shortened))
    for (const { id, state } of this.#state.sandboxes) if (state === 'SANDBOX_READY') await stopSandbox(this.#node, this.#pod, id, signal)
    await this.#readState(signal)
  }

  async #apply(plan: PodPlan, signal: AbortSignal): Promise<number> {
    const pod = this.#pod
    if (plan.killPod) {
      if (plan.createSandbox)
        this.#node.event(pod, undefined, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
      await stopAll({ node: this.#node, pod, podIp: this.#podIps()[0] ?? '' }, this.#state, graceSeconds(pod), signal)
      for (const { id } of this.#state.sandboxes) await stopSandbox(this.#node, this.#pod, id, signal)
      if (!plan.createSandbox) {
        await this.#volumes.tearDown()
        return resyncMs
      }
    }
    for (const { status, container, message, reason } of plan.kill) {
      const found = containersOf(pod).find(({ spec }) => spec === container)
      const grace = (reason === 'probe' ? this.#probeGrace(found, status.id) : undefined) ?? pod.spec.terminationGracePeriodSeconds ?? 30
      await stopContainer({ node: this.#node, pod, podIp: this.#podIps()[0] ?? '' }, found, status, message, grace, signal)
      this.wake()
    }
    if (plan.start.length === 0 && !plan.createSandbox) {
      await this.#setUpVolumes(signal)
      return resyncMs
    }
    // Only announces that work has begun: if it fails, the end of this pass reports again.
    if (plan.createSandbox) void this.#report(false, signal).catch(() => undefined)
    if (!(await this.#setUpVolumes(signal))) return Math.min(firstFailureMs * 2 ** this.#failures++, maxFailureMs)
    const sandbox = await podSandboxConfig({ node: this.#node, pod, logDirectory: this.logDirectory }, plan.attempt)
    if (plan.createSandbox) {
      const target = { node: this.#node, pod: this.#pod, logDirectory: this.logDirectory }
      if (!(await createSandbox(target, sandbox, signal))) return Math.min(2000 * 2 ** this.#failures++, 30_000)
      await this.#readState(signal)
    }
    if (!(await joinNetwork(this.#node, pod, this.#state.podIps[0], signal)))
      return Math.min(firstFailureMs * 2 ** this.#failures++, maxFailureMs)
    return await this.#startContainers(plan, sandbox, this.#state.sandboxes[0]?.id ?? '', signal)
  }

  async #setUpVolumes(signal: AbortSignal): Promise<boolean> {
    const { objects, tokens, claims, allocatable, hostIps, name } = this.#node
    const addresses = { podIps: this.#podIps(), hostIps: hostIps(), nodeName: name }
    try {
      await this.#volumes.setUp({ pod: this.#pod, objects, tokens, claims, addresses, node: allocatable() }, signal)
      return true
    } catch (err) {
      if (!(err instanceof MountError)) throw err
      this.#node.event(this.#pod, undefined, 'Warning', 'FailedMount', err.message)
      return false
    }
  }

  async #startContainers(plan: PodPlan, sandbox: SandboxConfig, sandboxId: string, signal: AbortSignal): Promise<number> {
    let delay = resyncMs
    for (const container of plan.start) {
      const name = container.spec.name
      try {
        const registryAuth = await requireStartable(this.#node, this.#pod, container, signal)
        const crash = crashWait(this.#node, this.#pod, this.#state, container)
        if (crash !== undefined) {
          this.#waiting.set(name, crash.waiting)
          delay = Math.min(delay, crash.waitMs)
          continue
        }
        const attempt = nextAttempt(this.#pod, this.#state, name)
        const place = { registryAuth, sandboxId, sandbox, volumes: this.#volumes, directory: this.#directory, running: this.#running }
        await startContainer({ node: this.#node, pod: this.#pod, container, attempt, state: this.#state, own: this.#own, ...place }, signal)
        this.#waiting.delete(name)
        // A container that ends at once must be noticed at once, and the next init container follows without delay.
        if (container.kind === 'init') this.wake()
      } catch (err) {
        if (!(err instanceof StartError)) throw err
        this.#waiting.set(name, { reason: err.reason, message: err.message })
        delay = Math.min(delay, err.retryAfterMs ?? resyncMs)
      }
    }
    return delay
  }

  #probeGrace(container: PodContainer | undefined, containerId: string): number | undefined {
    const kind = this.#prober.failed(containerId)
    return kind && container ? container.spec[`${kind}Probe`]?.terminationGracePeriodSeconds : undefined
  }

  #watchProbes(): void {
    const running = runningContainers(this.#pod, this.#state)
    for (const { container, status } of running) {
      if (container.kind === 'ephemeral') continue
      const known = [...(this.#pod.status?.containerStatuses ?? []), ...(this.#pod.status?.initContainerStatuses ?? [])]
      const before = known.find(({ containerID }) => containerID?.endsWith(status.id))
      this.#prober.watch(container.spec, status.id, millis(status.startedAt), before?.ready ?? false)
    }
    this.#prober.keep(new Set(running.map(({ status }) => status.id)))
    for (const { container } of running) this.#waiting.delete(container.spec.name)
  }

  /** In order: a slow early report must not overwrite the one at the end of its pass. */
  #report(terminated: boolean, signal: AbortSignal): Promise<void> {
    return this.#reports.run(() => this.#reportNow(terminated, signal))
  }

  /** Writes the status if it differs from the last one written. */
  async #reportNow(terminated: boolean, signal: AbortSignal): Promise<void> {
    const before = this.#reported
    const status = podStatus(withReported(this.#pod, before), this.#state, {
      ...{ waiting: this.#waiting, messages: this.#messages },
      ready: id => this.#prober.ready(id),
      started: id => this.#prober.started(id),
      hostIps: this.#node.hostIps(),
      terminated,
      resources: (container, status) => this.#resizer.applied(this.#pod, container, status),
      conditions: [...this.#resizer.conditions, ...(this.#terminal?.conditions ?? [])],
      now: this.#node.clock.now(),
      ...(this.#terminal ? { terminal: this.#terminal } : {}),
    })
    this.#reported = status
    const text = writeJson(status)
    if (text === this.#written) return
    this.#contradicted = false
    try {
      await this.#node.writer.writeStatus(this.#pod, status, before, signal)
    } catch (err) {
      // Rejected: a newer status, such as an earlier agent's last one, arrives with the informer.
      if (isReason(err, 'Conflict')) this.#reported = before
      throw err
    }
    this.#written = this.#contradicted ? '' : text
  }

  /** Stops everything and removes the pod's object. */
  async #terminate(signal: AbortSignal): Promise<void> {
    const { runtime, host, writer, puller, crashes } = this.#node
    const pod = this.#pod
    await this.#readState(signal)
    await this.#stop(graceSeconds(pod), signal)
    if (!this.#removed) await this.#report(true, signal)
    await this.#volumes.tearDown()
    for (const { id } of await runtime.listSandboxes({ [podLabels.uid]: this.uid }, signal)) await runtime.removeSandbox(id, signal)
    this.#node.links.close(this.uid)
    await host.removeCgroup(this.uid, signal)
    await host.removeLogDirectory(this.logDirectory)
    if (!this.#removed) await writer.remove(pod, signal)
    puller.forgetPod(this.uid)
    crashes.forget(`${this.uid}_`)
  }

  #podIps(): readonly string[] {
    return this.#pod.spec.hostNetwork ? this.#node.hostIps() : this.#state.podIps
  }
}
