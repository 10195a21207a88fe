// Validation of projected volumes, and of downward API files, which downward API volumes have too.
import { type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import type { DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, VolumeProjection } from '../../types/core-v1.ts'
import { validateFieldRef, validateResourceFieldRef, volumeFieldPaths } from './field-references.ts'
import { validateFileMode, validateKeyToPath, validateNonReservedPath } from './paths-in-volumes.ts'

const maxTokenSeconds = 2 ** 32

/** Upstream reports files of the downward API with the path of the volume, not of the file. */
export function validateDownwardApiFile(file: DownwardAPIVolumeFile, path: string, errors: FieldError[]): void {
  if (!file.path) errors.push(required(`${path}.path`))
  validateNonReservedPath(file.path ?? '', `${path}.path`, errors)
  if (file.fieldRef !== undefined) {
    validateFieldRef(file.fieldRef, volumeFieldPaths, `${path}.fieldRef`, errors)
    if (file.resourceFieldRef !== undefined) {
      errors.push(invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    }
  } else if (file.resourceFieldRef !== undefined) validateResourceFieldRef(file.resourceFieldRef, true, `${path}.resourceFieldRef`, errors)
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
  validateFileMode(file.mode, `${path}.mode`, errors)
}

export function validateProjectedVolume(volume: ProjectedVolumeSource, path: string, errors: FieldError[]): void {
  validateFileMode(volume.defaultMode, `${path}.defaultMode`, errors)
  const paths = new Set<string>()
  volume.sources?.forEach((source, index) => {
    validateProjection(source, path, `${path}.sources[${index}]`, paths, errors)
  })
}

function validateProjection(source: VolumeProjection, volumePath: string, path: string, paths: Set<string>, errors: FieldError[]): void {
  const claim = (file: string, shown: string): void => {
    if (file === '') return
    if (paths.has(file)) errors.push(invalidValue(volumePath, shown, 'conflicting duplicate paths'))
    paths.add(file)
  }
  const validateItems = (items: readonly KeyToPath[] | undefined, name: string, at: string): void => {
    if (name === '') errors.push(required(`${at}.name`))
    items?.forEach((item, index) => {
      validateKeyToPath(item, `${at}.items[${index}]`, errors)
      claim(item.path ?? '', name)
    })
  }
  let count = 0
  if (source.secret !== undefined) {
    count++
    validateItems(source.secret.items, source.secret.name ?? '', `${path}.secret`)
  }
  if (source.configMap !== undefined) {
    count++
    validateItems(source.configMap.items, source.configMap.name ?? '', `${path}.configMap`)
  }
  if (source.downwardAPI !== undefined) {
    count++
    for (const file of source.downwardAPI.items ?? []) {
      validateDownwardApiFile(file, `${path}.downwardAPI`, errors)
      claim(file.path ?? '', file.path ?? '')
    }
  }
  if (source.serviceAccountToken !== undefined) {
    count++
    const { expirationSeconds = 0, path: file } = source.serviceAccountToken
    const at = `${path}.serviceAccountToken.expirationSeconds`
    if (expirationSeconds < 600) errors.push(invalidValue(at, expirationSeconds, 'may not specify a duration less than 10 minutes'))
    if (expirationSeconds > maxTokenSeconds) {
      errors.push(invalidValue(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
    }
    if (!file) errors.push(required(`${volumePath}.path`))
    else validateNonReservedPath(file, `${volumePath}.path`, errors)
  }
  if (count > 1) errors.push(forbiddenField(path, 'may not specify more than 1 volume type per source'))
}
