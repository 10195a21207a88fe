// The capabilities of a volume as a driver wants them, from access modes and the volume mode. Pure.
import type { CsiWritten } from '../../base/csi/csi-methods.ts'

export type VolumeCapability = CsiWritten<'VolumeCapability'>
type Mode = NonNullable<CsiWritten<'AccessMode'>['mode']>

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
    const accessMode = { mode: modeOf(mode, knowsSinglePod) }
    return volumeMode === 'Block' ? { block: {}, accessMode } : { mount: { fsType, mountFlags: mountOptions }, accessMode }
  })
}

function modeOf(mode: string, knowsSinglePod: boolean): Mode {
  switch (mode) {
    case 'ReadOnlyMany':
      return 'MULTI_NODE_READER_ONLY'
    case 'ReadWriteMany':
      return 'MULTI_NODE_MULTI_WRITER'
    case 'ReadWriteOncePod':
      return knowsSinglePod ? 'SINGLE_NODE_SINGLE_WRITER' : 'SINGLE_NODE_WRITER'
    default:
      return knowsSinglePod ? 'SINGLE_NODE_MULTI_WRITER' : 'SINGLE_NODE_WRITER'
  }
}

/** Of an existing volume with several modes, the widest: upstream's external-attacher. */
export function attachedCapability(form: VolumeForm): VolumeCapability {
  const order = ['ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOncePod', 'ReadWriteOnce']
  const widest = order.find(mode => form.accessModes.includes(mode)) ?? 'ReadWriteOnce'
  // A reader of many nodes that may also be written by one is written by one at a time.
  const mode = widest === 'ReadOnlyMany' && form.accessModes.includes('ReadWriteOnce') ? 'ReadWriteMany' : widest
  return volumeCapabilities({ ...form, accessModes: [mode] })[0] ?? {}
}
