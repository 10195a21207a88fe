// The volumes of a real node: finds out how it encrypts, follows its LocalVolumes, unmounts what is unused, and reports what is free.
import { mkdir, statfs } from 'node:fs/promises'
import type { NodeVolumes } from '../../api/volumes/local-volume-names.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import type { NodeDirectory } from '../machine/node-directory.ts'
import type { NodeIdentity } from '../registration/identity-file.ts'
import type { VolumeHealth } from '../registration/node-object.ts'
import { backEnds, encryptingBackEnds } from './back-ends/index.ts'
import { followLocalVolumes } from './follow-local-volumes.ts'
import { LocalVolumes } from './local-volumes.ts'
import { runVolumeProgram } from './program.ts'
import { type Encryption, tryBackEnds } from './try-back-ends.ts'
import { volumeKeySource } from './volume-key-source.ts'

export interface NodeVolumesOptions {
  readonly directory: NodeDirectory
  readonly nodeName: string
  readonly client: Client
  readonly identity: () => NodeIdentity
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
}

/** Left for images, logs and the node's own files: below 15 % DiskPressure begins. */
const keptShare = 0.2
const leastStep = 64 * 2 ** 20
const sweepMs = 60_000

/** Whole steps of a sixteenth or so: the report changes seldom. */
export function roundedDown(bytes: number): number {
  if (bytes <= 0) return 0
  const step = Math.max(leastStep, 2 ** Math.floor(Math.log2(bytes) - 4))
  return Math.floor(bytes / step) * step
}

export class LocalStorage {
  readonly volumes: LocalVolumes
  readonly #options: NodeVolumesOptions
  readonly #encryption: Promise<Encryption>

  /** The trials begin at once; the node need not wait for them. */
  constructor(options: NodeVolumesOptions) {
    this.#options = options
    const { directory, client, identity, log } = options
    const folders = { volumes: directory.volumes, mounts: directory.volumeMounts, nodeId: directory.id }
    this.#encryption = (async () => {
      for (const folder of [directory.volumes, directory.volumeMounts]) await mkdir(folder, { recursive: true, mode: 0o711 })
      const found = await tryBackEnds(encryptingBackEnds, folders, runVolumeProgram)
      log.info('encryption of volumes', { backEnd: found.backEnd?.name ?? 'none', refused: found.refused.join('; ') })
      return found
    })()
    this.#encryption.catch(() => undefined)
    this.volumes = new LocalVolumes({
      ...{ folders, pods: directory.pods, backEnds, run: runVolumeProgram, log },
      encryption: () => this.#encryption,
      key: volumeKeySource(client, identity),
      freeBytes: () => this.#freeBytes(),
    })
  }

  async #freeBytes(): Promise<number> {
    const { bsize, blocks, bavail } = await statfs(this.#options.directory.volumes)
    return Math.floor(bavail * bsize - blocks * bsize * keptShare)
  }

  async health(): Promise<VolumeHealth> {
    const { backEnd, refused } = await this.#encryption
    const has: NodeVolumes = { bytes: roundedDown(await this.volumes.freeBytes()), encryption: backEnd?.name ?? 'none' }
    return { has, refused }
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, nodeName, clock, log, random } = this.#options
    await this.#encryption
    await this.volumes.thawAll()
    const sweep = async () => {
      while (!signal.aborted) {
        await pause(clock, sweepMs, signal)
        if (!signal.aborted) await this.volumes.sweep()
      }
    }
    await Promise.all([
      followLocalVolumes({ client, nodeName, apply: (volume, until) => this.volumes.apply(volume, until), clock, log, random }, signal),
      sweep(),
    ])
  }
}
