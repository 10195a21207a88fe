// OpenAPI v2 and v3 schemas of the built-in kinds.

import { groupVersion } from '../object.ts'
import { groupOfKey, type ScalarType, type SchemaField, type SchemaType, type StructType, structByKey } from '../schema/model.ts'
import { publishedDefault, zeroOfKind } from '../schema/published-default.ts'
import type { Publication } from './published-schema.ts'

export type OpenApiVersion = 'v2' | 'v3'
export type JsonSchema = Record<string, unknown>

/** Texts for `kubectl explain`, by type key (`core/v1.Pod`); missing if the build created none. */
export interface Descriptions {
  readonly [typeKey: string]: { readonly text?: string; readonly fields?: Readonly<Record<string, string>> } | undefined
}

/** The type key of query parameters' texts, as fields. */
export const parametersKey = 'parameters'

/** `core/v1.Pod` -> `io.k8s.api.core.v1.Pod`. */
function openApiName(key: string): string {
  const special: Record<string, string> = {
    resource: 'io.k8s.apimachinery.pkg.api.resource',
    intstr: 'io.k8s.apimachinery.pkg.util.intstr',
    runtime: 'io.k8s.apimachinery.pkg.runtime',
    'meta/v1': 'io.k8s.apimachinery.pkg.apis.meta.v1',
    'apiextensions/v1': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    'apiregistration/v1': 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
    version: 'io.k8s.apimachinery.pkg.version',
  }
  const [packageKey = '', name = ''] = key.split('.')
  return `${special[packageKey] ?? `io.k8s.api.${packageKey.replace('/', '.')}`}.${name}`
}

/** A custom kind among the types of a document. */
export interface CustomType {
  readonly name: string
  schema(publication: Publication): JsonSchema
}

/** Collects the schemas of types and of all types that they use. */
export class SchemaCollection {
  readonly #version: OpenApiVersion
  readonly #descriptions: Descriptions
  /** Group versions that share types of the meta package, such as DeleteOptions. */
  readonly #sharedBy: readonly { readonly group: string; readonly version: string }[]
  readonly #customTypes: ReadonlyMap<string, CustomType>
  readonly #schemas = new Map<string, JsonSchema>()

  constructor(
    version: OpenApiVersion,
    descriptions: Descriptions,
    sharedBy: readonly { group: string; version: string }[],
    customTypes: ReadonlyMap<string, CustomType> = new Map(),
  ) {
    this.#version = version
    this.#descriptions = descriptions
    this.#sharedBy = sharedBy
    this.#customTypes = customTypes
  }

  /** By name, sorted. */
  result(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** A reference to the type with this key, whose schema is added. */
  reference(key: string): { $ref: string } {
    const name = this.#customTypes.get(key)?.name ?? openApiName(key)
    if (!this.#schemas.has(name)) {
      // Reserved first: JSONSchemaProps refers to itself.
      this.#schemas.set(name, {})
      this.#schemas.set(name, described(this.#descriptions[key]?.text, this.#definition(key)))
    }
    return { $ref: `${this.#version === 'v2' ? '#/definitions/' : '#/components/schemas/'}${name}` }
  }

  #definition(key: string): JsonSchema {
    const custom = this.#customTypes.get(key)
    if (custom !== undefined) {
      const text = (type: string, field: string) => this.#descriptions[type]?.fields?.[field]
      return custom.schema({ version: this.#version, reference: other => this.reference(other), text })
    }
    const leaf = this.#version === 'v2' ? leavesV2[key] : leavesV3[key]
    if (leaf !== undefined) return leaf
    const struct = structByKey(key)
    if (struct === undefined) throw new Error(`No schema for the type ${key}`)
    return this.#structSchema(struct)
  }

  #structSchema(struct: StructType): JsonSchema {
    const required = struct.fields.filter(field => field.required).map(field => field.name)
    const sorted = [...struct.fields].sort((a, b) => (a.name < b.name ? -1 : 1))
    const properties = Object.fromEntries(sorted.map(field => [field.name, this.#describeField(struct, field)]))
    const kinds = this.#kindsOf(struct)
    const unions = unionsOf(struct)
    return {
      type: 'object',
      ...(required.length === 0 ? {} : { required }),
      ...(sorted.length === 0 ? {} : { properties }),
      ...(kinds.length === 0 ? {} : { 'x-kubernetes-group-version-kind': kinds }),
      ...(struct.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(unions === undefined ? {} : { 'x-kubernetes-unions': unions }),
    }
  }

  #kindsOf({ key, name, isKind }: StructType): JsonSchema[] {
    const group = groupOfKey(key)
    if (group !== undefined) return isKind ? [{ group, kind: name, version: key.slice(key.indexOf('/') + 1, key.indexOf('.')) }] : []
    if (name === 'DeleteOptions' || name === 'WatchEvent')
      return this.#sharedBy.map(shared => ({ group: shared.group, kind: name, version: shared.version }))
    return isKind ? [{ group: '', kind: name, version: 'v1' }] : []
  }

  #fieldSchema(field: SchemaField): JsonSchema {
    const schema = this.#typeSchema(field.type, field)
    if (field.listType !== undefined) schema['x-kubernetes-list-type'] = field.listType
    if (field.mapKeys.length > 0) schema['x-kubernetes-list-map-keys'] = field.mapKeys
    if (field.mapType !== undefined) schema['x-kubernetes-map-type'] = field.mapType
    if (field.patchStrategies.length > 0) schema['x-kubernetes-patch-strategy'] = field.patchStrategies.join(',')
    if (field.mergeKey !== undefined) schema['x-kubernetes-patch-merge-key'] = field.mergeKey
    return schema
  }

  /** `field` if the type is that of a field, undefined for items. */
  #typeSchema(type: SchemaType, field: SchemaField | undefined): JsonSchema {
    switch (type.kind) {
      case 'list':
        return { type: 'array', items: this.#typeSchema(type.item, undefined) }
      case 'map':
        return { type: 'object', additionalProperties: this.#typeSchema(type.item, undefined) }
      case 'struct':
        return this.#referring(type.key, field?.pointer ? undefined : (field?.default ?? {}))
      default:
        return referredScalars.has(type.kind) ? this.#scalarReference(type, field) : this.#plainScalar(type, field)
    }
  }

  #scalarReference(type: ScalarType, field: SchemaField | undefined): JsonSchema {
    if (type.key === 'interface{}') return { type: 'object' }
    // An item has no description of its own, so upstream refers to its type directly.
    return field === undefined || this.#version === 'v2' ? this.reference(type.key) : this.#referring(type.key, undefined)
  }

  #referring(key: string, defaultValue: unknown): JsonSchema {
    if (this.#version === 'v2') return this.reference(key)
    return { ...(defaultValue === undefined ? {} : { default: defaultValue }), allOf: [this.reference(key)] }
  }

  #plainScalar(type: ScalarType, field: SchemaField | undefined): JsonSchema {
    const [name, format] = scalarNames[type.kind] ?? ['string']
    const enforced = field === undefined ? zeroOfKind(type.kind) : publishedDefault(field)
    const defaultValue = this.#version === 'v2' || type.kind === 'bytes' ? undefined : enforced
    return {
      type: name,
      ...(format === undefined ? {} : { format }),
      ...(defaultValue === undefined ? {} : { default: defaultValue }),
      ...(type.values === undefined ? {} : { enum: type.values }),
    }
  }

  /** A field without its own text has that of its type, so that `kubectl explain` shows all available text. */
  #describeField(struct: StructType, field: SchemaField): JsonSchema {
    const own = this.#descriptions[struct.key]?.fields?.[field.name]
    const description = own ?? (field.type.kind === 'struct' ? this.#descriptions[field.type.key]?.text : undefined)
    return described(description, this.#fieldSchema(field))
  }
}

function described(description: string | undefined, schema: JsonSchema): JsonSchema {
  return description === undefined ? schema : { description, ...schema }
}

const referredScalars: ReadonlySet<string> = new Set([
  'time',
  'microtime',
  'quantity',
  'intOrString',
  'raw',
  'schemaOrBool',
  'schemaOrArray',
  'schemaOrStrings',
])

const scalarNames: Partial<Record<ScalarType['kind'], readonly [type: string, format?: string]>> = {
  string: ['string'],
  bool: ['boolean'],
  int32: ['integer', 'int32'],
  int64: ['integer', 'int64'],
  uint32: ['integer', 'int64'],
  float64: ['number', 'double'],
  bytes: ['string', 'byte'],
}

const leavesV3: Record<string, JsonSchema> = {
  'meta/v1.Time': { type: 'string', format: 'date-time' },
  'meta/v1.MicroTime': { type: 'string', format: 'date-time' },
  'meta/v1.FieldsV1': { type: 'object' },
  'meta/v1.Patch': { type: 'object' },
  'runtime.RawExtension': { type: 'object' },
  'resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'intstr.IntOrString': { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  'apiextensions/v1.JSON': {},
  'apiextensions/v1.JSONSchemaPropsOrBool': {},
  'apiextensions/v1.JSONSchemaPropsOrArray': {},
  'apiextensions/v1.JSONSchemaPropsOrStringArray': {},
  'version.Info': versionInfo(''),
}

const leavesV2: Record<string, JsonSchema> = {
  ...leavesV3,
  'resource.Quantity': { type: 'string' },
  'intstr.IntOrString': { type: 'string', format: 'int-or-string' },
  'version.Info': versionInfo(undefined),
}

function versionInfo(defaultValue: string | undefined): JsonSchema {
  const required = ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform']
  const optional = ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor']
  const property = (name: string): JsonSchema =>
    required.includes(name) && defaultValue !== undefined ? { type: 'string', default: defaultValue } : { type: 'string' }
  return { type: 'object', required, properties: Object.fromEntries([...required, ...optional].sort().map(name => [name, property(name)])) }
}

/** The field for each value of the discriminator; upstream writes the field in upper case. */
function unionsOf(struct: StructType): JsonSchema[] | undefined {
  const discriminator = struct.fields.find(field => field.discriminator)
  if (!struct.union || discriminator === undefined) return undefined
  const members = struct.fields.filter(field => field !== discriminator)
  const byField = members.map(({ name }) => [name, name.charAt(0).toUpperCase() + name.slice(1)])
  return [{ discriminator: discriminator.name, 'fields-to-discriminateBy': Object.fromEntries(byField.sort()) }]
}

/** The path below /openapi/v3 of a group version: `api/v1`, `apis/apps/v1`. */
export function openApiPath(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${groupVersion(group, version)}`
}
