// Validation of a container's use of volumes: mounts and raw block devices.
import { type FieldError, forbiddenField, invalidValue, notFoundField, notSupported, required } from '../../field-error.ts'
import type { Container, EphemeralContainer, Volume, VolumeMount } from '../../types/core-v1.ts'
import { hasBacksteps, validateDescendingPath } from './paths-in-volumes.ts'

type Volumes = ReadonlyMap<string, Volume>

const propagations = ['Bidirectional', 'HostToContainer', 'None']
const recursiveModes = ['Disabled', 'Enabled', 'IfPossible']

/** Upstream names the list, not the mount, in the paths of subPath, mountPropagation and recursiveReadOnly. */
export function validateVolumeMounts(
  container: Container | EphemeralContainer,
  volumes: Volumes,
  path: string,
  errors: FieldError[],
): void {
  const mounts = container.volumeMounts
  if (mounts === undefined) return
  const devices = new Map(container.volumeDevices?.map(({ name = '', devicePath = '' }) => [name, devicePath]))
  const mountPaths = new Set<string>()
  for (const [index, mount] of mounts.entries()) {
    const { name = '', mountPath = '' } = mount
    const at = `${path}[${index}]`
    if (name === '') errors.push(required(`${at}.name`))
    const volume = volumes.get(name)
    if (volume === undefined) errors.push(notFoundField(`${at}.name`, name))
    if (mountPath === '') errors.push(required(`${at}.mountPath`))
    if (mountPaths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'))
    mountPaths.add(mountPath)
    if (devices.size > 0) rejectOverlapWithDevices({ name, mountPath }, devices, at, errors)
    if (volume?.image !== undefined) {
      const text = 'not allowed in image volume sources'
      if (mount.subPath) errors.push(invalidValue(`${at}.subPath`, mount.subPath, text))
      if (mount.subPathExpr) errors.push(invalidValue(`${at}.subPathExpr`, mount.subPathExpr, text))
    }
    if (mount.subPath) validateDescendingPath(mount.subPath, `${path}.subPath`, errors)
    if (mount.subPathExpr) {
      if (mount.subPath) {
        errors.push(invalidValue(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
      }
      validateDescendingPath(mount.subPathExpr, `${path}.subPathExpr`, errors)
    }
    validatePropagation(mount, container, `${path}.mountPropagation`, errors)
    validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`, errors)
  }
}

/** For a duplicate volume, upstream knows only the last path. */
type PathsByVolume = ReadonlyMap<string, string>

function rejectOverlapWithDevices(
  mount: Pick<VolumeMount, 'name' | 'mountPath'>,
  devices: PathsByVolume,
  path: string,
  errors: FieldError[],
): void {
  if (devices.has(mount.name)) {
    errors.push(invalidValue(`${path}.name`, mount.name, 'must not already exist in volumeDevices'))
  }
  if ([...devices.values()].includes(mount.mountPath)) {
    errors.push(invalidValue(`${path}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices'))
  }
}

function validatePropagation(mount: VolumeMount, container: Container | EphemeralContainer, path: string, errors: FieldError[]): void {
  const mode = mount.mountPropagation
  if (mode === undefined) return
  if (!propagations.includes(mode)) errors.push(notSupported(path, mode, propagations))
  if (mode === 'Bidirectional' && container.securityContext?.privileged !== true) {
    errors.push(forbiddenField(path, 'Bidirectional mount propagation is available only to privileged containers'))
  }
}

function validateRecursiveReadOnly(mount: VolumeMount, path: string, errors: FieldError[]): void {
  const mode = mount.recursiveReadOnly
  if (mode === undefined || mode === 'Disabled') return
  if (!recursiveModes.includes(mode)) {
    errors.push(notSupported(path, mode, recursiveModes))
    return
  }
  if (mount.readOnly !== true) errors.push(forbiddenField(path, 'may only be specified when readOnly is true'))
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
    errors.push(forbiddenField(path, 'may only be specified when mountPropagation is None or not specified'))
  }
}

export function validateVolumeDevices(
  container: Container | EphemeralContainer,
  volumes: Volumes,
  path: string,
  errors: FieldError[],
): void {
  const mounts: PathsByVolume = new Map(container.volumeMounts?.map(({ name = '', mountPath = '' }) => [name, mountPath]))
  const names = new Set<string>()
  const paths = new Set<string>()
  container.volumeDevices?.forEach(({ name = '', devicePath = '' }, index) => {
    const at = `${path}[${index}]`
    const volume = volumes.get(name)
    if (name === '') errors.push(required(`${at}.name`))
    if (names.has(name)) errors.push(invalidValue(`${at}.name`, name, 'must be unique'))
    if (volume === undefined) errors.push(notFoundField(`${at}.name`, name))
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      const text = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
      errors.push(invalidValue(`${at}.name`, name, text))
    }
    if (devicePath === '') errors.push(required(`${at}.devicePath`))
    if (paths.has(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, 'must be unique'))
    if (hasBacksteps(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    else paths.add(devicePath)
    if (mounts.has(name)) errors.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeMounts'))
    if ([...mounts.values()].includes(devicePath)) {
      errors.push(invalidValue(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'))
    }
    if (name !== '') names.add(name)
  })
}
