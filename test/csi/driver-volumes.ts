// The test driver's storage: a folder per volume with its content and what the driver knows of it.
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../src/base/csi/csi-server.testing.ts'
import { readMessage } from '../../src/base/csi/read-message.ts'
import { isJsonObject, isTexts, parseJson } from '../../src/base/json.ts'

export interface DriverVolume {
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly isBlock: boolean
  readonly context: Readonly<Record<string, string>>
  readonly mutable: Readonly<Record<string, string>>
  /** The nodes to which it is attached. */
  readonly nodes: readonly string[]
  /** Of a snapshot: the volume from which it was made. */
  readonly snapshotOf?: string
}

export class DriverVolumes {
  readonly #folder: string
  readonly #capacity: number

  constructor({ folder, capacityBytes = 10 * 2 ** 30 }: { readonly folder: string; readonly capacityBytes?: number }) {
    this.#folder = folder
    this.#capacity = capacityBytes
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
  }

  content = (id: string): string => join(this.#place(id), 'content')
  image = (id: string): string => join(this.#place(id), 'disk.img')
  #place = (id: string): string => join(this.#folder, encodeURIComponent(id))

  async find(id: string): Promise<DriverVolume | undefined> {
    const text = await readFile(join(this.#place(id), 'volume.json'), 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const value = parseJson(text)
    if (!isJsonObject(value)) throw new Error(`volume ${id} is damaged`)
    const { name, bytes, isBlock, context, mutable, nodes, snapshotOf } = value
    return {
      ...{ id, name: String(name), bytes: Number(bytes), isBlock: isBlock === true, nodes: isTexts(nodes) ? nodes : [] },
      context: readMessage('Topology', { segments: context }).segments,
      mutable: readMessage('Topology', { segments: mutable }).segments,
      ...(typeof snapshotOf === 'string' ? { snapshotOf } : {}),
    }
  }

  async require(id: string): Promise<DriverVolume> {
    const found = await this.find(id)
    if (found === undefined) throw new Refusal('NOT_FOUND', `there is no volume ${id}`)
    return found
  }

  async all(): Promise<readonly DriverVolume[]> {
    const found = await Promise.all((await readdir(this.#folder)).sort().map(name => this.find(decodeURIComponent(name))))
    return found.filter(volume => volume !== undefined)
  }

  async free(): Promise<number> {
    return this.#capacity - (await this.all()).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async make(volume: DriverVolume, source?: DriverVolume): Promise<DriverVolume> {
    if (volume.bytes > (await this.free())) throw new Refusal('RESOURCE_EXHAUSTED', 'the storage is full')
    await mkdir(this.#place(volume.id), { recursive: true })
    if (volume.isBlock) {
      if (source?.isBlock === true) await cp(this.image(source.id), this.image(volume.id))
      else await writeFile(this.image(volume.id), '')
      await truncate(this.image(volume.id), volume.bytes)
    } else if (source === undefined) await mkdir(this.content(volume.id), { recursive: true })
    else await cp(this.content(source.id), this.content(volume.id), { recursive: true })
    await this.save(volume)
    return volume
  }

  async save(volume: DriverVolume): Promise<void> {
    await writeFile(join(this.#place(volume.id), 'volume.json'), JSON.stringify(volume))
  }

  async grow(volume: DriverVolume, bytes: number): Promise<void> {
    if (volume.isBlock) await truncate(this.image(volume.id), bytes)
    await this.save({ ...volume, bytes })
  }

  async remove(id: string): Promise<void> {
    await rm(this.#place(id), { recursive: true, force: true })
  }
}
