// The CSIStorageCapacities of one node: what the scheduler may count on, for each class. Pure.
import { createHash } from 'node:crypto'
import type { Node } from '../../api/types/core-v1.ts'
import type { CSIStorageCapacity, StorageClass } from '../../api/types/storage-v1.ts'
import {
  cannotEncryptAnnotation,
  capacityNamespace,
  encryptionParameter,
  localDriver,
  type NodeVolumes,
  nodeVolumesAnnotation,
} from '../../api/volumes/local-volume-names.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'

const maxAnnotation = 1024

/** Undefined if the node reports nothing, or nothing that can be understood. */
export function nodeVolumesOf({ metadata }: Node): NodeVolumes | undefined {
  const text = metadata.annotations?.[nodeVolumesAnnotation] ?? ''
  if (text === '' || text.length > maxAnnotation) return undefined
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    // A node wrote it.
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  const { bytes, encryption } = value
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0 || typeof encryption !== 'string') return undefined
  return { bytes, encryption }
}

export const capacityName = (node: string, storageClass: string): string =>
  `local-${createHash('sha256').update(`${node}\0${storageClass}`).digest('hex').slice(0, 20)}`

/** Whether it is one of this node's, and of this driver's. */
export const isCapacityOf = ({ nodeTopology, metadata, storageClassName }: CSIStorageCapacity, node: string): boolean =>
  nodeTopology?.matchLabels?.['kubernetes.io/hostname'] === node && metadata.name === capacityName(node, storageClassName)

export function capacitiesOf(node: Node, classes: readonly StorageClass[]): CSIStorageCapacity[] {
  const has = nodeVolumesOf(node)
  const { name = '' } = node.metadata
  if (has === undefined || node.metadata.deletionTimestamp !== undefined) return []
  return classes
    .filter(({ provisioner }) => provisioner === localDriver)
    .map(({ metadata, parameters }) => {
      const cannot = has.encryption === 'none' && parameters?.[encryptionParameter] !== 'none'
      const bytes = String(cannot ? 0 : has.bytes)
      return {
        metadata: {
          name: capacityName(name, metadata.name ?? ''),
          namespace: capacityNamespace,
          ...(cannot ? { annotations: { [cannotEncryptAnnotation]: 'true' } } : {}),
        },
        nodeTopology: { matchLabels: { 'kubernetes.io/hostname': name } },
        storageClassName: metadata.name ?? '',
        capacity: bytes,
        maximumVolumeSize: bytes,
      }
    })
}
