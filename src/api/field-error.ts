// Field errors in the wording of upstream's apimachinery `field` package; a list of them becomes a 422 Status.
import { writeJson } from '../base/write-json.ts'
import { goQuote } from './go-text/go-quote.ts'

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid'

export interface FieldError {
  readonly type: FieldErrorType
  /** Path as upstream writes it: `spec.containers[0].name`, `metadata.labels[a/b]` is not used for keys: the map itself is named. */
  readonly field: string
  /** Text without the field: `Invalid value: "x": must be …`. */
  readonly message: string
}

/** Errors of an update: one list, or one for each validation of metadata, to be placed after these results. */
export type UpdateFaults = readonly FieldError[] | readonly (readonly FieldError[])[]

/** Where upstream validates an object twice and reports each error twice. */
export const reportedTwice = (errors: readonly FieldError[]): readonly (readonly FieldError[])[] => [errors, errors]

/** The path of the object itself, in upstream's form of an empty path. */
export const wholeObject = '[]'

export const required = (field: string, detail = ''): FieldError => make('FieldValueRequired', field, 'Required value', detail)
export const forbiddenField = (field: string, detail: string): FieldError => make('FieldValueForbidden', field, 'Forbidden', detail)
export const invalidValue = (field: string, value: unknown, detail: string): FieldError =>
  make('FieldValueInvalid', field, `Invalid value: ${show(value)}`, detail)
/** `Invalid value` without showing the value. */
export const invalidUnshown = (field: string, detail: string): FieldError => make('FieldValueInvalid', field, 'Invalid value', detail)
export const typeInvalid = (field: string, value: unknown, detail: string): FieldError =>
  make('FieldValueTypeInvalid', field, `Invalid value: ${show(value)}`, detail)
export const duplicate = (field: string, value: unknown): FieldError =>
  make('FieldValueDuplicate', field, `Duplicate value: ${show(value)}`, '')
export const notFoundField = (field: string, value: unknown): FieldError =>
  make('FieldValueNotFound', field, `Not found: ${show(value)}`, '')
export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  make(
    'FieldValueNotSupported',
    field,
    `Unsupported value: ${show(value)}`,
    supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`,
  )
export const tooLong = (field: string, maxLength: number): FieldError =>
  make('FieldValueTooLong', field, 'Too long', maxLength >= 0 ? `may not be more than ${maxLength} bytes` : 'value is too long')
export const tooMany = (field: string, actual: number, max: number): FieldError =>
  make('FieldValueTooMany', field, `Too many: ${actual}`, `must have at most ${max} items`)

export const internalFieldError = (field: string, message: string): FieldError =>
  make('InternalError', field, `Internal error: ${message}`, '')

/** `field: message`, its form in a Status message. */
export function formatFieldError(error: FieldError): string {
  return `${error.field}: ${error.message}`
}

function make(type: FieldErrorType, field: string, head: string, detail: string): FieldError {
  return { type, field, message: detail === '' ? head : `${head}: ${detail}` }
}

/**
 * Values as upstream prints them: strings quoted (and so is null), scalars plain, lists of strings in Go's syntax. Structures are JSON; if
 * a message shows a Go type that matters, its caller uses `go-syntax.ts`.
 */
function show(value: unknown): string {
  if (value === null || value === undefined) return '"null"'
  if (typeof value === 'string') return goQuote(value)
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return `[]string{${value.map(goQuote).join(', ')}}`
  return typeof value === 'object' ? writeJson(value) : String(value)
}
