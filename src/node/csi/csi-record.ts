// What the agent has requested of a driver for one volume, durable before each call: after a kill -9 nothing of it is forgotten. Only the agent
// writes the records, so it reads each file once.
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { codeOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'

export interface PublishedPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** Of the pod's spec. */
  readonly volume: string
  readonly target: string
  /** Whether NodePublishVolume has succeeded; without, it may have. */
  readonly isPublished: boolean
  /** The pod has ended: NodeUnpublishVolume is due. */
  readonly isLeaving: boolean
}

export interface CsiRecord {
  readonly driver: string
  readonly volumeId: string
  /** Whether a VolumeAttachment holds the volume at this node. */
  readonly isAttached: boolean
  /** `none`: the driver has no stage; `begun`: NodeStageVolume may have succeeded. */
  readonly stage: 'none' | 'begun' | 'done'
  /** Mounts do not survive the machine's start. */
  readonly bootId: string
  readonly pods: readonly PublishedPod[]
}

export interface CsiPlace {
  readonly folder: string
  readonly record: string
  readonly staging: string
}

/** Handles of volumes are any text: the folder's name is a digest. */
export function csiPlace(root: string, driver: string, volumeId: string): CsiPlace {
  const id = createHash('sha256')
    .update(writeJson([driver, volumeId]))
    .digest('hex')
    .slice(0, 40)
  return placeIn(join(root, id))
}

const placeIn = (folder: string): CsiPlace => ({ folder, record: join(folder, 'record.json'), staging: join(folder, 'globalmount') })

async function readCsiRecord({ record }: CsiPlace): Promise<CsiRecord | undefined> {
  const text = await readTextIfThere(record)
  if (text === undefined) return undefined
  const value = parseJson(text)
  const damaged = () => new Error(`"${record}" does not say what is mounted: it is damaged`)
  if (!isJsonObject(value)) throw damaged()
  const { driver, volumeId, isAttached, stage, bootId, pods } = value
  if (typeof driver !== 'string' || typeof volumeId !== 'string' || typeof bootId !== 'string' || !Array.isArray(pods)) throw damaged()
  if (stage !== 'none' && stage !== 'begun' && stage !== 'done') throw damaged()
  const published = pods.map((pod: unknown): PublishedPod => {
    if (!isJsonObject(pod)) throw damaged()
    const { uid, namespace, name, volume, target, isPublished, isLeaving } = pod
    const texts = { uid, namespace, name, volume, target }
    if (!isTextsOnly(texts)) throw damaged()
    return { ...texts, isPublished: isPublished === true, isLeaving: isLeaving === true }
  })
  return { driver, volumeId, bootId, stage, isAttached: isAttached === true, pods: published }
}

function isTextsOnly<K extends string>(values: Record<K, unknown>): values is Record<K, string> {
  return Object.values(values).every(value => typeof value === 'string')
}

async function writeCsiRecord(place: CsiPlace, record: CsiRecord): Promise<void> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 })
  await replaceFile(place.record, `${writeJson({ version: 1, ...record })}\n`)
}

/** Removes empty folders only: what a driver has left mounted keeps its content. */
async function removeCsiRecord(place: CsiPlace): Promise<void> {
  await rmdir(place.staging).catch(ignoreMissing)
  await rm(place.record, { force: true })
  await rm(`${place.record}.new`, { force: true })
  await rmdir(place.folder).catch(ignoreMissing)
}

export function ignoreMissing(err: unknown): void {
  if (codeOf(err) !== 'ENOENT') throw err
}

async function csiPlaces(root: string): Promise<readonly CsiPlace[]> {
  const names = await readdir(root).catch((err: unknown) => {
    ignoreMissing(err)
    return []
  })
  return names.sort().map(name => placeIn(join(root, name)))
}

/** `unread`: the file may hold something else than what was read or written last. */
type Kept = CsiRecord | 'none' | 'unread'

/** The records of one node, in memory as they are on disk. */
export class CsiRecords {
  readonly #root: string
  #kept: Promise<Map<string, Kept>> | undefined

  constructor(root: string) {
    this.#root = root
  }

  async #all(): Promise<Map<string, Kept>> {
    this.#kept ??= csiPlaces(this.#root).then(places => new Map(places.map(({ folder }) => [folder, 'unread'])))
    try {
      return await this.#kept
    } catch (err) {
      this.#kept = undefined
      throw err
    }
  }

  async places(): Promise<readonly CsiPlace[]> {
    return [...(await this.#all()).keys()].sort().map(placeIn)
  }

  /** Undefined if the volume is not on this node. Throws if the file is damaged. */
  async read(place: CsiPlace): Promise<CsiRecord | undefined> {
    const all = await this.#all()
    const kept = all.get(place.folder)
    if (kept !== 'unread') return kept === 'none' ? undefined : kept
    const record = await readCsiRecord(place)
    // A write may have come in between.
    if (all.get(place.folder) === 'unread') all.set(place.folder, record ?? 'none')
    return record
  }

  async write(place: CsiPlace, record: CsiRecord): Promise<void> {
    const all = await this.#all()
    try {
      await writeCsiRecord(place, record)
      all.set(place.folder, record)
    } catch (err) {
      all.set(place.folder, 'unread')
      throw err
    }
  }

  async remove(place: CsiPlace): Promise<void> {
    const all = await this.#all()
    try {
      await removeCsiRecord(place)
      all.delete(place.folder)
    } catch (err) {
      all.set(place.folder, 'unread')
      throw err
    }
  }
}
