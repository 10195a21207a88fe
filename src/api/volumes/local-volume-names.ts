// Names that provisioner, node and scheduler share for volumes on nodes' own disks.

/** The provisioner of storage classes, and the driver of their volumes. */
export const localDriver = 'local.bulkhead.dev'
/** The storage class that each cluster has. */
export const localClassName = 'local'
/** Parameter of a class: `required` (default) or `none`. */
export const encryptionParameter = 'encryption'

/** On a LocalVolume until the key is erased: the node must not remove the content before. */
export const keyFinalizer = 'bulkhead.dev/volume-key'
/** On a LocalVolume until nothing of it is left on the node. */
export const nodeFinalizer = 'bulkhead.dev/volume-on-node'
/** On a PersistentVolume until its content is erased. */
export const volumeFinalizer = 'bulkhead.dev/local-volume'
/** On a LocalVolume: `namespace/name` of the claim that it was made for, and its uid. */
export const claimAnnotation = 'bulkhead.dev/claim'
export const claimUidAnnotation = 'bulkhead.dev/claim-uid'
/** On a LocalVolume that is a snapshot: `namespace/name` of its VolumeSnapshot. Its bytes count for that namespace. */
export const snapshotAnnotation = 'bulkhead.dev/snapshot'
/** On a claim that is to be restored or cloned: the node that has its source, where its pod must go. */
export const sourceNodeAnnotation = 'bulkhead.dev/source-node'
/** On a LocalVolume whose PersistentVolume was deleted with the policy Retain: only an administrator removes it. */
export const retainedAnnotation = 'bulkhead.dev/retained'

/** On a Node: what it has for volumes, as `NodeVolumes` in JSON. */
export const nodeVolumesAnnotation = 'bulkhead.dev/local-volumes'
/** On a CSIStorageCapacity of a node that cannot encrypt, for a class that requires it. */
export const cannotEncryptAnnotation = 'bulkhead.dev/cannot-encrypt'
/** The condition of a Node that says how it encrypts volumes. */
export const volumesEncryptedCondition = 'bulkhead.dev/VolumesEncrypted'
/** The namespace of CSIStorageCapacities. */
export const capacityNamespace = 'kube-system'

/** What a node has for volumes. */
export interface NodeVolumes {
  /** Free for new volumes. */
  readonly bytes: number
  /** The way of encryption; `none` if there is none. */
  readonly encryption: string
}
