// The scheduler's loop: takes a pod from the queue, decides, counts the pod on its node at once, and binds in the background.
import { isReason } from '../api/status.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'
import { type Clock, formatTime, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { writeJson } from '../base/write-json.ts'
import { InformerPool } from '../client/cache/informer-pool.ts'
import type { Client } from '../client/client.ts'
import { EventRecorder, referenceTo } from '../client/event-recorder.ts'
import { namespaces, nodes, podDisruptionBudgets, pods } from '../client/resources.ts'
import { bindPod } from './bind-pod.ts'
import { ClusterState } from './framework/cluster-state.ts'
import type { ClusterEvent } from './framework/framework.ts'
import { priorityOf } from './framework/node-info.ts'
import type { VolumePlan } from './framework/pod-claims.ts'
import { type Placement, selectNode } from './framework/select-node.ts'
import { unschedulableMessage } from './framework/unschedulable-message.ts'
import { plugins } from './plugins/index.ts'
import { type Preemption, planPreemption } from './preemption/preemption.ts'
import { Preemptor } from './preemption/preemptor.ts'
import { SchedulingQueue } from './scheduling-queue.ts'
import { UnschedulableReports } from './unschedulable-reports.ts'
import { VolumeBinder } from './volume-binder.ts'
import { type WorkloadCaches, workloadsOf } from './workload-caches.ts'

export interface RunSchedulerOptions {
  /** Authenticates as `system:kube-scheduler`. */
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1); breaks ties, so that a seed makes decisions repeatable. */
  readonly random: () => number
  /** Only pods with this schedulerName are scheduled. */
  readonly schedulerName?: string
  /** Shared with controllers of the same process, which then run it; otherwise the scheduler has its own. */
  readonly informers?: InformerPool
}

/** Longest run of decisions before other work gets a turn. */
const maxTurnMs = 8
const maxBindings = 64

/** Resolves when it has stopped after the signal. */
export async function runScheduler(options: RunSchedulerOptions, signal: AbortSignal): Promise<void> {
  const informers = options.informers ?? new InformerPool(options)
  const scheduler = new Scheduler(options, informers, signal)
  const running = options.informers === undefined ? informers.run(signal) : undefined
  try {
    await scheduler.run()
  } catch (err) {
    if (!signal.aborted) throw err
  }
  await running
}

class Scheduler {
  readonly #options: RunSchedulerOptions
  readonly #informers: InformerPool
  readonly #signal: AbortSignal
  readonly #events: EventRecorder
  readonly #queue = new SchedulingQueue(plugins)
  readonly #reports: UnschedulableReports
  readonly #cluster: ClusterState
  readonly #preemptor: Preemptor
  readonly #volumes: VolumeBinder
  readonly #workloads: WorkloadCaches['caches']
  readonly #name: string
  #wake: () => void = () => undefined
  #bindings = 0
  /** When the queue is checked without an event, in ms since the epoch. */
  #alarm = Number.POSITIVE_INFINITY
  #startAt = 0

  constructor(options: RunSchedulerOptions, informers: InformerPool, signal: AbortSignal) {
    this.#options = options
    this.#informers = informers
    this.#signal = signal
    this.#name = options.schedulerName ?? 'default-scheduler'
    this.#events = new EventRecorder({ ...options, component: this.#name })
    this.#reports = new UnschedulableReports({
      clock: options.clock,
      tell: (pod, message) => this.#settled(this.#report(pod, 'Unschedulable', message)),
    })
    const namespaceCache = informers.full(namespaces)
    this.#volumes = new VolumeBinder(options.client, informers, () => this.#changed('volume-changed'))
    const workloads = workloadsOf(informers)
    this.#workloads = workloads.caches
    this.#cluster = new ClusterState(name => namespaceCache.get('', name)?.metadata.labels ?? {}, this.#volumes.view, workloads.view)
    this.#preemptor = new Preemptor({ ...options, cluster: this.#cluster, events: this.#events, schedulerName: this.#name })
    this.#listen()
    signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  async run(): Promise<void> {
    const { clock } = this.#options
    const informers = this.#informers
    const caches = [informers.full(nodes), informers.full(pods), informers.full(namespaces), informers.full(podDisruptionBudgets)]
    await Promise.all([...caches, ...this.#workloads, this.#volumes].map(cache => cache.synced(this.#signal)))
    while (!this.#signal.aborted) {
      this.#queue.wakeLongWaiting(clock.monotonic())
      const began = performance.now()
      while (this.#bindings < maxBindings && performance.now() - began < maxTurnMs) {
        const pod = this.#queue.take(clock.monotonic())
        if (pod === undefined) break
        this.#schedule(pod)
      }
      await this.#pause()
    }
    await this.#events[Symbol.asyncDispose]()
  }

  /** Waits until there is something to do, at least one turn of the event loop. */
  async #pause(): Promise<void> {
    const { clock } = this.#options
    const wait = this.#bindings >= maxBindings ? undefined : this.#queue.nextIn(clock.monotonic())
    if (wait === 0) return new Promise(resolve => setImmediate(resolve))
    const woken = new Promise<void>(resolve => {
      this.#wake = resolve
    })
    if (this.#signal.aborted) return
    if (wait !== undefined) this.#wakeAt(clock.monotonic() + wait)
    await woken
    // Events of the same turn of the event loop are handled together.
    return new Promise(resolve => setImmediate(resolve))
  }

  /** The timer is kept when other events wake the loop: cancelling and setting one for each pod costs more than an unneeded turn. */
  #wakeAt(time: number): void {
    if (time >= this.#alarm) return
    this.#alarm = time
    const { clock } = this.#options
    void pause(clock, time - clock.monotonic(), this.#signal).then(() => {
      if (this.#alarm === time) this.#alarm = Number.POSITIVE_INFINITY
      this.#wake()
    })
  }

  #listen(): void {
    this.#informers.full(nodes).onChange({
      add: node => {
        this.#cluster.setNode(node)
        this.#changed('node-changed')
      },
      update: (node, old) => {
        this.#cluster.setNode(node)
        if (affectsScheduling(node, old)) this.#changed('node-changed')
      },
      delete: node => {
        this.#cluster.removeNode(node.metadata.name ?? '')
        this.#changed('node-removed')
      },
    })
    this.#informers.full(pods).onChange({
      add: pod => this.#seen(pod, true),
      update: (pod, old) => {
        this.#followNomination(pod, old)
        this.#seen(pod, isPlaced(pod) ? isOtherPeer(pod, old) : isOtherDemand(pod, old))
      },
      delete: pod => {
        this.#reports.drop(pod)
        this.#leave(pod)
      },
    })
  }

  /** The pod needs no node any more; others may use what was assumed or reserved for it. */
  #leave(pod: Pod): void {
    const held = isPlaced(pod) || this.#cluster.isAssumed(pod) || this.#cluster.nominationOf(pod) !== undefined
    this.#queue.delete(pod)
    this.#cluster.removePod(pod)
    this.#cluster.dropNomination(pod)
    if (held) this.#changed('pod-removed')
  }

  /** Another client may remove the pod's nomination. */
  #followNomination(pod: Pod, old: Pod): void {
    const { nominatedNodeName = '' } = old.status ?? {}
    if (nominatedNodeName === '' || (pod.status?.nominatedNodeName ?? '') === nominatedNodeName) return
    if (this.#cluster.nominationOf(pod) !== nominatedNodeName) return
    this.#cluster.dropNomination(pod)
    this.#changed('pod-removed')
  }

  /** `changed`: for a placed pod, whether it matters to other pods; for a pending one, whether it matters to itself. */
  #seen(pod: Pod, changed: boolean): void {
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
    // A pod that is being deleted gets no node, even if a finalizer keeps it; a running binding will be refused.
    const isEnding = pod.metadata.deletionTimestamp !== undefined && !isPlaced(pod)
    if (finished || isEnding) this.#leave(pod)
    else if (isPlaced(pod)) {
      this.#reports.drop(pod)
      this.#queue.delete(pod)
      const { shrunk } = this.#cluster.setPod(pod)
      if (changed) this.#changed('pod-placed')
      if (shrunk) this.#changed('pod-removed')
    } else if (this.#cluster.isAssumed(pod)) {
      // If its binding fails, the next try uses its current state.
      this.#queue.set(pod, this.#options.clock.monotonic(), false)
    } else if (this.#isOurs(pod)) {
      const { nominatedNodeName = '' } = pod.status ?? {}
      if (nominatedNodeName !== '') this.#cluster.nominate(pod, nominatedNodeName)
      this.#queue.set(pod, this.#options.clock.monotonic(), changed)
      this.#wake()
    }
  }

  #isOurs({ spec }: Pod): boolean {
    return (spec.schedulerName ?? 'default-scheduler') === this.#name && (spec.schedulingGates ?? []).length === 0
  }

  #changed(event: ClusterEvent): void {
    this.#queue.wake(event, this.#options.clock.monotonic())
    this.#wake()
  }

  #schedule(pod: Pod): void {
    const placement = selectNode(pod, this.#cluster, plugins, this.#options.random, this.#startAt)
    this.#startAt = (this.#startAt + placement.examined) % Math.max(1, this.#cluster.nodes.length)
    if (placement.placed) {
      const volumes = this.#volumes.reserve(pod, placement.node, this.#cluster)
      this.#cluster.assume(pod, placement.node)
      this.#track(volumes === undefined ? this.#bind(pod, placement.node) : this.#bindWithVolumes(pod, placement.node, volumes))
      return
    }
    const preemption = this.#preemption(pod, placement)
    if (preemption === undefined || (!preemption.found && 'reasons' in preemption)) this.#forgetNomination(pod)
    this.#queue.refused(pod, placement.plugins, this.#options.clock.monotonic())
    if (preemption === undefined) {
      this.#reports.add(pod, placement.message, this.#signal)
      return
    }
    const message = unschedulableMessage(pod, this.#cluster.nodes.length, placement.refusals, preemption)
    this.#reports.add(pod, message, this.#signal)
    if (!preemption.found) return
    const { node, victims } = preemption
    const outdone = this.#preemptor.promise(pod, node)
    this.#queue.hold(pod)
    this.#track(this.#preempt(pod, node, victims, outdone))
  }

  async #preempt(pod: Pod, node: string, victims: readonly Pod[], outdone: readonly Pod[]): Promise<void> {
    let done = false
    try {
      await this.#preemptor.preempt(pod, node, victims, outdone, this.#signal)
      done = true
    } finally {
      this.#queue.release(pod, !done, this.#options.clock.monotonic())
      this.#wake()
    }
  }

  /** The nomination did not help the pod. */
  #forgetNomination(pod: Pod): void {
    if (this.#cluster.nominationOf(pod) === undefined || pod.spec.preemptionPolicy === 'Never') return
    this.#track(this.#preemptor.forget(pod, this.#signal))
    this.#changed('pod-removed')
  }

  /** Undefined if no pod is less important, which is cheap to check. */
  #preemption(pod: Pod, { refusals }: Extract<Placement, { placed: false }>): Preemption | undefined {
    if (refusals.length === 0 || !this.#cluster.hasLowerPriority(priorityOf(pod))) return undefined
    const budgets = this.#informers.full(podDisruptionBudgets).list()
    return planPreemption({ pod, cluster: this.#cluster, plugins, refusals, budgets, random: this.#options.random })
  }

  /** A pod that waits for its volumes does not count as a running binding. */
  async #bindWithVolumes(pod: Pod, node: string, volumes: VolumePlan): Promise<void> {
    try {
      // Provisioning may take minutes, and the pod would show nothing meanwhile.
      const made = volumes.provision.map(({ metadata }) => metadata.name)
      const message = `node "${node}" is chosen; waiting for the provisioner of persistentvolumeclaims ${made.join(', ')} to make their volumes`
      if (made.length > 0) this.#events.record(referenceTo(pod, 'v1', 'Pod'), 'Normal', 'WaitForVolumes', shortened(message))
      await this.#volumes.bind(volumes, node, this.#signal)
    } catch (cause) {
      // NotFound here means a volume, so the pod is requeued.
      const why = messageOf(cause)
      await this.#notBound(pod, node, new Error(`running PreBind plugin "VolumeBinding": binding volumes: ${why}`, { cause }))
      return
    } finally {
      this.#volumes.release(volumes)
    }
    await this.#bind(pod, node)
  }

  async #bind(pod: Pod, node: string): Promise<void> {
    this.#bindings++
    try {
      await this.#sendBinding(pod, node)
    } catch (cause) {
      // The pod no longer exists: there is nothing to report.
      if (isReason(cause, 'NotFound')) this.#leave(pod)
      else await this.#notBound(pod, node, new Error(`running Bind plugin "DefaultBinder": ${messageOf(cause)}`, { cause }))
    } finally {
      this.#bindings--
      this.#wake()
    }
  }

  async #sendBinding(pod: Pod, node: string): Promise<void> {
    const { client, clock, log } = this.#options
    const { namespace = '', name = '' } = pod.metadata
    await bindPod(client, clock, pod, node, this.#signal)
    log.debug('pod bound', { pod: `${namespace}/${name}`, node })
    this.#events.record(referenceTo(pod, 'v1', 'Pod'), 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`)
  }

  async #notBound(pod: Pod, node: string, err: Error): Promise<void> {
    const { clock, log } = this.#options
    const assumed = this.#cluster.isAssumed(pod)
    if (assumed) this.#cluster.removePod(pod)
    if (this.#signal.aborted) return
    this.#queue.failed(pod, clock.monotonic())
    // The resources reserved for it are free.
    if (assumed) this.#changed('pod-removed')
    log.info('cannot bind the pod', { pod: `${pod.metadata.namespace}/${pod.metadata.name}`, node, err })
    // It has a node or is being deleted, so it waits for nothing any more.
    if (!assumed) return
    await this.#report(pod, 'SchedulerError', err.message)
  }

  /** Event and condition, as kubectl describe shows them; an unchanged condition is not written again. */
  async #report(pod: Pod, reason: 'Unschedulable' | 'SchedulerError', message: string): Promise<void> {
    const { client, clock } = this.#options
    const { namespace = '', name = '', uid } = pod.metadata
    this.#events.record(referenceTo(pod, 'v1', 'Pod'), 'Warning', 'FailedScheduling', shortened(message))
    const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
    if (before?.status === 'False' && before.reason === reason && before.message === message) return
    const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : formatTime(clock.now())
    const condition = { type: 'PodScheduled', status: 'False', reason, message, lastProbeTime: null, lastTransitionTime }
    const body = { metadata: uid === undefined ? {} : { uid }, status: { conditions: [condition] } }
    await client.patch(pods, namespace, name, body, { type: 'strategic', subresource: 'status' }, this.#signal)
  }

  /** Background work that may fail without affecting the decision. */
  #track(work: Promise<void>): void {
    void this.#settled(work)
  }

  async #settled(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (err) {
      // Deleted, or replaced by another pod of the same name.
      const isGone = isReason(err, 'NotFound') || isReason(err, 'Conflict')
      if (!this.#signal.aborted && !isGone) this.#options.log.info('cannot write the status of the pod', { err })
    }
  }
}

function isPlaced({ spec }: Pod): boolean {
  return spec.nodeName !== undefined && spec.nodeName !== ''
}

/** Heartbeats of nodes do not affect scheduling. */
function affectsScheduling(node: Node, old: Node): boolean {
  const relevant = ({ metadata, spec, status }: Node) =>
    writeJson([metadata.labels, spec?.taints, spec?.unschedulable, status?.allocatable])
  return relevant(node) !== relevant(old)
}

/** Whether other pods may have to be near to it, away from it, or spread with it. */
function isOtherPeer(a: Pod, b: Pod): boolean {
  const relevant = ({ metadata: { labels, deletionTimestamp }, spec: { nodeName } }: Pod) =>
    writeJson([labels, deletionTimestamp, nodeName])
  return relevant(a) !== relevant(b)
}

const messageOf = (err: unknown): string => (err instanceof Error ? err.message : String(err))

const maxNoteLength = 1024

/** The limit of events. */
function shortened(message: string): string {
  return message.length <= maxNoteLength ? message : `${message.slice(0, maxNoteLength - 4)} ...`
}

function isOtherDemand(a: Pod, b: Pod): boolean {
  return writeJson([a.metadata.labels, a.spec]) !== writeJson([b.metadata.labels, b.spec])
}
