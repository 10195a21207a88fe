// How a kind of target is described in the file of `bulkhead up --backup`.
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import type { Target } from './target.ts'

export type Fields = Readonly<Record<string, unknown>>

export interface TargetKind {
  /** Its field in the description of a target. */
  readonly field: string
  /** Throws a UserError that names the field at `where`. Returns what opens the target. */
  prepare(value: unknown, where: string): (signal: AbortSignal) => Promise<Target>
  /** Folders of this machine that the target of this description writes. Default: none. */
  writes?(value: unknown): readonly string[]
}

export function objectField(value: unknown, where: string, known: readonly string[]): Fields {
  if (!isJsonObject(value)) throw new UserError(`${where} must be a mapping with ${known.join(', ')}`)
  const unknown = Object.keys(value).find(name => !known.includes(name))
  if (unknown !== undefined) throw new UserError(`${where} has an unknown field "${unknown}", must be one of ${known.join(', ')}`)
  return value
}

export function textField(fields: Fields, name: string, where: string, form = /^[^\0\n]{1,1024}$/, expected = 'a text'): string {
  const value = fields[name]
  if (typeof value !== 'string' || !form.test(value)) throw new UserError(`${where}.${name} must be ${expected}`)
  return value
}

export function optionalText(fields: Fields, name: string, where: string, form?: RegExp, expected?: string): string | undefined {
  return fields[name] === undefined ? undefined : textField(fields, name, where, form, expected)
}

/** The content of a file that `…File` named: several lines. */
export function contentField(fields: Fields, name: string, where: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.trim() === '') throw new UserError(`${where}.${name}File must name a file with content`)
  return value
}
