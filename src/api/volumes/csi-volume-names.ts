// Upstream's names for a volume of a CSI driver on a node, which controllers and nodes share.
import { createHash } from 'node:crypto'

/** The name of the VolumeAttachment, by which a node finds its own. */
export const attachmentName = (volumeId: string, driver: string, node: string): string =>
  `csi-${createHash('sha256').update(`${volumeId}${driver}${node}`).digest('hex')}`

/** The volume in a node's `volumesInUse`. */
export const inUseName = (driver: string, volumeId: string): string => `kubernetes.io/csi/${driver}^${volumeId}`
