// Embedded resources in a custom resource: they have apiVersion and kind, and valid metadata.
import { type FieldError, formatFieldError, invalidValue, required } from '../../field-error.ts'
import { goSyntax } from '../../go-text/go-format.ts'
import { isRecord } from '../../schema/compile.ts'
import { examine } from '../../schema/decode-exact.ts'
import { nodeOfValue } from '../../schema/json-text.ts'
import { structByKey } from '../../schema/model.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { invalidShown } from '../../validation/go-syntax.ts'
import { dns1035Label, nameIsPathSegment } from '../../validation/names.ts'
import { validateObjectMeta } from '../../validation/object-meta.ts'
import { schemaVisitor, type Visit } from './schema-visitor.ts'
import { pathText } from './value-path.ts'

/** Undefined if the schema embeds none. */
export function embeddedValidator(schema: JSONSchemaProps): Visit | undefined {
  return schemaVisitor(schema, ({ 'x-kubernetes-embedded-resource': embedded }) => (embedded === true ? validateEmbedded : undefined))
}

/** Why embedded objects cannot be read as resources; undefined if they can. Called after reading failed. */
export function embeddedReadProblem(object: unknown, schema: JSONSchemaProps): string | undefined {
  const errors: FieldError[] = []
  schemaVisitor(schema, ({ 'x-kubernetes-embedded-resource': embedded }) => (embedded === true ? findUnreadable : undefined))?.(
    object,
    [],
    errors,
  )
  return errors[0] === undefined ? undefined : formatFieldError(errors[0])
}

const findUnreadable: Visit = (value, path, errors) => {
  if (!isRecord(value)) return
  const at = (name: string): string => pathText([...path, name])
  for (const name of ['apiVersion', 'kind'] as const) {
    const text = value[name]
    if (text !== undefined && text !== null && typeof text !== 'string') errors.push(misfit(at(name), text, 'must be a string'))
  }
  const { metadata } = value
  const why = metadata === undefined ? undefined : metadataReadProblem(metadata)
  if (why !== undefined) errors.push(misfit(at('metadata'), metadata, why))
}

const misfit = (field: string, value: unknown, detail: string): FieldError =>
  typeof value === 'object' && value !== null ? invalidShown(field, goSyntax(value), detail) : invalidValue(field, value, detail)

/** Why a value is no metadata; undefined if it is. */
export function metadataReadProblem(metadata: unknown): string | undefined {
  const type = structByKey('meta/v1.ObjectMeta')
  return type === undefined ? undefined : examine(nodeOfValue(metadata), type).error
}

const validateEmbedded: Visit = (value, path, errors) => {
  if (!isRecord(value)) return
  const at = (name: string): string => pathText([...path, name])
  for (const name of ['apiVersion', 'kind'] as const) {
    const text = value[name]
    const problem = text === undefined ? undefined : typeof text !== 'string' ? 'must be a string' : problemOf(name, text)
    if (text === undefined) errors.push(required(at(name), 'must not be empty'))
    else if (problem !== undefined) errors.push(misfit(at(name), text, problem))
  }
  const { metadata } = value
  if (metadata === undefined) return
  const why = metadataReadProblem(metadata)
  if (why !== undefined) errors.push(misfit(at('metadata'), metadata, why))
  else if (isRecord(metadata)) {
    const named = { ...metadata, name: typeof metadata['name'] === 'string' && metadata['name'] !== '' ? metadata['name'] : 'fakename' }
    const rules = { namespaced: Boolean(metadata['namespace']), nameRule: nameIsPathSegment, standardFinalizers: false }
    errors.push(...validateObjectMeta(named, rules, at('metadata')))
  }
}

function problemOf(name: 'apiVersion' | 'kind', text: string): string | undefined {
  if (text === '') return 'must not be empty'
  if (name === 'apiVersion') return text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined
  const messages = dns1035Label(text.toLowerCase())
  return messages.length === 0 ? undefined : `may have mixed case, but should otherwise match: ${messages.join(',')}`
}
