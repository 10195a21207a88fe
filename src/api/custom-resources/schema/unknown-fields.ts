// Names the fields that a structural schema does not know. Runs only if the reader dropped something.
import { writeJson } from '../../../base/write-json.ts'
import { isRecord } from '../../schema/compile.ts'
import { examine } from '../../schema/decode-exact.ts'
import { nodeOfValue } from '../../schema/json-text.ts'
import { structByKey } from '../../schema/model.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { isSchema, metaFields } from './schema-reader.ts'

interface Found {
  readonly paths: string[]
  /** Whether to check metadata. */
  readonly inMetadata: boolean
}

/** Whether pruning by a schema would drop anything of a value; never anything of metadata. */
export function hasUnknownFields(value: unknown, schema: JSONSchemaProps, root: boolean): boolean {
  const found: Found = { paths: [], inMetadata: false }
  visit(value, schema, '', root, false, found)
  return found.paths.length > 0
}

/** `unknown field "spec.foo"`, ordered by path. */
export function unknownFields(value: unknown, schema: JSONSchemaProps): string[] {
  const found: Found = { paths: [], inMetadata: true }
  visit(value, schema, '', true, false, found)
  return found.paths.sort().map(path => `unknown field ${writeJson(path)}`)
}

function visit(value: unknown, schema: JSONSchemaProps | undefined, path: string, root: boolean, keeps: boolean, found: Found): void {
  const preserves = keeps || schema?.['x-kubernetes-preserve-unknown-fields'] === true
  if (Array.isArray(value)) {
    const items = isSchema(schema?.items) ? schema.items : undefined
    if (items === undefined && preserves) return
    for (const [index, item] of value.entries()) visit(item, items, `${path}[${index}]`, false, preserves, found)
    return
  }
  if (!isRecord(value)) return
  const { properties = {}, additionalProperties } = schema ?? {}
  const embedded = root || schema?.['x-kubernetes-embedded-resource'] === true
  for (const [name, member] of Object.entries(value)) {
    const inner = path === '' ? name : `${path}.${name}`
    if (embedded && metaFields.has(name)) {
      if (name === 'metadata' && found.inMetadata) visitMetadata(member, inner, found.paths)
      continue
    }
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property !== undefined) visit(member, property, inner, false, false, found)
    else if (isSchema(additionalProperties)) visit(member, additionalProperties, inner, false, false, found)
    else if (preserves) continue
    else if (additionalProperties === true) visit(member, undefined, inner, false, false, found)
    else found.paths.push(inner)
  }
}

function visitMetadata(value: unknown, path: string, found: string[]): void {
  const type = structByKey('meta/v1.ObjectMeta')
  if (type === undefined || !isRecord(value)) return
  for (const error of examine(nodeOfValue(value), type).strictErrors) {
    const name = /^unknown field "(.*)"$/.exec(error)?.[1]
    if (name !== undefined) found.push(`${path}.${name}`)
  }
}
