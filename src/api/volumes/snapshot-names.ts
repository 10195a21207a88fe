// Names of kubernetes-csi/external-snapshotter that its controllers, drivers' sidecars and ours share.

export const snapshotGroup = 'snapshot.storage.k8s.io'

/** On a VolumeSnapshotClass that snapshots of its driver's volumes get without naming one. */
export const defaultSnapshotClassAnnotation = 'snapshot.storage.kubernetes.io/is-default-class'

/** On a VolumeSnapshot with a content. */
export const boundProtection = 'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection'
/** On a VolumeSnapshot from which a volume is being made. */
export const sourceProtection = 'snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection'
/** On a VolumeSnapshotContent until the snapshot in the storage is gone. */
export const contentProtection = 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'
/** On a claim of which a snapshot is being taken. */
export const claimSourceProtection = 'snapshot.storage.kubernetes.io/pvc-as-source-protection'

/** On a VolumeSnapshotContent: its VolumeSnapshot is being deleted, so the snapshot in the storage may be deleted. */
export const snapshotBeingDeleted = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted'
/** On a VolumeSnapshotContent while a call to the driver may be under way: the snapshot may exist without a handle. */
export const snapshotBeingCreated = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created'
/** On a VolumeSnapshotContent: the secret for its deletion. */
export const deletionSecretName = 'snapshot.storage.kubernetes.io/deletion-secret-name'
export const deletionSecretNamespace = 'snapshot.storage.kubernetes.io/deletion-secret-namespace'
/** On a VolumeSnapshotContent: volumes restored from it may have another mode than its source. */
export const allowVolumeModeChange = 'snapshot.storage.kubernetes.io/allow-volume-mode-change'
