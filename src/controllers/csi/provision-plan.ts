// What a driver is asked for a claim, and the PersistentVolume that comes of its answer: upstream's external-provisioner. Pure.
import { integerValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { PersistentVolume, PersistentVolumeClaim, SecretReference as SecretRef } from '../../api/types/core-v1.ts'
import type { StorageClass } from '../../api/types/storage-v1.ts'
import type { VolumeAttributesClass } from '../../api/types/storage-v1beta1.ts'
import type { CsiAnswer, CsiRequest } from '../../base/csi/csi-methods.ts'
import { selectedNode } from '../../client/cache/volume-match.ts'
import { type SecretReference, secretReference, type TemplateValues } from '../volumes/secret-template.ts'
import type { CsiAbilities } from './csi-drivers.ts'
import { affinityOf, allSegments, type DriverNode, segmentsOf, topologyRequirement } from './topology.ts'
import { volumeCapabilities } from './volume-capability.ts'

/** On a claim while a volume of a driver may exist for it: a claim that is deleted meanwhile still gets its volume, which is then deleted. */
export const provisioningFinalizer = 'bulkhead.dev/csi-provisioning'
/** On a PersistentVolume until the driver has deleted the volume: upstream's name. */
export const csiVolumeFinalizer = 'external-provisioner.volume.kubernetes.io/finalizer'
export const provisionedBy = 'pv.kubernetes.io/provisioned-by'
export const deletionSecretName = 'volume.kubernetes.io/provisioner-deletion-secret-name'
export const deletionSecretNamespace = 'volume.kubernetes.io/provisioner-deletion-secret-namespace'
const provisionerAnnotation = 'volume.kubernetes.io/storage-provisioner'
const prefix = 'csi.storage.k8s.io/'
const fsTypeKey = `${prefix}fstype`

/** What the volume is to be filled with. */
export type CsiSource =
  | {
      readonly kind: 'snapshot'
      readonly handle: string
      readonly bytes: number
      readonly mode: string | undefined
      readonly mayChangeMode: boolean
    }
  | { readonly kind: 'volume'; readonly handle: string; readonly bytes: number; readonly mode: string }

export interface CsiProvisionView {
  readonly claim: PersistentVolumeClaim
  readonly storageClass: StorageClass
  readonly attributesClass: VolumeAttributesClass | undefined
  readonly abilities: CsiAbilities
  readonly source: CsiSource | undefined
  /** Nodes of the driver. */
  readonly nodes: readonly DriverNode[]
  /** The chosen node is of another trust domain than the claim's namespace: users may write the annotation that chooses it. */
  readonly isForeign: boolean
}

export type CsiProvisionStep =
  | { readonly step: 'refuse'; readonly message: string }
  /** The scheduler chooses another node. */
  | { readonly step: 'give-up'; readonly message: string }
  | {
      readonly step: 'create'
      readonly request: CsiRequest<'CreateVolume'>
      readonly secret: SecretReference | undefined
      /** Where the driver is called, if the pod's node is chosen. */
      readonly node: string | undefined
    }

/** The driver that the claim waits for; undefined if it waits for none. */
export function awaitedDriver({ metadata, spec }: PersistentVolumeClaim): string | undefined {
  const isWaiting = (spec.volumeName ?? '') === '' && (metadata.deletionTimestamp === undefined || isBegun({ metadata, spec }))
  return isWaiting ? metadata.annotations?.[provisionerAnnotation] : undefined
}

export const isBegun = ({ metadata }: PersistentVolumeClaim): boolean => metadata.finalizers?.includes(provisioningFinalizer) === true
export const csiVolumeName = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid}`
const bytesOf = ({ spec }: PersistentVolumeClaim): number =>
  Number(integerValue(parseQuantity(spec.resources?.requests?.['storage'] ?? '0')))
const modeOf = ({ spec }: PersistentVolumeClaim): string => spec.volumeMode ?? 'Filesystem'

export function planCsiProvision(view: CsiProvisionView): CsiProvisionStep {
  const { claim, storageClass, attributesClass, abilities, source, nodes } = view
  const refuse = (message: string): CsiProvisionStep => ({ step: 'refuse', message })
  const driver = storageClass.provisioner
  if (!abilities.controller.has('CREATE_DELETE_VOLUME')) return refuse(`driver "${driver}" cannot create volumes`)
  const unfit = whySourceUnfit(view)
  if (unfit !== undefined) return refuse(unfit)
  const className = claim.spec.volumeAttributesClassName ?? ''
  if (className !== '') {
    if (attributesClass === undefined) return refuse(`volumeattributesclass.storage.k8s.io "${className}" not found`)
    if (attributesClass.driverName !== driver)
      return refuse(
        `VolumeAttributesClass "${className}" is of driver "${attributesClass.driverName}", and the storage class of "${driver}"`,
      )
    if (!abilities.controller.has('MODIFY_VOLUME')) return refuse(`driver "${driver}" does not support a VolumeAttributesClass`)
  }
  const secret = secretReference(
    storageClass.parameters ?? {},
    `${prefix}provisioner-secret-name`,
    `${prefix}provisioner-secret-namespace`,
    templateValues(claim),
  )
  if (typeof secret === 'string') return refuse(secret)
  const node = claim.metadata.annotations?.[selectedNode]
  const chosen = nodes.find(each => each.node.metadata.name === node)
  if (node !== undefined && chosen === undefined) return { step: 'give-up', message: `driver "${driver}" is not on node "${node}"` }
  if (view.isForeign) return { step: 'give-up', message: `node "${node}" belongs to another trust domain` }
  let accessibilityRequirements: CsiRequest<'CreateVolume'>['accessibilityRequirements']
  if (abilities.hasTopology) {
    const place = chosen && segmentsOf(chosen, driver)
    if (chosen !== undefined && place === undefined)
      return { step: 'give-up', message: `node "${node}" lacks labels of the topology of driver "${driver}"` }
    const segments = allSegments(nodes, driver)
    if (segments.length > 0) {
      accessibilityRequirements = topologyRequirement(segments, storageClass.allowedTopologies ?? [], place)
      if (accessibilityRequirements === undefined) {
        const message = `no node of driver "${driver}" is within the allowedTopologies of the storage class`
        return node === undefined ? refuse(message) : { step: 'give-up', message }
      }
    }
  }
  return {
    step: 'create',
    secret,
    node,
    request: {
      name: csiVolumeName(claim),
      capacityRange: { requiredBytes: bytesOf(claim) },
      volumeCapabilities: volumeCapabilities({
        accessModes: claim.spec.accessModes ?? [],
        volumeMode: modeOf(claim),
        fsType: storageClass.parameters?.[fsTypeKey] ?? '',
        mountOptions: storageClass.mountOptions ?? [],
        knowsSinglePod: abilities.controller.has('SINGLE_NODE_MULTI_WRITER'),
      }),
      parameters: driverParameters(storageClass),
      ...(source === undefined ? {} : { volumeContentSource: contentSource(source) }),
      ...(accessibilityRequirements === undefined ? {} : { accessibilityRequirements }),
      ...(attributesClass === undefined ? {} : { mutableParameters: attributesClass.parameters ?? {} }),
    },
  }
}

function whySourceUnfit({ claim, storageClass, abilities, source }: CsiProvisionView): string | undefined {
  if (source === undefined) return undefined
  const ability = source.kind === 'snapshot' ? 'CREATE_DELETE_SNAPSHOT' : 'CLONE_VOLUME'
  if (!abilities.controller.has(ability)) return `driver "${storageClass.provisioner}" cannot make volumes from a ${source.kind}`
  if (bytesOf(claim) < source.bytes) return `requested size ${bytesOf(claim)} is less than the size ${source.bytes} of the source`
  const mayDiffer = source.kind === 'snapshot' && (source.mayChangeMode || source.mode === undefined)
  if (!mayDiffer && source.mode !== modeOf(claim)) return `the source has volumeMode ${source.mode}, and the claim ${modeOf(claim)}`
  return undefined
}

const contentSource = ({ kind, handle }: CsiSource): NonNullable<CsiRequest<'CreateVolume'>['volumeContentSource']> =>
  kind === 'snapshot' ? { snapshot: { snapshotId: handle } } : { volume: { volumeId: handle } }

/** Those that are not meant for Kubernetes. */
const driverParameters = ({ parameters = {} }: StorageClass): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).filter(([key]) => !key.startsWith(prefix)))

/** A tenant chooses the name of a claim and its annotations: they are no part of a namespace. */
function templateValues(claim: PersistentVolumeClaim, withAnnotations = false): TemplateValues {
  const namespace = { 'pv.name': csiVolumeName(claim), 'pvc.namespace': claim.metadata.namespace ?? '' }
  const annotations = withAnnotations
    ? Object.entries(claim.metadata.annotations ?? {}).map(([key, value]) => [`pvc.annotations['${key}']`, value] as const)
    : []
  return { namespace, name: { ...namespace, 'pvc.name': claim.metadata.name ?? '', ...Object.fromEntries(annotations) } }
}

const secretFields = [
  ['controllerPublishSecretRef', 'controller-publish'],
  ['nodeStageSecretRef', 'node-stage'],
  ['nodePublishSecretRef', 'node-publish'],
  ['controllerExpandSecretRef', 'controller-expand'],
  ['nodeExpandSecretRef', 'node-expand'],
] as const

type SecretRefs = Partial<Record<(typeof secretFields)[number][0], SecretRef>>

/** A text says what is wrong with the class. */
export function volumeSecrets(claim: PersistentVolumeClaim, { parameters = {} }: StorageClass): SecretRefs | string {
  const found: SecretRefs = {}
  for (const [field, name] of secretFields) {
    const reference = secretReference(
      parameters,
      `${prefix}${name}-secret-name`,
      `${prefix}${name}-secret-namespace`,
      templateValues(claim, true),
    )
    if (typeof reference === 'string') return reference
    if (reference !== undefined) found[field] = reference
  }
  return found
}

/** Why the driver's answer cannot be used; the volume must be deleted then. */
export function whyWrongVolume(
  answer: CsiAnswer<'CreateVolume'>,
  claim: PersistentVolumeClaim,
  source: CsiSource | undefined,
): string | undefined {
  const { volume } = answer
  if (volume === undefined || volume.volumeId === '') return 'the driver answered without a volume'
  if (volume.capacityBytes !== 0 && volume.capacityBytes < bytesOf(claim))
    return `created volume capacity ${volume.capacityBytes} less than requested capacity ${bytesOf(claim)}`
  // Older drivers ignore a source, and make an empty volume.
  if (source !== undefined && volume.contentSource === undefined) return 'the driver has not filled the volume from its source'
  return undefined
}

export function newCsiVolume(
  { claim, storageClass }: Pick<CsiProvisionView, 'claim' | 'storageClass'>,
  volume: NonNullable<CsiAnswer<'CreateVolume'>['volume']>,
  secret: SecretReference | undefined,
  secretRefs: SecretRefs,
): PersistentVolume {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = claim.metadata
  const { parameters = {}, mountOptions = [], provisioner } = storageClass
  const affinity = affinityOf(volume.accessibleTopology)
  const deletion: Record<string, string> =
    secret === undefined ? {} : { [deletionSecretName]: secret.name, [deletionSecretNamespace]: secret.namespace }
  const attributes = claim.spec.volumeAttributesClassName ?? ''
  const fsType = parameters[fsTypeKey]
  return {
    metadata: {
      name: csiVolumeName(claim),
      annotations: { [provisionedBy]: provisioner, ...deletion },
      finalizers: ['kubernetes.io/pv-protection', csiVolumeFinalizer],
    },
    spec: {
      accessModes: claim.spec.accessModes ?? [],
      capacity: {
        storage: volume.capacityBytes === 0 ? (claim.spec.resources?.requests?.['storage'] ?? '0') : quantityOf(volume.capacityBytes),
      },
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion },
      csi: {
        driver: provisioner,
        volumeHandle: volume.volumeId,
        ...(fsType === undefined || modeOf(claim) === 'Block' ? {} : { fsType }),
        ...(Object.keys(volume.volumeContext).length === 0 ? {} : { volumeAttributes: { ...volume.volumeContext } }),
        ...secretRefs,
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name ?? '',
      volumeMode: modeOf(claim),
      ...(mountOptions.length === 0 ? {} : { mountOptions }),
      ...(affinity === undefined ? {} : { nodeAffinity: affinity }),
      ...(attributes === '' ? {} : { volumeAttributesClassName: attributes }),
    },
  }
}

const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'] as const

/** Bytes with the largest unit that shows them exactly. */
export function quantityOf(bytes: number): string {
  let [value, unit] = [bytes, 0]
  while (value > 0 && value % 1024 === 0 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${value}${units[unit]}`
}
