// The mode of CSI for an access mode of a volume, as upstream's sidecars and kubelet translate it.
import type { CsiWritten } from './csi-methods.ts'

/** `knowsSinglePod`: the driver has SINGLE_NODE_MULTI_WRITER, so it knows the difference between one pod and one node. */
export function csiAccessMode(mode: string | undefined, knowsSinglePod: boolean): NonNullable<CsiWritten<'AccessMode'>['mode']> {
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
