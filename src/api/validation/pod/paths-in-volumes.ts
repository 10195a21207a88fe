// Rules for paths inside volumes and images: none leads up the tree and, where stated, none is absolute.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { KeyToPath } from '../../types/core-v1.ts'

const fileModeMessage = 'must be a number between 0 and 0777 (octal), both inclusive'

export function validateFileMode(mode: number | undefined, path: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode > 0o777 || mode < 0)) errors.push(invalidValue(path, mode, fileModeMessage))
}

export function hasBacksteps(target: string): boolean {
  return target.includes('..') && target.split('/').includes('..')
}

export function validateNoBacksteps(target: string, path: string, errors: FieldError[]): void {
  if (hasBacksteps(target)) errors.push(invalidValue(path, target, "must not contain '..'"))
}

/** Relative, and downwards. */
export function validateDescendingPath(target: string, path: string, errors: FieldError[]): void {
  if (target.startsWith('/')) errors.push(invalidValue(path, target, 'must be a relative path'))
  validateNoBacksteps(target, path, errors)
}

/** As above; names that begin with two dots are reserved for the kubelet's atomic writer. */
export function validateNonReservedPath(target: string, path: string, errors: FieldError[]): void {
  validateDescendingPath(target, path, errors)
  if (target.startsWith('..') && !target.startsWith('../')) {
    errors.push(invalidValue(path, target, "must not start with '..'"))
  }
}

/** One key of a ConfigMap or Secret and its file. */
export function validateKeyToPath(item: KeyToPath, path: string, errors: FieldError[]): void {
  if (!item.key) errors.push(required(`${path}.key`))
  if (!item.path) errors.push(required(`${path}.path`))
  validateNonReservedPath(item.path ?? '', `${path}.path`, errors)
  validateFileMode(item.mode, `${path}.mode`, errors)
}
