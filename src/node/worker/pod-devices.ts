// The devices of one container: the block volumes of its pod.
import { lstat } from 'node:fs/promises'
import type { Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { ContainerConfigError } from '../container/environment.ts'
import type { Device } from '../cri/messages.ts'
import type { AnyContainer, PodVolumeSet } from './pod-node.ts'

export interface DeviceInput {
  readonly pod: Pod
  readonly container: AnyContainer
  readonly volumes: PodVolumeSet
}

/** Rejects with ContainerConfigError if a volume is not there as a block device. */
export async function containerDevices({ pod, container, volumes }: DeviceInput): Promise<Device[]> {
  const devices: Device[] = []
  for (const { name, devicePath } of container.volumeDevices ?? []) {
    const refuse = (why: string) =>
      new ContainerConfigError(`cannot pass volume ${writeJson(name)} into container ${writeJson(container.name)} as a device: ${why}`)
    const volume = pod.spec.volumes?.find(each => each.name === name)
    if (volume === undefined) throw refuse('the pod has no volume of this name')
    const hostPath = volumes.pathOf(volume)
    // A missing file is no device either.
    const found = await lstat(hostPath).catch(() => undefined)
    if (found?.isBlockDevice() !== true) throw refuse('it is not a block volume (volumeMode "Block" of its claim)')
    devices.push({ containerPath: devicePath, hostPath, permissions: volume.persistentVolumeClaim?.readOnly === true ? 'mr' : 'mrw' })
  }
  return devices
}
