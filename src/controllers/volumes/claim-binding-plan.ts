// The next step for a claim: upstream's persistentvolume-controller, syncClaim. Pure.
import { defaultClassName, defaultStorageClassMarkers } from '../../api/default-class.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import type { StorageClass } from '../../api/types/storage-v1.ts'
import {
  bindCompleted,
  boundByController,
  claimClass,
  isVolumeOf,
  matchingVolume,
  namesClass,
  selectedNode,
  whyUnfit,
} from '../../client/cache/volume-match.ts'

export interface ClaimEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export type ClaimStep =
  | { readonly step: 'bind'; readonly volume: PersistentVolume }
  /** It stays Pending. */
  | { readonly step: 'wait'; readonly event?: ClaimEvent }
  /** Another component creates the volume: the provisioner in the annotations. */
  | { readonly step: 'provision'; readonly provisioner: string; readonly event: ClaimEvent }
  | { readonly step: 'take-class'; readonly className: string }
  | { readonly step: 'lose'; readonly event: ClaimEvent }

export interface ClaimView {
  readonly claim: PersistentVolumeClaim
  /** Volumes of its class, those created for it, and the one that it names. */
  readonly volumes: readonly PersistentVolume[]
  readonly classes: readonly StorageClass[]
  /** Names of volumes that were bound just now, which the cache may not show yet. */
  readonly taken?: ReadonlySet<string>
}

const warn = (reason: string, message: string): ClaimEvent => ({ type: 'Warning', reason, message })
const tell = (reason: string, message: string): ClaimEvent => ({ type: 'Normal', reason, message })

export function planClaim(view: ClaimView): ClaimStep {
  const { claim, volumes } = view
  const { volumeName = '' } = claim.spec
  const volume = volumes.find(({ metadata }) => metadata.name === volumeName)
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return planBound(claim, volume)
  if (volumeName !== '') return planNamed(claim, volumeName, volume)
  return planUnbound(view)
}

function planUnbound({ claim, volumes, classes, taken }: ClaimView): ClaimStep {
  const className = claimClass(claim)
  const storageClass = classes.find(({ metadata }) => metadata.name === className)
  const waits = waitsForConsumer(claim, storageClass)
  const volume = matchingVolume(claim, volumes, { onlyPrebound: waits, ...(taken && { taken }) })
  if (volume !== undefined) return { step: 'bind', volume }
  if (!namesClass(claim)) {
    const byDefault = defaultClassName(classes, defaultStorageClassMarkers)
    if (byDefault !== undefined) return { step: 'take-class', className: byDefault }
  }
  if (waits) return { step: 'wait', event: tell('WaitForFirstConsumer', 'waiting for first consumer to be created before binding') }
  if (className === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set'
    return { step: 'wait', event: tell('FailedBinding', message) }
  }
  if (storageClass === undefined) {
    return { step: 'wait', event: warn('ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`) }
  }
  const { provisioner } = storageClass
  // Names with this prefix are upstream's own plug-ins, which do not exist here.
  if (provisioner.startsWith('kubernetes.io/')) {
    return { step: 'wait', event: warn('ProvisioningFailed', `no volume plugin matched name: ${provisioner}`) }
  }
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. ` +
    'If volume creation is delayed, please verify that the provisioner is running and correctly registered.'
  return { step: 'provision', provisioner, event: tell('ExternalProvisioning', message) }
}

/** Before a pod that uses the claim has a node, only a volume created for the claim is bound. */
export function waitsForConsumer({ metadata }: PersistentVolumeClaim, storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && metadata.annotations?.[selectedNode] === undefined
}

/** The claim names its volume. */
function planNamed(claim: PersistentVolumeClaim, name: string, volume: PersistentVolume | undefined): ClaimStep {
  // Upstream reports nothing here, and the claim stays Pending without a reason.
  if (volume === undefined) return { step: 'wait', event: warn('FailedBinding', `volume "${name}" not found`) }
  if (volume.spec.claimRef == null) {
    const why = whyUnfit(volume, claim)
    if (why === undefined) return { step: 'bind', volume }
    return { step: 'wait', event: warn('VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`) }
  }
  if (isVolumeOf(volume, claim)) return { step: 'bind', volume }
  return { step: 'wait', event: warn('FailedBinding', `volume "${name}" already bound to a different claim.`) }
}

/** It was bound before: if the volume is missing now, its data is lost. */
function planBound({ metadata, spec }: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimStep {
  if (spec.volumeName === undefined || spec.volumeName === '') {
    const message = 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!'
    return { step: 'lose', event: warn('ClaimLost', message) }
  }
  if (volume === undefined) {
    return { step: 'lose', event: warn('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!') }
  }
  if (volume.spec.claimRef == null || volume.spec.claimRef.uid === metadata.uid) return { step: 'bind', volume }
  const message = 'Two claims are bound to the same volume, this one is bound incorrectly'
  return { step: 'lose', event: warn('ClaimMisbound', message) }
}

const provisionerAnnotations = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner']

/** The claim with the provisioner that creates its volume; the same object if it is already set. */
export function withProvisioner(claim: PersistentVolumeClaim, provisioner: string): PersistentVolumeClaim {
  const { annotations } = claim.metadata
  if (provisionerAnnotations.every(name => annotations?.[name] === provisioner)) return claim
  const added = Object.fromEntries(provisionerAnnotations.map(name => [name, provisioner]))
  return { ...claim, metadata: { ...claim.metadata, annotations: { ...annotations, ...added } } }
}

/** The claim with its volume; the same object if it has it. */
export function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const { name = '' } = volume.metadata
  const named = claim.spec.volumeName !== undefined && claim.spec.volumeName !== ''
  if (named && claim.metadata.annotations?.[bindCompleted] !== undefined) return claim
  const annotations = { ...claim.metadata.annotations, [bindCompleted]: 'yes', ...(named ? {} : { [boundByController]: 'yes' }) }
  return { ...claim, metadata: { ...claim.metadata, annotations }, spec: { ...claim.spec, volumeName: name } }
}
