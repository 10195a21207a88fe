// The capabilities of a volume as a driver wants them, from access modes and the volume mode. Pure.
import { csiAccessMode } from '../../base/csi/access-mode.ts'
import type { CsiWritten } from '../../base/csi/csi-methods.ts'

export type VolumeCapability = CsiWritten<'VolumeCapability'>

export interface VolumeForm {
  readonly accessModes: readonly string[]
  readonly volumeMode: string
  readonly fsType: string
  readonly mountOptions: readonly string[]
  /** The driver knows the difference between one pod and one node. */
  readonly knowsSinglePod: boolean
}

/** One for each access mode, as upstream's external-provisioner. */
export function volumeCapabilities({ accessModes, volumeMode, fsType, mountOptions, knowsSinglePod }: VolumeForm): VolumeCapability[] {
  return accessModes.map(mode => {
    const accessMode = { mode: csiAccessMode(mode, knowsSinglePod) }
    return volumeMode === 'Block' ? { block: {}, accessMode } : { mount: { fsType, mountFlags: mountOptions }, accessMode }
  })
}

/** Of an existing volume with several modes, the widest: upstream's external-attacher. */
export function attachedCapability(form: VolumeForm): VolumeCapability {
  const order = ['ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOncePod', 'ReadWriteOnce']
  const widest = order.find(mode => form.accessModes.includes(mode)) ?? 'ReadWriteOnce'
  // A reader of many nodes that may also be written by one is written by one at a time.
  const mode = widest === 'ReadOnlyMany' && form.accessModes.includes('ReadWriteOnce') ? 'ReadWriteMany' : widest
  return volumeCapabilities({ ...form, accessModes: [mode] })[0] ?? {}
}
