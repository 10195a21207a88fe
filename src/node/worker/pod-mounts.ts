// The mounts of one container: its volumes, safely opened subPaths, files below /etc, and the termination log.
import { chmod, lstat, mkdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { ContainerConfigError } from '../container/environment.ts'
import { expandStrictly } from '../container/expand.ts'
import type { Mount } from '../cri/messages.ts'
import { isMountPoint, mountTmpfs, unmount } from '../machine/mount-table.ts'
import { checkSubPath, mountSubPath, SubPathError } from '../volumes/sub-path.ts'
import type { AnyContainer, PodVolumeSet } from './pod-node.ts'

const propagations: ReadonlyMap<string, NonNullable<Mount['propagation']>> = new Map([
  ['None', 'PROPAGATION_PRIVATE'],
  ['HostToContainer', 'PROPAGATION_HOST_TO_CONTAINER'],
  ['Bidirectional', 'PROPAGATION_BIDIRECTIONAL'],
])

export interface MountInput {
  readonly pod: Pod
  readonly container: AnyContainer
  readonly attempt: number
  /** `<node>/pods/<uid>`. */
  readonly directory: string
  readonly volumes: PodVolumeSet
  readonly environment: ReadonlyMap<string, string>
  /** Files that the node writes for the container, by path: the runtime's own copies would be unbounded files on the disk. */
  readonly given: ReadonlyMap<string, string>
}

/** Rejects with ContainerConfigError or SubPathError. */
export async function containerMounts(input: MountInput): Promise<Mount[]> {
  const { pod, container, attempt, directory, volumes, environment, given } = input
  const mounts: Mount[] = []
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name)
    if (!volume)
      throw new ContainerConfigError(`cannot find volume ${writeJson(mount.name)} to mount into container ${writeJson(container.name)}`)
    if (mount.recursiveReadOnly === 'Enabled') throw new ContainerConfigError('the runtime does not support recursive read-only mounts')
    let hostPath = volumes.pathOf(volume)
    // The node's own name for devices: other paths may be on storage that does not answer.
    if (claimNameOf(pod, volume) !== undefined && basename(hostPath) === 'device' && (await isBlockDevice(hostPath)))
      throw new ContainerConfigError(
        `cannot mount volume ${writeJson(mount.name)} into container ${writeJson(container.name)}: it is a block device, for volumeDevices`,
      )
    const subPath = subPathOf(mount, environment)
    if (subPath !== undefined) {
      checkSubPath(subPath)
      const target = join(directory, 'volume-subpaths', volume.name, container.name, String(index))
      // The folder may have been replaced since the last start; that container has its own copy of the mount.
      if (await isMountPoint(target)) await unmount(target)
      await mountSubPath(hostPath, subPath, target).catch(cause => {
        if (cause instanceof SubPathError) throw cause
        throw new SubPathError(
          `failed to create subPath directory for volumeMount ${writeJson(mount.name)} of container ${writeJson(container.name)}`,
          { cause },
        )
      })
      hostPath = target
    }
    const fromApi = volume.configMap || volume.secret || volume.projected || volume.downwardAPI
    const propagation = propagations.get(mount.mountPropagation ?? 'None') ?? 'PROPAGATION_PRIVATE'
    mounts.push({
      containerPath: absolute(mount.mountPath),
      hostPath,
      readonly:
        (mount.readOnly ?? false) ||
        fromApi !== undefined ||
        volume.persistentVolumeClaim?.readOnly === true ||
        volume.csi?.readOnly === true,
      propagation,
    })
  }
  await boundGivenFiles(directory, Buffer.byteLength([...given.values()].join('')))
  for (const [path, content] of given) {
    if (mounts.some(({ containerPath }) => containerPath === path)) continue
    const hostPath = join(directory, givenFiles, path.slice(1).replaceAll('/', '-'))
    await writeFile(hostPath, content, { mode: 0o644 })
    mounts.push({ containerPath: path, hostPath, readonly: container.securityContext?.readOnlyRootFilesystem ?? false })
  }
  await makeRoom(directory, container.name, attempt)
  const message = terminationMessageFile(directory, container.name, attempt)
  await mkdir(dirname(message), { recursive: true, mode: 0o711 })
  await writeFile(message, '', { flag: 'a' })
  // The container must be able to write it, whatever its user.
  await chmod(message, 0o666)
  mounts.push({ containerPath: container.terminationMessagePath || '/dev/termination-log', hostPath: message, readonly: false })
  return mounts
}

async function isBlockDevice(path: string): Promise<boolean> {
  // What is missing is reported by the mount.
  return (await lstat(path).catch(() => undefined))?.isBlockDevice() === true
}

/** The folder of files that a pod's containers may write and that are in no volume. */
const givenFiles = 'files'
/** Their common size limit, above the initial content. */
const maxGivenBytes = 2 ** 20
/** Size limit of a termination message. */
export const maxMessageLength = 4096

export function terminationMessageFile(directory: string, container: string, attempt: number): string {
  return join(directory, givenFiles, 'messages', container, `${attempt}.message`)
}

/** In memory, which the containers' own limits count, and of a fixed size, so that no container fills the node's disk through them. */
async function boundGivenFiles(directory: string, bytes: number): Promise<void> {
  const path = join(directory, givenFiles)
  await mkdir(path, { recursive: true, mode: 0o711 })
  if (!(await isMountPoint(path))) await mountTmpfs(path, { mode: '0711', sizeBytes: maxGivenBytes + bytes })
}

/** Of earlier runs' messages, only the beginning of the last one is read. */
async function makeRoom(directory: string, container: string, attempt: number): Promise<void> {
  await rm(terminationMessageFile(directory, container, attempt - 2), { force: true })
  const last = terminationMessageFile(directory, container, attempt - 1)
  // The first run of a container has no earlier one.
  const { size } = await stat(last).catch(() => ({ size: 0 }))
  if (size > maxMessageLength) await truncate(last, maxMessageLength)
}

function subPathOf(
  { subPath, subPathExpr }: { subPath?: string; subPathExpr?: string },
  environment: ReadonlyMap<string, string>,
): string | undefined {
  if (subPathExpr) {
    try {
      return expandStrictly(subPathExpr, environment)
    } catch (cause) {
      throw new ContainerConfigError(cause instanceof Error ? cause.message : String(cause), { cause })
    }
  }
  return subPath || undefined
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}
