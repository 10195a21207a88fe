// The OpenAPI schemas of custom resources: the definition's schema plus the fields that every resource has.
import { setOwn } from '../../base/data/own-property.ts'
import { isSchema } from '../custom-resources/schema/schema-reader.ts'
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import type { JsonSchema, OpenApiVersion } from './openapi-types.ts'

/** What a schema needs from the document that it becomes part of. */
export interface Publication {
  readonly version: OpenApiVersion
  /** A reference to a built-in type, which is added to the document: `meta/v1.ObjectMeta`. */
  reference(key: string): JsonSchema
  /** The text of a built-in type's field; undefined if there are none. */
  text(key: string, field: string): string | undefined
}

export interface PublishedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Selectable fields. */
  readonly selectable: readonly string[]
}

const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md'

/** Any built-in kind has these fields. */
const anyKind = 'core/v1.ConfigMap'

export function publishedSchema(schema: JSONSchemaProps, own: PublishedKind, publication: Publication): JsonSchema {
  const extension = extensionOf(own, own.kind)
  // Clients treat unnamed fields as forbidden, so nothing is named if everything is allowed.
  if (publication.version === 'v2' && keepsUnknown(schema)) return { type: 'object', ...extension }
  return { ...published(schema, publication, true), ...extension }
}

export function publishedListSchema(
  own: PublishedKind & { readonly listKind: string; readonly plural: string },
  item: JsonSchema,
  publication: Publication,
): JsonSchema {
  const { listKind, plural, kind } = own
  return {
    description: `${listKind} is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: typeField('apiVersion', publication),
      items: { description: `List of ${plural}. More info: ${conventions}`, type: 'array', items: item },
      kind: typeField('kind', publication),
      metadata: described(publication.text('core/v1.PodList', 'metadata'), referring('meta/v1.ListMeta', publication)),
    },
    ...extensionOf(own, listKind),
  }
}

function extensionOf({ group, version, selectable }: PublishedKind, kind: string): JsonSchema {
  const fields = selectable.map(fieldPath => ({ fieldPath }))
  return {
    'x-kubernetes-group-version-kind': [{ group, kind, version }],
    ...(fields.length === 0 ? {} : { 'x-kubernetes-selectable-fields': fields }),
  }
}

function typeField(name: 'apiVersion' | 'kind', { text }: Publication): JsonSchema {
  return described(text(anyKind, name), { type: 'string' })
}

function described(text: string | undefined, schema: JsonSchema): JsonSchema {
  return text === undefined ? schema : { description: text, ...schema }
}

/** In v3, a reference with a description is wrapped in a list. */
function referring(key: string, { version, reference }: Publication): JsonSchema {
  return version === 'v2' ? reference(key) : { allOf: [reference(key)] }
}

/** Upstream describes embedded kinds in less detail than whole resources. */
const embeddedTexts = {
  apiVersion: 'apiVersion defines the versioned schema of this representation of an object',
  kind: 'kind is a string value representing the type of this object. In CamelCase',
} as const
const conventionsOf = { apiVersion: 'resources', kind: 'types-kinds' } as const

function embeddedField(name: 'apiVersion' | 'kind', publication: Publication): JsonSchema {
  const known = publication.text(anyKind, name) !== undefined
  return described(known ? `${embeddedTexts[name]}. More info: ${conventions}#${conventionsOf[name]}` : undefined, { type: 'string' })
}

function published(schema: JSONSchemaProps, publication: Publication, root: boolean): JsonSchema {
  const isV2 = publication.version === 'v2'
  const {
    items,
    properties,
    additionalProperties,
    allOf,
    anyOf,
    oneOf,
    not,
    nullable,
    default: fallback,
    ...plain
  } = isV2 ? fitForV2(schema) : schema
  // Not structural.
  const { $schema: _dialect, id: _id, example: _example, externalDocs: _docs, ...rest } = plain
  const named: JsonSchema = {}
  for (const [name, property] of Object.entries(properties ?? {})) setOwn(named, name, published(property, publication, false))
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true && !(isV2 && keepsUnknown(schema))
  if (root || isEmbedded) {
    const field = root ? typeField : embeddedField
    named['apiVersion'] = field('apiVersion', publication)
    named['kind'] = field('kind', publication)
    named['metadata'] = described(publication.text(anyKind, 'metadata'), referring('meta/v1.ObjectMeta', publication))
  }
  const required = isEmbedded ? [...new Set([...(rest.required ?? []), 'kind', 'apiVersion'])] : rest.required
  const intOrString = schema['x-kubernetes-int-or-string'] === true && anyOf === undefined && allOf === undefined
  return {
    ...rest,
    ...(required === undefined ? {} : { required }),
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

const keepsUnknown = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true

/** v2 has neither null nor unknown fields: where these may occur, a client must not check a type, nor require a nullable field. */
function fitForV2(schema: JSONSchemaProps): JSONSchemaProps {
  const { type, items, properties, required, ...fit } = schema
  const isOpen = schema.nullable === true || keepsUnknown(schema)
  const shownItems = isOpen ? undefined : items
  const hasType =
    schema.nullable !== true && !(type === 'array' && shownItems === undefined) && !(type === 'object' && keepsUnknown(schema))
  const others = schema.additionalProperties
  const needed =
    isSchema(others) && others.nullable === true ? [] : required?.filter(name => isOpen || properties?.[name]?.nullable !== true)
  return {
    ...fit,
    ...(type !== undefined && hasType ? { type } : {}),
    ...(shownItems === undefined ? {} : { items: shownItems }),
    ...(properties === undefined || isOpen ? {} : { properties }),
    ...(needed === undefined || needed.length === 0 ? {} : { required: needed }),
  }
}
