// What classes of volumes have in common: the name of a driver, and parameters for it.
import { type FieldError, invalidValue, required, tooLong } from '../../field-error.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'

const maxParameters = 512
const maxParametersSize = 256 * 1024

export function validateDriverName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(field))
  else pushMessages(errors, field, name.toLowerCase(), qualifiedName(name.toLowerCase()))
}

export function validateParameters(parameters: Readonly<Record<string, string>> | undefined, errors: FieldError[]): void {
  const entries = Object.entries(parameters ?? {})
  if (entries.length > maxParameters) {
    errors.push(tooLong('parameters', maxParameters))
    return
  }
  let size = 0
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalidValue('parameters', key, 'field can not be empty.'))
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (size > maxParametersSize) errors.push(tooLong('parameters', maxParametersSize))
}
