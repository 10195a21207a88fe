// The OpenAPI schemas of custom resources: what a definition says, with what every resource has.
import { setOwn } from '../../base/own-property.ts'
import type { JsonSchema, OpenApiVersion } from '../schema/openapi-types.ts'
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import { isSchema } from './schema-reader.ts'

/** What a schema needs of the document that it becomes a part of. */
export interface Publication {
  readonly version: OpenApiVersion
  /** A reference to a built-in type, which becomes part of the document: `meta/v1.ObjectMeta`. */
  reference(key: string): JsonSchema
  /** The text of a field of a built-in type; undefined where there are none. */
  text(key: string, field: string): string | undefined
}

export interface PublishedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Fields of any built-in kind stand for those of all. */
const anyKind = 'core/v1.ConfigMap'

export function publishedSchema(schema: JSONSchemaProps, own: PublishedKind, publication: Publication): JsonSchema {
  const extension = { 'x-kubernetes-group-version-kind': [{ group: own.group, kind: own.kind, version: own.version }] }
  // Clients take what is not named for forbidden, so nothing is named where everything is allowed.
  if (publication.version === 'v2' && schema['x-kubernetes-preserve-unknown-fields'] === true) return { type: 'object', ...extension }
  return { ...published(schema, publication, true), ...extension }
}

export function publishedListSchema(
  own: PublishedKind & { readonly listKind: string; readonly plural: string },
  item: JsonSchema,
  publication: Publication,
): JsonSchema {
  const { group, version, listKind, plural, kind } = own
  const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md'
  return {
    description: `${listKind} is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: typeField('apiVersion', publication),
      items: { description: `List of ${plural}. More info: ${conventions}`, type: 'array', items: item },
      kind: typeField('kind', publication),
      metadata: described(publication.text('core/v1.ConfigMapList', 'metadata'), referring('meta/v1.ListMeta', publication)),
    },
    'x-kubernetes-group-version-kind': [{ group, kind: listKind, version }],
  }
}

function typeField(name: 'apiVersion' | 'kind', { text }: Publication): JsonSchema {
  return described(text(anyKind, name), { type: 'string' })
}

function described(text: string | undefined, schema: JsonSchema): JsonSchema {
  return text === undefined ? schema : { description: text, ...schema }
}

/** Beside a description a reference of v3 stands in a list. */
function referring(key: string, { version, reference }: Publication): JsonSchema {
  return version === 'v2' ? reference(key) : { allOf: [reference(key)] }
}

function published(schema: JSONSchemaProps, publication: Publication, root: boolean): JsonSchema {
  const isV2 = publication.version === 'v2'
  const { items, properties, additionalProperties, allOf, anyOf, oneOf, not, nullable, default: fallback, ...plain } = schema
  // No part of a structure.
  const { $schema: _dialect, id: _id, example: _example, externalDocs: _docs, ...rest } = plain
  // What v2 cannot say is left out with all that it would restrict.
  if (isV2 && !root && (nullable === true || schema['x-kubernetes-preserve-unknown-fields'] === true)) {
    const { description } = schema
    const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true
    return { ...(description ? { description } : {}), ...(keeps ? { 'x-kubernetes-preserve-unknown-fields': true } : {}) }
  }
  const named: JsonSchema = {}
  for (const [name, property] of Object.entries(properties ?? {})) setOwn(named, name, published(property, publication, false))
  if (root || schema['x-kubernetes-embedded-resource'] === true) {
    named['apiVersion'] = typeField('apiVersion', publication)
    named['kind'] = typeField('kind', publication)
    named['metadata'] = described(publication.text(anyKind, 'metadata'), referring('meta/v1.ObjectMeta', publication))
  }
  const intOrString = schema['x-kubernetes-int-or-string'] === true && anyOf === undefined && allOf === undefined
  return {
    ...rest,
    ...(isSchema(items) ? { items: published(items, publication, false) } : {}),
    ...(Object.keys(named).length > 0 ? { properties: named } : {}),
    ...(isSchema(additionalProperties)
      ? { additionalProperties: published(additionalProperties, publication, false) }
      : additionalProperties === undefined
        ? {}
        : { additionalProperties }),
    ...(isV2
      ? {}
      : {
          ...(allOf === undefined ? {} : { allOf }),
          ...(anyOf === undefined ? {} : { anyOf }),
          ...(intOrString ? { anyOf: [{ type: 'integer' }, { type: 'string' }] } : {}),
          ...(oneOf === undefined ? {} : { oneOf }),
          ...(not === undefined ? {} : { not }),
          ...(nullable === undefined ? {} : { nullable }),
          ...(fallback === undefined ? {} : { default: fallback }),
        }),
  }
}
