// The volumes of CSI drivers on this node: stages and publishes them for pods, and undoes both. All work on one volume is one after the other;
// each step is recorded before its call, and may follow a crash in the middle of an earlier one.
import { lstat, mkdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PersistentVolume, Pod, Volume } from '../../api/types/core-v1.ts'
import type { CSIDriver } from '../../api/types/storage-v1.ts'
import { inUseName } from '../../api/volumes/csi-volume-names.ts'
import { OneByOne } from '../../base/async/serial-queue.ts'
import type { Clock } from '../../base/clock.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import type { CsiMethod, CsiRequest } from '../../base/csi/csi-methods.ts'
import type { Logger } from '../../base/log.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { isMountPoint, unmountBelow } from '../machine/mount-table.ts'
import { podUid } from '../pod/pod-containers.ts'
import type { VolumeStats } from '../usage/volume-metrics.ts'
import type { TokenSource } from '../volumes/volume-files.ts'
import { ownVolume } from '../volumes/volume-ownership.ts'
import type { CsiDrivers, NodeDriver } from './csi-drivers.ts'
import { type CsiPlace, type CsiRecord, CsiRecords, csiPlace, type PublishedPod } from './csi-record.ts'
import {
  type CsiVolume,
  capabilityOf,
  groupWork,
  inlineCsiVolume,
  modeRefusal,
  needsAttachment,
  persistentCsiVolume,
  publishedContext,
} from './csi-requests.ts'
import { attachedContext, driverObject, podTokens, secretTexts } from './csi-sources.ts'
import { publishedKind } from './published-kind.ts'

export interface CsiVolumesOptions {
  /** `<node>/csi`. */
  readonly folder: string
  /** `<node>/pods`. */
  readonly pods: string
  readonly drivers: CsiDrivers
  readonly client: Client
  readonly nodeName: string
  /** Of the machine's current start. */
  readonly bootId: string
  /** Events of the pod. */
  readonly warn: (pod: PodName, message: string) => void
  /** Resolves when the node's status lists the attached volumes that are in use now. */
  readonly reportInUse: () => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

export interface PodName {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** What a pod asks for: its volume, with the PersistentVolume if it is a claim's. */
export interface RequestedVolume {
  readonly pod: Pod
  readonly volume: Volume
  readonly persistent?: PersistentVolume
  readonly tokens: TokenSource
}

/** After this time without an answer, an event names the driver and the call. */
export const slowMs = 3000

interface Prepared {
  readonly asked: RequestedVolume
  readonly wanted: CsiVolume
  readonly driver: NodeDriver
  readonly object: CSIDriver | undefined
  readonly place: CsiPlace
  readonly publishContext: Readonly<Record<string, string>>
}

export class CsiVolumes {
  readonly records: CsiRecords
  /** What drivers said last of published volumes, by target. */
  readonly stats = new Map<string, VolumeStats>()
  readonly #options: CsiVolumesOptions
  readonly #queues = new Map<string, OneByOne>()
  /** Volumes that a driver serves to running pods, by target. */
  readonly #published = new Map<string, RequestedVolume>()

  constructor(options: CsiVolumesOptions) {
    this.#options = options
    this.records = new CsiRecords(options.folder)
  }

  /** What is published now. */
  get published(): ReadonlyMap<string, RequestedVolume> {
    return this.#published
  }

  /** For one volume at a time. */
  async oneByOne<T>({ folder }: CsiPlace, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(folder) ?? new OneByOne()
    this.#queues.set(folder, queue)
    try {
      return await queue.run(work)
    } finally {
      if (queue.isIdle && this.#queues.get(folder) === queue) this.#queues.delete(folder)
    }
  }

  /**
   * Publishes the volume for the pod, again if it is published already; resolves with the path of the folder or the device. `isAgain`: only
   * while the pod has it.
   */
  async setUp(asked: RequestedVolume, signal: AbortSignal, { isAgain = false } = {}): Promise<string> {
    const { folder, client, drivers } = this.#options
    const { pod, volume, persistent } = asked
    const wanted = persistent === undefined ? inlineCsiVolume(pod, volume) : persistentCsiVolume(persistent, volume)
    const driver = drivers.require(wanted.driver)
    const object = await driverObject(client, wanted.driver, signal)
    const refused = modeRefusal(wanted, object)
    if (refused !== undefined) throw new UserError(refused)
    const place = csiPlace(folder, wanted.driver, wanted.volumeId)
    return await this.oneByOne(place, async () => {
      const isAttached = needsAttachment(wanted, object)
      await this.#begin(asked, wanted, place, { isAttached, isAgain })
      // Each time, since an earlier report may have failed: the controller detaches no volume that the node's status lists.
      if (isAttached) await this.#options.reportInUse()
      const publishContext = isAttached ? await attachedContext(this.#options, wanted, signal) : {}
      return await this.#publish({ asked, wanted, driver, object, place, publishContext }, signal)
    })
  }

  /** Records the pod before anything is done for it. */
  async #begin(
    { pod, volume }: RequestedVolume,
    wanted: CsiVolume,
    place: CsiPlace,
    { isAttached, isAgain }: { isAttached: boolean; isAgain: boolean },
  ): Promise<void> {
    const { bootId } = this.#options
    const record = await this.#record(place)
    const uid = podUid(pod)
    const others = (record?.pods ?? []).filter(each => each.uid !== uid || each.volume !== volume.name)
    const other = others.find(each => each.uid !== uid)
    if (wanted.accessModes.includes('ReadWriteOncePod') && other !== undefined)
      throw new UserError(
        `volume uses the ReadWriteOncePod access mode and is already in use by pod "${other.namespace}/${other.name}" on this node`,
      )
    const { namespace = '', name = '' } = pod.metadata
    const target = targetOf(this.#options.pods, uid, wanted)
    const before = record?.pods.find(each => each.uid === uid && each.volume === volume.name)
    if (isAgain && before?.isLeaving !== false) throw new UserError('the pod has left')
    if (before !== undefined && !before.isLeaving && record?.isAttached === isAttached) return
    const entry: PublishedPod = { uid, namespace, name, volume: volume.name, target, isPublished: false, isLeaving: false }
    await this.records.write(place, {
      ...{ driver: wanted.driver, volumeId: wanted.volumeId, isAttached, bootId },
      stage: record?.stage ?? 'none',
      pods: [...others, entry],
    })
  }

  /** As it is since the machine's start: mounts of an earlier one are gone. */
  async #record(place: CsiPlace): Promise<CsiRecord | undefined> {
    const record = await this.records.read(place)
    if (record === undefined || record.bootId === this.#options.bootId) return record
    return {
      ...record,
      bootId: this.#options.bootId,
      stage: record.stage === 'none' ? 'none' : 'begun',
      pods: record.pods.map(pod => ({ ...pod, isPublished: false })),
    }
  }

  async #publish(prepared: Prepared, signal: AbortSignal): Promise<string> {
    const { asked, wanted, driver, object, place, publishContext } = prepared
    const { client, clock, log } = this.#options
    const { pod, volume } = asked
    const began = clock.monotonic()
    const work = groupWork(wanted, object, pod, driver.can)
    const volumeCapability = capabilityOf(wanted, driver.can, work?.by === 'driver' ? work.group : undefined)
    const staged = !wanted.isInline && driver.can.has('STAGE_UNSTAGE_VOLUME') ? place.staging : ''
    const { volumeId } = wanted
    if (staged !== '') await this.#stage(prepared, volumeCapability, signal)
    const target = targetOf(this.#options.pods, podUid(pod), wanted)
    await mkdir(dirname(target), { recursive: true, mode: 0o711 })
    const tokens = await podTokens(asked.tokens, object, pod, signal)
    const request = {
      ...{ volumeId, publishContext, stagingTargetPath: staged, targetPath: target, volumeCapability, readonly: wanted.readOnly },
      secrets: await secretTexts(client, wanted.publishSecret, signal),
      volumeContext: publishedContext(wanted, object, pod, tokens),
    }
    await this.call(driver, 'NodePublishVolume', request, nameOf(pod), volume.name, signal)
    await requirePublished(target, wanted, driver.name)
    const isFirst = await this.#mark(place, pod, volume)
    if (isFirst) {
      if (work?.by === 'agent') await ownVolume(target, work.group, pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch')
      log.info('CSI volume published', {
        pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
        volume: volume.name,
        driver: driver.name,
        ms: Math.round(clock.monotonic() - began),
      })
    }
    this.#published.set(target, asked)
    return target
  }

  async #stage(
    { asked, wanted, driver, place, publishContext }: Prepared,
    volumeCapability: CsiRequest<'NodeStageVolume'>['volumeCapability'],
    signal: AbortSignal,
  ): Promise<void> {
    const record = await this.#record(place)
    if (record === undefined || record.stage === 'done') return
    await this.records.write(place, { ...record, stage: 'begun' })
    await mkdir(place.staging, { recursive: true, mode: 0o750 })
    const request = {
      ...{ volumeId: wanted.volumeId, publishContext, stagingTargetPath: place.staging, volumeCapability },
      secrets: await secretTexts(this.#options.client, wanted.stageSecret, signal),
      volumeContext: wanted.attributes,
    }
    await this.call(driver, 'NodeStageVolume', request, nameOf(asked.pod), asked.volume.name, signal)
    await this.records.write(place, { ...record, stage: 'done' })
  }

  /** Resolves with whether it was not published before. */
  async #mark(place: CsiPlace, pod: Pod, volume: Volume): Promise<boolean> {
    const record = await this.#record(place)
    if (record === undefined) throw new Error(`the record of volume "${volume.name}" is gone`)
    const isIt = (each: PublishedPod) => each.uid === podUid(pod) && each.volume === volume.name
    if (record.pods.find(isIt)?.isPublished === true) return false
    await this.records.write(place, { ...record, pods: record.pods.map(each => (isIt(each) ? { ...each, isPublished: true } : each)) })
    return true
  }

  /** A call that says when it is slow, and to which volume it belongs. */
  async call<M extends CsiMethod>(
    driver: NodeDriver,
    method: M,
    request: CsiRequest<M>,
    pod: PodName,
    volume: string,
    signal: AbortSignal,
  ) {
    const { warn } = this.#options
    const slow = setTimeout(
      () =>
        warn(
          pod,
          `volume "${volume}": driver "${driver.name}" has not answered ${method} for ${slowMs / 1000} seconds; the call ends after 60`,
        ),
      slowMs,
    )
    try {
      return await driver.calls.call(method, request, signal)
    } finally {
      clearTimeout(slow)
    }
  }

  /** The pod has ended: marks what is to be undone. Resolves with the places. */
  async leave(uid: string): Promise<readonly CsiPlace[]> {
    const places: CsiPlace[] = []
    for (const place of await this.records.places()) {
      // Without the queue: another pod's driver may not answer, and files are replaced whole.
      if ((await this.records.read(place))?.pods.some(pod => pod.uid === uid) !== true) continue
      await this.oneByOne(place, async () => {
        const record = await this.#record(place)
        if (record === undefined) return
        const pods = record.pods.map(pod => (pod.uid === uid ? { ...pod, isLeaving: true } : pod))
        await this.records.write(place, { ...record, pods })
        for (const { target, isLeaving } of pods) if (isLeaving) this.#published.delete(target)
        places.push(place)
      })
    }
    return places
  }

  /**
   * Unpublishes for the pods that leave, and unstages what no pod has. Rejects with CsiError, or with a UserError if the driver is not
   * registered; the record then says what is left to do.
   */
  undo(place: CsiPlace, signal: AbortSignal): Promise<void> {
    return this.oneByOne(place, async () => {
      const { drivers } = this.#options
      let record = await this.#record(place)
      if (record === undefined) return await this.records.remove(place)
      if (!record.pods.some(({ isLeaving }) => isLeaving) && record.pods.length > 0) return
      const driver = drivers.require(record.driver)
      const { volumeId } = record
      for (const pod of record.pods.filter(({ isLeaving }) => isLeaving)) {
        await ignoringUnknown(this.call(driver, 'NodeUnpublishVolume', { volumeId, targetPath: pod.target }, pod, pod.volume, signal))
        await this.#clear(pod.target, driver.name, pod)
        record = { ...record, pods: record.pods.filter(each => each !== pod) }
        await this.records.write(place, record)
      }
      if (record.pods.length > 0) return
      if (record.stage !== 'none') {
        const nobody = { namespace: '', name: '', uid: '' }
        const request = { volumeId, stagingTargetPath: place.staging }
        await ignoringUnknown(this.call(driver, 'NodeUnstageVolume', request, nobody, volumeId, signal))
        await this.#clear(place.staging, driver.name, undefined)
      }
      await this.records.remove(place)
      if (record.isAttached) await this.#options.reportInUse()
    })
  }

  /** A driver may leave a mount, a folder or a file behind. */
  async #clear(path: string, driver: string, pod: PodName | undefined): Promise<void> {
    if (await isMountPoint(path)) {
      this.#options.log.error('a CSI driver has left a mount', { driver, path })
      if (pod !== undefined)
        this.#options.warn(pod, `driver "${driver}" has left a mount after NodeUnpublishVolume: the node has removed it`)
    }
    await unmountBelow(path)
    await removeEmpty(path)
  }

  /** The attached volumes that are in use, as the node's status names them. */
  async inUse(): Promise<readonly string[]> {
    const names: string[] = []
    for (const place of await this.records.places()) {
      const record = await this.records.read(place)
      if (record?.isAttached === true) names.push(inUseName(record.driver, record.volumeId))
    }
    return names.sort()
  }
}

const nameOf = (pod: Pod): PodName => ({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name ?? '', uid: podUid(pod) })

/** Upstream's path: some drivers find the pod's uid in it. */
export function targetOf(pods: string, uid: string, { isBlock, pathName }: Pick<CsiVolume, 'isBlock' | 'pathName'>): string {
  return join(pods, uid, 'volumes', 'kubernetes.io~csi', pathName, isBlock ? 'device' : 'mount')
}

/** A volume or path that the driver does not know is undone. */
async function ignoringUnknown(call: Promise<unknown>): Promise<void> {
  await call.catch((err: unknown) => {
    if (!(err instanceof CsiError && err.code === 'NOT_FOUND')) throw err
  })
}

/** Throws unless the driver has put there what it said: a link would give the container what it leads to. */
async function requirePublished(target: string, { isBlock }: CsiVolume, driver: string): Promise<void> {
  const [found, wanted] = [await publishedKind(target), isBlock ? 'block device' : 'folder']
  if (found !== wanted) throw new CsiError(driver, 'NodePublishVolume', 'OK', `there is ${found} at the target path instead of a ${wanted}`)
}

/** Only what is empty: a driver that publishes without a mount leaves its content, which goes with the pod's folder. */
async function removeEmpty(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) return await rm(path, { force: true })
  await rmdir(path).catch((err: unknown) => {
    if (codeOf(err) !== 'ENOENT' && codeOf(err) !== 'ENOTEMPTY' && codeOf(err) !== 'EBUSY') throw err
  })
}
