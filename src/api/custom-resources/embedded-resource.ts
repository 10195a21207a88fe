// Objects within a custom resource that are resources themselves: they say what they are, and their metadata is metadata.
import { invalidValue, required } from '../field-error.ts'
import { isRecord } from '../schema/compile.ts'
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import { dns1035Label, nameIsPathSegment } from '../validation/names.ts'
import { validateObjectMeta } from '../validation/object-meta.ts'
import { pathText } from './schema-judge.ts'
import { schemaVisitor, type Visit } from './schema-visitor.ts'

/** Undefined where the schema embeds none. */
export function embeddedJudge(schema: JSONSchemaProps): Visit | undefined {
  return schemaVisitor(schema, ({ 'x-kubernetes-embedded-resource': embedded }) => (embedded === true ? judgeEmbedded : undefined))
}

const judgeEmbedded: Visit = (value, path, errors) => {
  if (!isRecord(value)) return
  const at = (name: string): string => pathText([...path, name])
  for (const name of ['apiVersion', 'kind'] as const) {
    const text = value[name]
    const problem = text === undefined ? undefined : typeof text !== 'string' ? 'must be a string' : problemOf(name, text)
    if (text === undefined) errors.push(required(at(name), 'must not be empty'))
    else if (problem !== undefined) errors.push(invalidValue(at(name), text, problem))
  }
  const { metadata } = value
  if (metadata === undefined) return
  if (!isRecord(metadata)) errors.push(invalidValue(at('metadata'), metadata, 'must be an object'))
  else {
    const named = { ...metadata, name: typeof metadata['name'] === 'string' && metadata['name'] !== '' ? metadata['name'] : 'fakename' }
    errors.push(...validateObjectMeta(named, { namespaced: Boolean(metadata['namespace']), nameRule: nameIsPathSegment }, at('metadata')))
  }
}

function problemOf(name: 'apiVersion' | 'kind', text: string): string | undefined {
  if (text === '') return 'must not be empty'
  if (name === 'apiVersion') return text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined
  const messages = dns1035Label(text.toLowerCase())
  return messages.length === 0 ? undefined : `may have mixed case, but should otherwise match: ${messages.join(',')}`
}
