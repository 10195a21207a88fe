// Why this node does not mount a volume of some type.
import type { PersistentVolumeSpec } from '../../api/types/core-v1.ts'

/** Without credentials of this node, root on any other machine could mount the same. */
const unauthenticated: Readonly<Record<string, string>> = {
  nfs: 'NFS without Kerberos or TLS does not authenticate the node; use a CSI driver that requests tokens',
  iscsi: 'iSCSI without CHAP does not authenticate the node, and this node makes no iSCSI logins; use a CSI driver that requests tokens',
}

/** `type`: the name of the source's field. */
export function unsupportedVolume(type: string): string {
  const why = Object.hasOwn(unauthenticated, type) ? `: ${unauthenticated[type]}` : ''
  return `volume type "${type}" is not supported on this node${why}`
}

/** What a PersistentVolume has besides its source. */
const noSources: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

/** The name of the field that says where the content is. */
export function sourceOf(spec: PersistentVolumeSpec): string {
  return Object.entries(spec).find(([key, value]) => !noSources.has(key) && value != null)?.[0] ?? 'none'
}
