// Validates one version of a CustomResourceDefinition, except its schema.
import { fieldPathOf } from '../../custom-resources/field-path.ts'
import { duplicate, type FieldError, invalidValue, required, tooMany } from '../../field-error.ts'
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  JSONSchemaProps,
  SelectableField,
} from '../../types/apiextensions-v1.ts'

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
const maxWarning = 256
const maxSelectable = 8

export function validateDeprecation(version: CustomResourceDefinitionVersion, path: string, errors: FieldError[]): void {
  const { deprecated = false, deprecationWarning: warning } = version
  if (warning === undefined) return
  const refuse = (detail: string) => errors.push(invalidValue(`${path}.deprecationWarning`, warning, detail))
  if (!deprecated) {
    refuse('can only be set for deprecated versions')
    return
  }
  if (Buffer.byteLength(warning) > maxWarning) refuse('must be <= 256 characters long')
  if (warning === '') refuse('must not be an empty string')
  const match = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning)
  if (match !== null) {
    const at = Buffer.byteLength(warning.slice(0, match.index))
    refuse(`must only contain printable UTF-8 characters; non-printable character found at index ${at}`)
  }
}

export function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string, errors: FieldError[]): void {
  const scale = subresources?.scale
  if (scale === undefined) return
  const { specReplicasPath = '', statusReplicasPath = '', labelSelectorPath = '' } = scale
  const validate = (name: string, value: string, roots: readonly string[], below: string) => {
    const field = `${path}.scale.${name}`
    const problem = pathProblem(value)
    if (problem !== undefined) errors.push(invalidValue(field, value, problem))
    else if (!roots.some(root => value.startsWith(root))) errors.push(invalidValue(field, value, `should be a json path under ${below}`))
  }
  if (specReplicasPath === '') errors.push(required(`${path}.scale.specReplicasPath`))
  else validate('specReplicasPath', specReplicasPath, ['.spec.'], '.spec')
  if (statusReplicasPath === '') errors.push(required(`${path}.scale.statusReplicasPath`))
  else validate('statusReplicasPath', statusReplicasPath, ['.status.'], '.status')
  if (labelSelectorPath !== '') validate('labelSelectorPath', labelSelectorPath, ['.spec.', '.status.'], 'either .spec or .status')
}

export function validateColumns(columns: readonly CustomResourceColumnDefinition[] | undefined, path: string, errors: FieldError[]): void {
  columns?.forEach(({ name = '', type = '', format = '', jsonPath = '' }, index) => {
    const field = `${path}[${index}]`
    if (name === '') errors.push(required(`${field}.name`))
    const oneOf = `must be one of ${columnTypes.join(',')}`
    if (type === '') errors.push(required(`${field}.type`, oneOf))
    else if (!columnTypes.includes(type)) errors.push(invalidValue(`${field}.type`, type, oneOf))
    if (format !== '' && !columnFormats.includes(format)) {
      errors.push(invalidValue(`${field}.format`, format, `must be one of ${columnFormats.join(',')}`))
    }
    const problem = pathProblem(jsonPath)
    if (jsonPath === '') errors.push(required(`${field}.JSONPath`))
    else if (problem !== undefined) errors.push(invalidValue(`${field}.JSONPath`, jsonPath, problem))
  })
}

function pathProblem(path: string): string | undefined {
  return path.startsWith('.') ? undefined : 'must be a simple json path starting with .'
}

export function validateSelectableFields(
  fields: readonly SelectableField[] | undefined,
  schema: JSONSchemaProps | undefined,
  parent: string,
  errors: FieldError[],
): void {
  if (fields === undefined || fields.length === 0) return
  const path = `${parent}.selectableFields`
  if (schema === undefined) {
    const where = parent === 'spec' ? 'validations.schema is included' : 'version.schema.openAPIV3Schema is not included'
    errors.push(invalidValue(path, '', `selectableFields may only be set when ${where}`))
    return
  }
  const seen = new Set<string>()
  fields.forEach(({ jsonPath }, index) => {
    const field = `${path}[${index}].jsonPath`
    if (jsonPath === '') {
      errors.push(required(field))
      return
    }
    const found = fieldPathOf(jsonPath, schema, { brackets: false })
    if (!found.ok) {
      errors.push(invalidValue(field, jsonPath, `is an invalid path: ${found.problem}`))
      return
    }
    if (found.names[0] === 'metadata') errors.push(invalidValue(field, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? '')) {
      const detail = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
      errors.push(invalidValue(field, jsonPath, detail))
    }
    if (seen.has(found.text)) errors.push(duplicate(field, jsonPath))
    seen.add(found.text)
  })
  if (seen.size > maxSelectable) errors.push(tooMany(path, seen.size, maxSelectable))
}
