// The volumes on this node's disk: makes, mounts, grows, unmounts and removes them. All work on one volume is one after the other, and each
// step may follow a crash in the middle of an earlier one.
import { chmod, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { LocalVolume, LocalVolumeStatus } from '../../api/types/bulkhead-v1alpha1.ts'
import { keyFinalizer } from '../../api/volumes/local-volume-names.ts'
import { OneByOne } from '../../base/async/serial-queue.ts'
import { isVolumeName } from '../../base/crypto/volume-key-request.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import { isMountPoint } from '../machine/mount-table.ts'
import type { VolumeStats } from '../usage/volume-metrics.ts'
import type { PodClaim } from '../volumes/pod-volumes.ts'
import type { BackEnd } from './back-end.ts'
import {
  aroundBlock,
  attachDevice,
  detachDevice,
  growDevice,
  isDeviceOf,
  makeDeviceNode,
  reserveBlock,
  syncDevice,
} from './block-device.ts'
import { copyImage, thaw } from './copy-image.ts'
import { imageBytes, reserveImage, sizeOf } from './image-file.ts'
import type { RunVolumeProgram } from './program.ts'
import type { Encryption } from './try-back-ends.ts'
import type { VolumeKeySource } from './volume-key-source.ts'
import { type VolumeFolders, type VolumePlace, volumePlace } from './volume-place.ts'
import { readRecord, type VolumeRecord, writeRecord } from './volume-record.ts'
import { roomOf } from './volume-room.ts'
import { markUser, usedVolumes, volumesOf } from './volume-users.ts'

export interface LocalVolumesOptions {
  readonly folders: VolumeFolders
  /** `<node>/pods`. */
  readonly pods: string
  readonly backEnds: readonly BackEnd[]
  readonly encryption: () => Promise<Encryption>
  readonly key: VolumeKeySource
  readonly run: RunVolumeProgram
  /** Bytes that new volumes may still take. */
  readonly freeBytes: () => Promise<number>
  readonly log: Logger
}

const maxMessage = 1024
const noKey = Buffer.alloc(0)
/** Copies at a time. One may take an hour, and other volumes of the node are made, grown and removed meanwhile. */
export const maxCopies = 2

export class LocalVolumes {
  readonly #options: LocalVolumesOptions
  readonly #queues = new Map<string, OneByOne>()
  #copies = 0
  /** Of volumes that pods use. */
  readonly #used = new Map<string, { readonly claim: PodClaim; readonly isBlock: boolean }>()

  constructor(options: LocalVolumesOptions) {
    this.#options = options
  }

  #place = (name: string): VolumePlace => volumePlace(this.#options.folders, name)

  #oneByOne<T>(name: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(name) ?? new OneByOne()
    this.#queues.set(name, queue)
    return queue.run(work)
  }

  /** Brings the volume to what the object says; resolves with its status, undefined if there is nothing to report now. */
  apply(volume: LocalVolume, signal: AbortSignal): Promise<LocalVolumeStatus | undefined> {
    return this.#oneByOne(volume.metadata.name ?? '', () => this.#apply(volume, signal))
  }

  async #apply({ metadata, spec, status }: LocalVolume, signal: AbortSignal): Promise<LocalVolumeStatus | undefined> {
    const place = this.#place(metadata.name ?? '')
    if (metadata.deletionTimestamp !== undefined) {
      // The key goes first, and the controller waits until no claim has the volume.
      if (metadata.finalizers?.includes(keyFinalizer) === true) return undefined
      if ((await usedVolumes(this.#options.pods)).has(place.name)) return undefined
      await this.#remove(place)
      this.#queues.delete(place.name)
      return { phase: 'Removed' }
    }
    try {
      const record = await readRecord(place)
      if (record === undefined) {
        // Empty content in place of a volume's would look like lost data that nobody reports.
        if (status?.phase === 'Ready') return { ...status, message: 'the content of the volume is not on the disk of the node any more' }
        return await this.#make(place, spec, signal)
      }
      if (spec.bytes <= record.bytes) return { phase: 'Ready', bytes: record.bytes, encryption: record.backEnd }
      return await this.#grow(place, spec.bytes, signal)
    } catch (err) {
      signal.throwIfAborted()
      const message = messageOf(err).replaceAll(/\s+/g, ' ').slice(0, maxMessage)
      // It is tried again and again, and said once.
      if (status?.message !== message) this.#options.log.error('volume not as requested', { volume: place.name, err })
      return status?.phase === 'Ready' ? { ...status, message } : { phase: 'Failed', message }
    }
  }

  async #make(place: VolumePlace, spec: LocalVolume['spec'], signal: AbortSignal): Promise<LocalVolumeStatus | undefined> {
    const { run, log } = this.#options
    if ((spec.source ?? '') !== '') return await this.#copyInTurn(place, spec, signal)
    const backEnd = await this.#backEndFor(spec.encryption)
    const isBlock = spec.volumeMode === 'Block'
    const size = imageSize(spec.bytes, backEnd, isBlock)
    await this.#requireRoom(size)
    await this.#withKey(backEnd, place, signal, async key => {
      // Of an attempt that was interrupted.
      await this.#remove(place)
      try {
        await mkdir(place.folder, { recursive: true, mode: 0o700 })
        await reserveImage(place.image, size, run)
        await backEnd.format(place, key, run, isBlock ? 'one' : 'many')
        if (isBlock) await this.#fillWithBlock(place, spec.bytes, backEnd, key)
        await syncToDisk(place.image)
        await writeRecord(place, { backEnd: backEnd.name, bytes: spec.bytes, ...(isBlock ? { isBlock } : {}) })
        await syncToDisk(dirname(place.folder))
      } catch (err) {
        await this.#close(place)
        await rm(place.folder, { recursive: true, force: true })
        throw err
      }
    })
    log.info('volume made', { volume: place.name, encryption: backEnd.name, bytes: spec.bytes })
    return { phase: 'Ready', bytes: spec.bytes, encryption: backEnd.name }
  }

  /** Now, so that a pod finds no volume whose file has no room. */
  async #fillWithBlock(place: VolumePlace, bytes: number, backEnd: BackEnd, key: Buffer): Promise<void> {
    const { run } = this.#options
    await backEnd.open(place, key, run)
    await reserveBlock(place, bytes, run)
    await backEnd.close(place, run)
    await rmdir(place.mountPoint)
  }

  /** Undefined if enough copies are being made: its turn comes later. */
  async #copyInTurn(place: VolumePlace, spec: LocalVolume['spec'], signal: AbortSignal): Promise<LocalVolumeStatus | undefined> {
    if (this.#copies >= maxCopies) return undefined
    this.#copies++
    try {
      return await this.#copy(place, spec, this.#place(spec.source ?? ''), signal)
    } finally {
      this.#copies--
    }
  }

  /** A snapshot, or a volume restored from one: the image as it is now, with the key that it has. */
  async #copy(place: VolumePlace, spec: LocalVolume['spec'], source: VolumePlace, signal: AbortSignal): Promise<LocalVolumeStatus> {
    const { run, log } = this.#options
    const isThere = async () => {
      const found = await readRecord(source)
      if (found === undefined) throw new Error(`volume "${source.name}", of which this one is a copy, is not on the disk of this node`)
      return found
    }
    const { backEnd, isBlock = false } = await isThere()
    if (isBlock !== (spec.volumeMode === 'Block'))
      throw new Error(`volume "${source.name}", of which this one is a copy, has the volumeMode ${isBlock ? 'Block' : 'Filesystem'}`)
    if ((backEnd === 'none') !== (spec.encryption === 'none'))
      throw new Error(`volume "${source.name}", of which this one is a copy, has the encryption "${backEnd}"`)
    await this.#requireRoom(Math.max(imageSize(spec.bytes, this.#named(backEnd), isBlock), await sizeOf(source.image)))
    // Of an attempt that was interrupted.
    await this.#remove(place)
    try {
      await mkdir(place.folder, { recursive: true, mode: 0o700 })
      // The source neither grows nor ends meanwhile. It has a record, so it is not a copy that waits for this one.
      const { bytes, isShared } = await this.#oneByOne(source.name, async () => {
        if (isBlock) await syncDevice(source, run)
        return { bytes: (await isThere()).bytes, isShared: await copyImage(source, place.image, run) }
      })
      // A plain copy has holes where the volume is empty.
      if (!isShared) await reserveImage(place.image, await sizeOf(place.image), run)
      await chmod(place.image, 0o600)
      await syncToDisk(place.image)
      await writeRecord(place, { backEnd, bytes, ...(isShared ? { isShared } : {}), ...(isBlock ? { isBlock } : {}) })
      await syncToDisk(dirname(place.folder))
      log.info('volume copied', { volume: place.name, source: source.name, encryption: backEnd, bytes, shared: isShared })
      if (bytes >= spec.bytes) return { phase: 'Ready', bytes, encryption: backEnd }
    } catch (err) {
      await rm(place.folder, { recursive: true, force: true })
      throw err
    }
    return await this.#grow(place, spec.bytes, signal)
  }

  async #backEndFor(encryption: string): Promise<BackEnd> {
    if (encryption === 'none') return this.#named('none')
    const { backEnd, refused } = await this.#options.encryption()
    if (backEnd !== undefined) return backEnd
    throw new Error(`this node cannot encrypt volumes (${refused.join('; ')})`)
  }

  #named(name: string): BackEnd {
    const found = this.#options.backEnds.find(backEnd => backEnd.name === name)
    if (found === undefined) throw new Error(`this node does not know the encryption "${name}"`)
    return found
  }

  async #requireRoom(bytes: number): Promise<void> {
    const free = await this.freeBytes()
    if (bytes > free)
      throw new Error(`not enough room on the disk of the node: ${bytes} bytes requested, ${Math.max(0, free)} are free for volumes`)
  }

  /** Bytes that new volumes may take, less what copies will need when they no longer share blocks. */
  async freeBytes(): Promise<number> {
    const { folders, freeBytes } = this.#options
    let promised = 0
    for (const name of await namesIn(folders.volumes)) {
      if (!isVolumeName(name)) continue
      const place = this.#place(name)
      // A damaged record is reported where the volume is used.
      const record = await readRecord(place).catch(() => undefined)
      if (record?.isShared === true) promised += await sizeOf(place.image).catch(() => 0)
    }
    return (await freeBytes()) - promised
  }

  async #grow(place: VolumePlace, bytes: number, signal: AbortSignal): Promise<LocalVolumeStatus> {
    const { run, log } = this.#options
    const record = await readRecord(place)
    if (record === undefined) throw new Error(`volume "${place.name}" is not there`)
    const backEnd = this.#named(record.backEnd)
    const { isBlock = false } = record
    const size = imageSize(bytes, backEnd, isBlock)
    await this.#requireRoom(size - imageSize(record.bytes, backEnd, isBlock))
    await reserveImage(place.image, size, run)
    await this.#withKey(backEnd, place, signal, async key => {
      if (!(await backEnd.isOpen(place, run))) return await backEnd.growClosed(place, key, run)
      await backEnd.grow(place, key, run).catch(cause => {
        throw new Error(`the file system grows when no pod uses the volume: ${messageOf(cause)}`, { cause })
      })
      if (isBlock) await growDevice(place, bytes, run)
    })
    await writeRecord(place, { ...record, bytes })
    log.info('volume grown', { volume: place.name, bytes })
    return { phase: 'Ready', bytes, encryption: record.backEnd }
  }

  async #withKey(backEnd: BackEnd, place: VolumePlace, signal: AbortSignal, work: (key: Buffer) => Promise<void>): Promise<void> {
    const key = backEnd.name === 'none' ? noKey : await this.#options.key(place.name, signal)
    try {
      await work(key)
    } finally {
      key.fill(0)
    }
  }

  /** Mounts the volume for the pod, if it is not mounted; resolves with the path of its content. */
  stage(name: string, podDirectory: string, signal: AbortSignal, claim?: PodClaim): Promise<string> {
    return this.#oneByOne(name, async () => {
      const place = this.#place(name)
      await this.#open(place, podDirectory, 'Filesystem', signal)
      if (claim !== undefined) this.#used.set(name, { claim, isBlock: false })
      return place.content
    })
  }

  /** Puts the device of a block volume at the path; does nothing if it is there. */
  stageDevice(name: string, podDirectory: string, path: string, signal: AbortSignal, claim?: PodClaim): Promise<void> {
    return this.#oneByOne(name, async () => {
      const { run } = this.#options
      const place = this.#place(name)
      if (!(await isDeviceOf(path, place))) {
        const { bytes } = await this.#open(place, podDirectory, 'Block', signal)
        await makeDeviceNode(path, await attachDevice(place, bytes, run), run)
      }
      if (claim !== undefined) this.#used.set(name, { claim, isBlock: true })
    })
  }

  async #open(place: VolumePlace, podDirectory: string, mode: 'Filesystem' | 'Block', signal: AbortSignal): Promise<VolumeRecord> {
    const { run } = this.#options
    const { name } = place
    const record = await readRecord(place)
    if (record === undefined) throw new Error(`volume "${name}" is not on the disk of this node`)
    const { isBlock = false } = record
    if (isBlock !== (mode === 'Block'))
      throw new Error(`volume "${name}" has the volumeMode ${isBlock ? 'Block' : 'Filesystem'}, and its PersistentVolume ${mode}`)
    const backEnd = this.#named(record.backEnd)
    await markUser(podDirectory, name)
    if (!(await backEnd.isOpen(place, run)))
      await this.#withKey(backEnd, place, signal, async key => {
        // It was to grow while it was in use. Nobody uses it now.
        const isLarger = (await sizeOf(place.image)) > imageSize(record.bytes, backEnd, isBlock)
        if (isLarger && !(await isMountPoint(place.mountPoint))) await backEnd.growClosed(place, key, run)
        await backEnd.open(place, key, run)
      })
    return record
  }

  /** The room in the volumes that pods use. */
  async room(): Promise<readonly VolumeStats[]> {
    const found: VolumeStats[] = []
    for (const [name, { claim, isBlock }] of this.#used) {
      const stats = await roomOf(this.#place(name), claim, isBlock)
      if (stats !== undefined) found.push(stats)
    }
    return found
  }

  /** Unmounts the volumes that only this pod used. Call when its containers have ended, before its folder is removed. */
  async release(podDirectory: string): Promise<void> {
    for (const name of await volumesOf(podDirectory)) await this.#closeUnused(name, podDirectory)
  }

  async #closeUnused(name: string, except?: string): Promise<void> {
    await this.#oneByOne(name, async () => {
      if (!(await usedVolumes(this.#options.pods, except)).has(name)) await this.#close(this.#place(name))
    })
  }

  /** Before anything else: an agent that was killed, with all its processes, may have left volumes frozen. */
  async thawAll(): Promise<void> {
    for (const name of await this.#mounted()) await this.#oneByOne(name, () => thaw(this.#place(name).mountPoint, this.#options.run))
  }

  /** Unmounts what no pod uses: of an agent that was killed. */
  async sweep(): Promise<void> {
    for (const name of await this.#mounted()) {
      try {
        await this.#closeUnused(name)
      } catch (err) {
        this.#options.log.error('volume not unmounted', { volume: name, err })
      }
    }
  }

  /** Unmounts all. */
  async closeAll(): Promise<void> {
    for (const name of await this.#mounted()) await this.#oneByOne(name, () => this.#close(this.#place(name)))
  }

  #mounted = (): Promise<readonly string[]> => namesIn(this.#options.folders.mounts)

  async #close(place: VolumePlace): Promise<void> {
    const { backEnds, run } = this.#options
    this.#used.delete(place.name)
    // Without a record it may have been any of them, interrupted.
    const record = await readRecord(place).catch(() => undefined)
    if (record === undefined || record.isBlock === true) await detachDevice(place, run)
    for (const backEnd of record === undefined ? backEnds : [this.#named(record.backEnd)])
      await closeQuietly(backEnd, place, run, record !== undefined)
    await rmdir(place.mountPoint).catch((err: NodeJS.ErrnoException) => {
      if (err.code !== 'ENOENT') throw err
    })
  }

  async #remove(place: VolumePlace): Promise<void> {
    await this.#close(place)
    await rm(place.folder, { recursive: true, force: true })
  }
}

const imageSize = (bytes: number, { overheadBytes }: BackEnd, isBlock: boolean): number =>
  imageBytes(isBlock ? aroundBlock(bytes) : bytes, overheadBytes)

const namesIn = (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') return []
    throw err
  })

async function closeQuietly(backEnd: BackEnd, place: VolumePlace, run: RunVolumeProgram, isKnown: boolean): Promise<void> {
  try {
    await backEnd.close(place, run)
  } catch (err) {
    // The programs of a way that this machine does not have are missing, too.
    if (isKnown) throw err
  }
}
