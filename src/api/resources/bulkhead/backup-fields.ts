// Fields that Backup and BackupSchedule have in common.
import { isDeepStrictEqual } from 'node:util'
import { parseGoDuration } from '../../../base/config/go-duration.ts'
import { type FieldError, invalidValue } from '../../field-error.ts'

const targetForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export const targetName = (name: string | undefined): FieldError[] =>
  targetForm.test(name ?? '')
    ? []
    : [invalidValue('spec.target', name?.slice(0, 64), 'must be the name of a target: lower-case letters, digits and hyphens, at most 63')]

const leastMs = 60_000
const mostMs = 366 * 86_400_000

export function durationField(field: string, text: string | undefined): FieldError[] {
  if (text === undefined) return []
  const parsed = text.length > 64 ? undefined : parseGoDuration(text)
  return typeof parsed === 'number' && parsed >= leastMs && parsed <= mostMs
    ? []
    : [invalidValue(field, text.slice(0, 64), 'must be a duration from 1m to 8784h, such as 1h')]
}

/** A request that was begun cannot become another one. */
export const immutableSpec = (spec: unknown, old: unknown): FieldError[] =>
  isDeepStrictEqual(spec, old) ? [] : [invalidValue('spec', '', 'cannot be changed: create another Backup')]
