// The volumes of one pod on disk: set up before its containers, refreshed when their sources change, removed after them.
import { chmod, chown, lstat, mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { PersistentVolume, Pod, Volume } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { writeJson } from '../../base/write-json.ts'
import { isMountPoint, mountTmpfs, unmountBelow } from '../machine/mount-table.ts'
import { removePodFolder } from '../machine/remove-pod-folder.ts'
import { memoryVolumeBytes } from '../pod/pod-resources.ts'
import { writeAtomically } from './atomic-writer.ts'
import { prepareHostPath } from './host-path.ts'
import { sourceOf, unsupportedVolume } from './unsupported-volume.ts'
import { type TokenSource, type VolumeContext, volumeFiles } from './volume-files.ts'
import { ownVolume } from './volume-ownership.ts'

/** Upstream's event text: `MountVolume.SetUp failed for volume "x" : …`. */
export class MountError extends Error {
  override readonly name = 'MountError'
  readonly volume: string
  constructor(volume: string, why: string, options?: ErrorOptions) {
    super(`MountVolume.SetUp failed for volume ${writeJson(volume)} : ${why}`, options)
    this.volume = volume
  }
}

/** Credentials and pod data never reach a disk. */
const inMemory = (volume: Volume): boolean => !!(volume.secret || volume.projected || volume.downwardAPI)

/** Whose room it is, for metrics. */
export interface PodClaim {
  readonly namespace: string
  readonly claim: string
}

/** Volumes on this node's own disk. */
export interface PodLocalVolumes {
  /** The path of the volume's content, mounted. Rejects if its key or content is not there. */
  stage(volume: string, podDirectory: string, signal: AbortSignal, claim?: PodClaim): Promise<string>
  /** Puts the device of a block volume at the path, unless it is there. */
  stageDevice(volume: string, podDirectory: string, path: string, signal: AbortSignal, claim?: PodClaim): Promise<void>
  /** The pod has ended: what only it used is unmounted. */
  release(podDirectory: string): Promise<void>
}

/** Volumes of CSI drivers. */
export interface PodCsiVolumes {
  /** The path of the folder or the device; called again, it publishes again. Rejects with what driver and call have failed. */
  setUp(
    asked: { readonly pod: Pod; readonly volume: Volume; readonly persistent?: PersistentVolume; readonly tokens: TokenSource },
    signal: AbortSignal,
  ): Promise<string>
  /** The pod has ended: its volumes are unpublished. */
  release(podDirectory: string): Promise<void>
}

/** The folders of a pod; `directory` is `<node>/pods/<uid>`. */
export class PodVolumes {
  readonly #directory: string
  readonly #local: PodLocalVolumes | undefined
  readonly #csi: PodCsiVolumes | undefined
  /** Paths of claimed volumes that were set up once: a claim stays bound to its volume. */
  readonly #claimed = new Map<string, string>()
  /** Of block volumes on the node's own disk, their LocalVolumes. */
  readonly #blocks = new Map<string, string>()

  /** Without `local` it has no volumes of the node's own disk, without `csi` none of drivers. */
  constructor(directory: string, { local, csi }: { readonly local?: PodLocalVolumes; readonly csi?: PodCsiVolumes } = {}) {
    this.#directory = directory
    this.#local = local
    this.#csi = csi
  }

  /** The path of the volume's content on the node. */
  pathOf(volume: Volume): string {
    const place = volume.hostPath?.path ?? this.#claimed.get(volume.name)
    return place ?? join(this.#directory, 'volumes', volume.name)
  }

  /** Creates all volumes or updates their files. Rejects with the MountError of the first that fails. */
  async setUp(context: VolumeContext, signal: AbortSignal): Promise<void> {
    const { pod } = context
    await mkdir(join(this.#directory, 'volumes'), { recursive: true, mode: 0o711 })
    for (const volume of pod.spec.volumes ?? []) {
      try {
        await this.#setUpOne(volume, context, signal)
      } catch (cause) {
        signal.throwIfAborted()
        throw new MountError(volume.name, cause instanceof Error ? cause.message : String(cause), { cause })
      }
    }
  }

  async #setUpOne(volume: Volume, context: VolumeContext, signal: AbortSignal): Promise<void> {
    const { pod } = context
    const fsGroup = pod.spec.securityContext?.fsGroup
    if (volume.hostPath) return await prepareHostPath(volume.hostPath)
    if (claimNameOf(pod, volume) !== undefined) return await this.#setUpClaim(volume, context, signal)
    if (volume.csi && this.#csi !== undefined) {
      if (!this.#claimed.has(volume.name))
        this.#claimed.set(volume.name, await this.#csi.setUp({ pod, volume, tokens: context.tokens }, signal))
      return
    }
    const path = this.pathOf(volume)
    if (volume.emptyDir) {
      const { medium = '', sizeLimit } = volume.emptyDir
      if (medium !== '' && medium !== 'Memory') throw new Error(`unsupported storage medium "${medium}"`)
      const fresh = await makeFolder(path, 0o777)
      if (medium === 'Memory' && !(await isMountPoint(path))) {
        await mountTmpfs(path, { mode: '1777', programs: true, sizeBytes: memoryVolumeBytes(pod, sizeLimit, context.node.memoryBytes) })
      } else if (!fresh) return
      if (fsGroup !== undefined) await chown(path, 0, fsGroup)
      // Mode of upstream's tmpfs: sticky, so that no user removes files of another.
      await chmod(path, (medium === 'Memory' ? 0o1777 : 0o777) | (fsGroup === undefined ? 0 : 0o2000))
      return
    }
    const files = await volumeFiles(volume, context, signal)
    if (!files) throw new Error(unsupportedVolume(volumeType(volume)))
    await makeFolder(path, 0o755)
    if (inMemory(volume) && !(await isMountPoint(path))) await mountTmpfs(path, { mode: '0755' })
    await writeAtomically(path, files, fsGroup)
  }

  async #setUpClaim(volume: Volume, { pod, claims, tokens }: VolumeContext, signal: AbortSignal): Promise<void> {
    const { name } = volume
    const staged = this.#claimed.get(name)
    const block = this.#blocks.get(name)
    // Again before each start of a container: it must not get what another program has put there.
    if (staged !== undefined && block !== undefined)
      await this.#local?.stageDevice(block, this.#directory, staged, signal, claimOf(pod, volume))
    if (staged !== undefined) return
    const persistent = await claims.volume(pod, volume, signal)
    const { metadata, spec } = persistent
    if (spec.csi != null && spec.csi.driver !== localDriver && this.#csi !== undefined) {
      this.#claimed.set(name, await this.#csi.setUp({ pod, volume, persistent, tokens }, signal))
      return
    }
    if (spec.csi?.driver === localDriver && this.#local !== undefined && spec.volumeMode === 'Block') {
      const path = join(this.#directory, 'volumes', 'kubernetes.io~csi', metadata.name ?? '', 'device')
      await this.#local.stageDevice(spec.csi.volumeHandle, this.#directory, path, signal, claimOf(pod, volume))
      this.#claimed.set(name, path)
      this.#blocks.set(name, spec.csi.volumeHandle)
      return
    }
    if (spec.volumeMode === 'Block') throw new Error('block volumes are not supported on this node, except those of CSI drivers')
    if (spec.hostPath != null) {
      await prepareHostPath(spec.hostPath)
      this.#claimed.set(name, spec.hostPath.path)
      return
    }
    if (spec.csi?.driver === localDriver && this.#local !== undefined) {
      const path = await this.#local.stage(spec.csi.volumeHandle, this.#directory, signal, claimOf(pod, volume))
      await ownForPod(path, pod)
      this.#claimed.set(name, path)
      return
    }
    if (spec.local == null) throw new Error(`persistent volume "${metadata.name}": ${unsupportedVolume(sourceOf(spec))}`)
    await prepareHostPath({ path: spec.local.path, type: 'Directory' })
    // The path may be a link: the ownership and the mount apply to its current target.
    const path = await realpath(spec.local.path)
    await ownForPod(path, pod)
    this.#claimed.set(name, path)
  }

  /** Unmounts and removes the pod's whole folder. */
  async tearDown(): Promise<void> {
    await this.#csi?.release(this.#directory)
    await unmountBelow(this.#directory)
    this.#claimed.clear()
    this.#blocks.clear()
    await this.#local?.release(this.#directory)
    await removePodFolder(this.#directory)
  }
}

const claimOf = (pod: Pod, volume: Volume): PodClaim => ({ namespace: pod.metadata.namespace ?? '', claim: claimNameOf(pod, volume) ?? '' })

/**
 * Resolves with whether it was missing. A link in its place, put there while no agent watched, is not ours: its target would be given to
 * the pod, written to or covered by a mount.
 */
async function makeFolder(path: string, mode: number): Promise<boolean> {
  const fresh = (await mkdir(path, { recursive: true, mode })) !== undefined
  if (!(await lstat(path)).isDirectory()) throw new Error(`"${path}" is a symbolic link`)
  return fresh
}

async function ownForPod(path: string, { spec }: Pod): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = spec.securityContext ?? {}
  if (fsGroup !== undefined) await ownVolume(path, fsGroup, fsGroupChangePolicy === 'OnRootMismatch')
}

function volumeType(volume: Volume): string {
  return Object.keys(volume).find(key => key !== 'name') ?? 'emptyDir'
}
