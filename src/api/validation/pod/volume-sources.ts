// The common sources of pod volumes and persistent volumes, each validated as upstream does.
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
} from '../../types/core-v1.ts'
import { exceedsBytes } from '../byte-length.ts'
import { dns1123Label, rangeMessage } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { validateNoBacksteps } from './paths-in-volumes.ts'

const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']
const managedDiskUris = ['/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}']
const blobDiskUris = ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd']

// Go's white space is that of ASCII, without the vertical tab.
const iqnPattern = /iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\t\n\f\r ]+$/
const euiPattern = /^eui.[A-Za-z0-9]{16}$/
const naaPattern = /^naa.[A-Za-z0-9]{32}$/

/** One `Required value` for each of the named fields that is empty. */
export function requireFields<T extends object>(source: T, path: string, errors: FieldError[], ...fields: (keyof T & string)[]): void {
  for (const field of fields) {
    const value = source[field]
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) errors.push(required(`${path}.${field}`))
  }
}

export function validateHostPath(source: HostPathVolumeSource, path: string, errors: FieldError[]): void {
  if (!source.path) {
    errors.push(required(`${path}.path`))
    return
  }
  validateNoBacksteps(source.path, `${path}.path`, errors)
  if (source.type !== undefined && !hostPathTypes.includes(source.type))
    errors.push(notSupported(`${path}.type`, source.type, hostPathTypes))
}

export function validatePartition(partition: number | undefined, path: string, errors: FieldError[]): void {
  if (partition !== undefined && (partition < 0 || partition > 255)) {
    errors.push(invalidValue(`${path}.partition`, partition, rangeMessage(1, 255)))
  }
}

export function validateNfs(source: NFSVolumeSource, path: string, errors: FieldError[]): void {
  requireFields(source, path, errors, 'server', 'path')
  if (!source.path?.startsWith('/')) errors.push(invalidValue(`${path}.path`, source.path ?? '', 'must be an absolute path'))
}

function hasIscsiShape(name: string): boolean {
  if (name.startsWith('iqn')) return iqnPattern.test(name)
  if (name.startsWith('eui')) return euiPattern.test(name)
  return naaPattern.test(name)
}

const hasIscsiPrefix = (name: string): boolean => /^(iqn|eui|naa)/.test(name)

type IscsiSource = Pick<ISCSIVolumeSource, 'targetPortal' | 'iqn' | 'lun' | 'chapAuthDiscovery' | 'chapAuthSession' | 'initiatorName'> & {
  readonly secretRef?: { readonly name?: string }
}

export const iscsiLengthMessage =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'

/** The initiator combines both to a name on the node. */
export function exceedsIscsiLength({ initiatorName, targetPortal }: IscsiSource, volumeName: string): boolean {
  return initiatorName !== undefined && exceedsBytes(`${volumeName}:${targetPortal ?? ''}`, 64)
}

/** Rules that apply only to persistent volumes, or to them in another way. */
interface IscsiPlace {
  /** The place's message for a name of an unknown family. */
  readonly wrongPrefix: string
  /** The name of the persistent volume. */
  readonly persistentVolume?: string
}

export function validateIscsi(
  source: IscsiSource,
  { wrongPrefix, persistentVolume }: IscsiPlace,
  path: string,
  errors: FieldError[],
): void {
  requireFields(source, path, errors, 'targetPortal')
  if (persistentVolume !== undefined && exceedsIscsiLength(source, persistentVolume)) {
    errors.push(invalidValue(`${path}.targetportal`, source.targetPortal ?? '', iscsiLengthMessage))
  }
  const validate = (name: string, at: string): void => {
    if (!hasIscsiPrefix(name)) errors.push(invalidValue(at, name, wrongPrefix))
    else if (!hasIscsiShape(name)) errors.push(invalidValue(at, name, 'must be valid format'))
  }
  if (!source.iqn) errors.push(required(`${path}.iqn`))
  else validate(source.iqn, `${path}.iqn`)
  const lun = source.lun ?? 0
  if (lun < 0 || lun > 255) errors.push(invalidValue(`${path}.lun`, lun, rangeMessage(0, 255)))
  if ((source.chapAuthDiscovery || source.chapAuthSession) && source.secretRef === undefined) errors.push(required(`${path}.secretRef`))
  if (persistentVolume !== undefined) validateSecretReference(source.secretRef, false, `${path}.secretRef`, errors)
  if (source.initiatorName !== undefined) validate(source.initiatorName, `${path}.initiatorname`)
}

export function validateFibreChannel(source: FCVolumeSource, path: string, errors: FieldError[]): void {
  const names = source.targetWWNs?.length ?? 0
  const ids = source.wwids?.length ?? 0
  if (names === 0 && ids === 0) {
    errors.push(required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'))
  }
  if (names > 0 && ids > 0) {
    errors.push(invalidValue(`${path}.targetWWNs`, source.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
  }
  if (names === 0) return
  if (source.lun === undefined) errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'))
  else if (source.lun < 0 || source.lun > 255) errors.push(invalidValue(`${path}.lun`, source.lun, rangeMessage(0, 255)))
}

export function validateQuobyte(source: QuobyteVolumeSource, path: string, errors: FieldError[]): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas'
  if (!source.registry) errors.push(required(`${path}.registry`, pairs))
  else if (exceedsBytes(source.tenant ?? '', 64)) {
    errors.push(required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'))
  } else {
    for (const pair of source.registry.split(',')) {
      if (!/^(\[[^\][]*\]|[^:\][]*):[^:\][]*$/.test(pair)) errors.push(invalidValue(`${path}.registry`, source.registry, pairs))
    }
  }
  requireFields(source, path, errors, 'volume')
}

export function validateFlocker(source: FlockerVolumeSource, path: string, errors: FieldError[]): void {
  if (!source.datasetName && !source.datasetUUID) errors.push(required(path, 'one of datasetName and datasetUUID is required'))
  if (source.datasetName && source.datasetUUID) {
    errors.push(invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  }
  if (source.datasetName?.includes('/')) errors.push(invalidValue(`${path}.datasetName`, source.datasetName, "must not contain '/'"))
}

export function validateFlexOptions(options: Readonly<Record<string, string>> | undefined, path: string, errors: FieldError[]): void {
  for (const key of Object.keys(options ?? {})) {
    const domain = `.${(key.split('/', 1)[0] ?? key).toLowerCase()}`
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')) {
      errors.push(invalidValue(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'))
    }
  }
}

export function validateAzureDisk(source: AzureDiskVolumeSource, path: string, errors: FieldError[]): void {
  requireFields(source, path, errors, 'diskName', 'diskURI')
  const uri = source.diskURI ?? ''
  const caching = ['None', 'ReadOnly', 'ReadWrite']
  if (source.cachingMode !== undefined && !caching.includes(source.cachingMode)) {
    errors.push(notSupported(`${path}.cachingMode`, source.cachingMode, caching))
  }
  const kinds = ['Dedicated', 'Managed', 'Shared']
  if (source.kind === undefined) return
  if (!kinds.includes(source.kind)) errors.push(notSupported(`${path}.kind`, source.kind, kinds))
  if (source.kind === 'Managed') {
    if (!uri.startsWith('/subscriptions/')) errors.push(notSupported(`${path}.diskURI`, uri, managedDiskUris))
  } else if (!uri.startsWith('https://')) errors.push(notSupported(`${path}.diskURI`, uri, blobDiskUris))
}

export function validateStorageOs(
  source: {
    readonly volumeName?: string
    readonly volumeNamespace?: string
    readonly secretRef?: { readonly name?: string; readonly namespace?: string }
  },
  namespacedSecret: boolean,
  path: string,
  errors: FieldError[],
): void {
  if (!source.volumeName) errors.push(required(`${path}.volumeName`))
  else pushMessages(errors, `${path}.volumeName`, source.volumeName, dns1123Label(source.volumeName))
  if (source.volumeNamespace) pushMessages(errors, `${path}.volumeNamespace`, source.volumeNamespace, dns1123Label(source.volumeNamespace))
  validateSecretReference(source.secretRef, namespacedSecret, `${path}.secretRef`, errors)
}

/** A reference requires a name, and a namespace if it crosses namespaces. */
export function validateSecretReference(
  reference: { readonly name?: string; readonly namespace?: string } | undefined,
  namespaced: boolean,
  path: string,
  errors: FieldError[],
): void {
  if (reference === undefined) return
  if (!reference.name) errors.push(required(`${path}.name`))
  if (namespaced && !reference.namespace) errors.push(required(`${path}.namespace`))
}
