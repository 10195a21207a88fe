// CSI on a real node: registers drivers, provides their volumes to pods, and undoes what pods leave until it is done.
import { access, mkdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isReason } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import { pause } from '../../base/clock.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { EventRecorder } from '../../client/event-recorder.ts'
import { csiNodes } from '../../client/resources.ts'
import { unmountBelow } from '../machine/mount-table.ts'
import type { NodeDirectory } from '../machine/node-directory.ts'
import { ForwardedCsiCalls } from './answer-csi-call.ts'
import { CsiDrivers } from './csi-drivers.ts'
import type { CsiPlace } from './csi-record.ts'
import { CsiVolumes, type PodName, type RequestedVolume } from './csi-volumes.ts'
import { InUseReport } from './in-use-report.ts'
import { keepPublished } from './keep-published.ts'
import { PluginRegistrar } from './plugin-registrar.ts'
import { publishDrivers } from './publish-drivers.ts'

export interface NodeCsiOptions {
  readonly directory: NodeDirectory
  readonly client: Client
  readonly nodeName: string
  readonly bootId: string
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Logger
}

/** A pod's end waits this long for its drivers; what they have not done by then is repeated without it. */
const releaseMs = 10_000
/** A stopping agent waits this long. */
const stopMs = 5_000
const lookMs = 1_000
const firstRetryMs = 1_000
const maxRetryMs = 60_000

/** With events of its own; call when the agent starts. */
export async function openNodeCsi({ random, ...options }: Omit<NodeCsiOptions, 'bootId' | 'events'> & { readonly random: () => number }) {
  const { client, nodeName, clock, log } = options
  const events = new EventRecorder({ client, component: 'kubelet', host: nodeName, clock, log, random })
  return new NodeCsi({ ...options, events, bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim() })
}

export class NodeCsi implements AsyncDisposable {
  readonly drivers = new CsiDrivers()
  readonly volumes: CsiVolumes
  readonly forwarded = new ForwardedCsiCalls(this.drivers)
  readonly #options: NodeCsiOptions
  readonly #folder: string
  readonly #inUse: InUseReport
  readonly #undoing = new Map<string, Promise<void>>()
  readonly #retries = new Map<string, { failures: number; at: number }>()
  #signal: AbortSignal = AbortSignal.abort(new Error('the agent has not started'))

  constructor(options: NodeCsiOptions) {
    this.#options = options
    const { directory, client, nodeName, bootId, clock, log } = options
    this.#folder = directory.csi
    this.volumes = new CsiVolumes({
      ...{ folder: this.#folder, pods: directory.pods, drivers: this.drivers, client, nodeName, bootId, clock, log },
      warn: (pod, message) => this.#warn(pod, message),
      reportInUse: () => this.#inUse.write(this.#signal),
    })
    this.#inUse = new InUseReport({ inUse: () => this.volumes.inUse(), client, nodeName, clock, log })
  }

  #warn(pod: PodName, message: string): void {
    this.#options.log.info('CSI volume', { pod: `${pod.namespace}/${pod.name}`, message })
    if (pod.uid === '') return
    this.#options.events.record({ apiVersion: 'v1', kind: 'Pod', ...pod }, 'Warning', 'FailedMount', message)
  }

  setUp(asked: RequestedVolume, signal: AbortSignal): Promise<string> {
    return this.volumes.setUp(asked, signal)
  }

  /** The pod of this folder has ended. What its drivers do not undo in time is undone later; the pod does not wait for it. */
  async release(podDirectory: string): Promise<void> {
    const { clock } = this.#options
    const undo = async () => {
      const places = await this.volumes.leave(basename(podDirectory))
      await Promise.all(places.map(place => this.#undo(place)))
    }
    const done = new AbortController()
    const work = undo().finally(() => done.abort())
    await Promise.race([work, pause(clock, releaseMs, done.signal)])
  }

  /** Never rejects: a failure is logged, reported, and tried again by `run`. `gone`: a pod that has left without saying so. */
  #undo(place: CsiPlace, gone?: string): Promise<void> {
    const running = this.#undoing.get(place.folder)
    if (running !== undefined) return running
    const work = this.#tryUndo(place, gone).finally(() => this.#undoing.delete(place.folder))
    this.#undoing.set(place.folder, work)
    return work
  }

  async #tryUndo(place: CsiPlace, gone: string | undefined): Promise<void> {
    const { clock, log } = this.#options
    try {
      if (gone !== undefined) await this.volumes.leave(gone)
      await this.volumes.undo(place, this.#signal)
      this.#retries.delete(place.folder)
    } catch (err) {
      if (this.#signal.aborted) return
      const { failures } = this.#retries.get(place.folder) ?? { failures: 0 }
      const retryAfterMs = Math.min(firstRetryMs * 2 ** failures, maxRetryMs)
      this.#retries.set(place.folder, { failures: failures + 1, at: clock.monotonic() + retryAfterMs })
      if (!(err instanceof CsiError || err instanceof UserError))
        log.error('CSI volume not undone', { folder: place.folder, err, retryAfterMs })
      const record = await this.volumes.records.read(place).catch(() => undefined)
      const leaving = record?.pods.find(({ isLeaving }) => isLeaving) ?? { namespace: '', name: '', uid: '' }
      this.#warn(leaving, `volume "${record?.volumeId ?? ''}" is not unmounted yet, the node tries again: ${messageOf(err)}`)
    }
  }

  /**
   * Runs until the signal. `changed`: drivers have come or gone, and pods that wait for one may go on. `nodeUid`: of the Node as it was seen
   * last.
   */
  async run(
    signal: AbortSignal,
    changed: () => void = () => undefined,
    nodeUid: () => string | undefined = () => undefined,
  ): Promise<void> {
    const { directory, client, nodeName, events, clock, log } = this.#options
    this.#signal = signal
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await mkdir(directory.plugins, { recursive: true, mode: 0o700 })
    const own = { kind: 'Node', name: nodeName, uid: nodeName }
    let former: ReadonlySet<string> = new Set()
    const registrar = new PluginRegistrar({
      folder: directory.pluginsRegistry,
      drivers: this.drivers,
      publish: async (drivers, complete, until) => {
        if (complete) former = new Set()
        await publishDrivers(client, nodeName, drivers, former, until)
      },
      warn: message => events.record(own, 'Warning', 'CSIDriverNotRegistered', message),
      clock,
      log,
    })
    former = await formerDrivers(this.#options, signal)
    await Promise.all([
      registrar.run(signal),
      this.#undoAll(signal),
      this.#inUse.run(signal, nodeUid),
      keepPublished(this, this.#options, signal),
      this.#tell(changed, signal),
    ])
  }

  async #tell(changed: () => void, signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    while (!signal.aborted) {
      await Promise.race([this.drivers.changed, ended])
      if (!signal.aborted) changed()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.events[Symbol.asyncDispose]()
  }

  async #undoAll(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      await pause(clock, lookMs, signal)
      if (signal.aborted) return
      try {
        for (const place of await this.volumes.records.places()) await this.#lookAt(place)
      } catch (err) {
        log.error('CSI volumes of the node not checked', { err })
      }
    }
  }

  async #lookAt(place: CsiPlace): Promise<void> {
    if ((this.#retries.get(place.folder)?.at ?? 0) > this.#options.clock.monotonic()) return
    const record = await this.volumes.records.read(place)
    const present = new Set<string>()
    // A pod's folder is removed after its volumes, so what is left of a pod without one is due.
    for (const { uid } of record?.pods ?? []) if (await exists(join(this.#options.directory.pods, uid))) present.add(uid)
    const gone = record?.pods.find(({ uid, isLeaving }) => !isLeaving && !present.has(uid))
    const isDue = record === undefined || record.pods.length === 0 || gone !== undefined || record.pods.some(({ isLeaving }) => isLeaving)
    // Without waiting: the driver of one volume holds up no other.
    if (isDue) void this.#undo(place, gone?.uid)
  }

  /** All pods have ended: asks the drivers to undo everything, and then unmounts the rest itself. The records keep what drivers still owe. */
  async closeAll(): Promise<void> {
    this.#signal = AbortSignal.timeout(stopMs)
    for (const place of await this.volumes.records.places()) {
      const record = await this.volumes.records.read(place)
      for (const { uid } of record?.pods ?? []) await this.volumes.leave(uid)
      await this.#undo(place)
    }
    for (const place of await this.volumes.records.places()) {
      await unmountBelow(place.staging)
      const record = await this.volumes.records.read(place)
      if (record?.stage === 'done') await this.volumes.records.write(place, { ...record, stage: 'begun' })
    }
    for (const name of this.drivers.names) this.drivers.remove(name)
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Those of an earlier agent, whose sockets may still come. Waits for the API server. */
async function formerDrivers({ client, nodeName, clock, log }: NodeCsiOptions, signal: AbortSignal): Promise<ReadonlySet<string>> {
  for (;;) {
    try {
      const { spec } = await client.get(csiNodes, '', nodeName, signal)
      return new Set((spec.drivers ?? []).map(({ name }) => name))
    } catch (err) {
      if (signal.aborted || isReason(err, 'NotFound')) return new Set()
      log.error('CSINode not read, trying again', { err, retryAfterMs: lookMs })
      await pause(clock, lookMs, signal)
    }
  }
}
