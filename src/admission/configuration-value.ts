// Values of a settings file, each with its path; a value of the wrong type is a UserError.
import { UserError } from '../base/user-error.ts'
import { writeJson } from '../base/write-json.ts'

export type Json = Readonly<Record<string, unknown>>

/** Limit of items in a settings file. */
const maxConfiguredItems = 1000

/** The fault of a value, for readers of other kinds of files. */
export class ConfigurationFault extends UserError {
  readonly fault: string

  constructor(fault: string) {
    super(`admission configuration: ${fault}`)
    this.fault = fault
  }
}

export const fail = (at: string, why: string): never => {
  throw new ConfigurationFault(`${at} ${why}`)
}

export function mapping(value: unknown, at: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(at, 'must be a mapping')
  return value as Json
}

export function items(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return fail(at, 'must be a list')
  if (value.length > maxConfiguredItems) return fail(at, `has ${value.length} items, the limit is ${maxConfiguredItems}`)
  return value
}

export function text(value: unknown, at: string): string {
  return typeof value === 'string' ? value : fail(at, `must be a text, got ${writeJson(value)}`)
}

export function positive(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  return fail(at, `must be a whole number above 0, got ${writeJson(value)}`)
}

/** Any version of the group, because the fields are the same. */
export function expectKind(value: Json, group: string | readonly string[], kind: string | readonly string[], at: string): void {
  const groups = [group].flat()
  const kinds = [kind].flat()
  const apiVersion = text(value['apiVersion'], `${at}.apiVersion`)
  if (!groups.some(known => apiVersion.startsWith(`${known}/`))) fail(`${at}.apiVersion`, `must be ${groups[0]}/v1, got "${apiVersion}"`)
  const named = text(value['kind'], `${at}.kind`)
  if (!kinds.includes(named)) fail(`${at}.kind`, `must be ${kinds[0]}, got "${named}"`)
}
