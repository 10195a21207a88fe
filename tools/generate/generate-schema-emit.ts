// Writes the model as schema data (one JSON file) and as TypeScript interfaces (one file a package, several for a large one).
import { addedGroups, type Model, type ModelField, type ModelStruct, namesIn, servedPackages } from './generate-schema-model.ts'
import { subjectsOf } from './generate-schema-subjects.ts'

/**
 * Lists that upstream prints as `null` in valid objects although they are required by schema.
 * Any other missing required list is decoded as an empty one, so that code may rely on it.
 */
const nullableLists = new Set(['core/v1.LimitRangeSpec.limits', 'discovery/v1.EndpointSlice.endpoints', 'storage/v1.CSINodeSpec.drivers'])

const isNullable = (struct: ModelStruct, field: ModelField): boolean =>
  !field.omitempty &&
  (field.type.startsWith('*') ||
    ((field.type.startsWith('[]') || field.type.startsWith('map')) &&
      (!field.required || nullableLists.has(`${struct.key}.${field.name}`))))

/** The data that src/api/schema/model.ts describes. */
export function emitData(model: Model): string {
  const lines: string[] = []
  const groups = Object.fromEntries([...servedPackages, ...addedGroups].map(([key, group]) => [key, group]))
  lines.push('{', `"groups": ${JSON.stringify(groups)},`, '"named": {')
  const named = [...model.named].map(
    ([key, { type, values }]) => `${JSON.stringify(key)}: ${JSON.stringify({ t: type, ...(values ? { e: values } : {}) })}`,
  )
  lines.push(`${named.join(',\n')}`, '},', '"structs": {')
  const structs = [...model.structs.values()].map(struct => {
    const fields = struct.fields.map(field => JSON.stringify(rowOf(struct, field)))
    const flags = `${struct.isKind ? '"kind": true, ' : ''}${struct.atomic ? '"atomic": true, ' : ''}${struct.union ? '"union": true, ' : ''}`
    return `${JSON.stringify(struct.key)}: {${flags}"fields": [${fields.length === 0 ? '' : `\n  ${fields.join(',\n  ')}\n`}]}`
  })
  lines.push(structs.join(',\n'), '}', '}', '')
  return lines.join('\n')
}

function rowOf(struct: ModelStruct, field: ModelField): Record<string, unknown> {
  return {
    n: field.name,
    t: field.type,
    ...(field.omitempty ? { o: 1 } : {}),
    ...(field.required ? { q: 1 } : {}),
    ...(isNullable(struct, field) ? { z: 1 } : {}),
    ...(field.listType === undefined ? {} : { l: field.listType }),
    ...(field.mapKeys === undefined ? {} : { k: field.mapKeys }),
    ...(field.mapType === undefined ? {} : { m: field.mapType }),
    ...(field.patchStrategy === undefined ? {} : { s: field.patchStrategy }),
    ...(field.mergeKey === undefined ? {} : { p: field.mergeKey }),
    ...(field.default === undefined ? {} : { d: field.default }),
    ...(field.discriminator ? { u: 1 } : {}),
  }
}

const leaves: Record<string, string> = {
  string: 'string',
  bool: 'boolean',
  byte: 'number',
  int: 'number',
  int32: 'number',
  int64: 'number',
  uint32: 'number',
  float64: 'number',
  'interface{}': 'unknown',
  'types.UID': 'string',
  'types.NodeName': 'string',
}

/** Types with an encoding of their own, all in meta-v1.ts. */
const special: Record<string, [name: string, type: string]> = {
  'meta/v1.Time': ['Time', 'string'],
  'meta/v1.MicroTime': ['MicroTime', 'string'],
  'meta/v1.Duration': ['Duration', 'string'],
  'meta/v1.FieldsV1': ['FieldsV1', 'unknown'],
  'resource.Quantity': ['Quantity', 'string'],
  'intstr.IntOrString': ['IntOrString', 'number | string'],
  'runtime.RawExtension': ['RawExtension', 'unknown'],
}

const jsonSchemaTypes: Record<string, string> = {
  'apiextensions/v1.JSON': 'unknown',
  'apiextensions/v1.JSONSchemaPropsOrBool': 'JSONSchemaProps | boolean',
  'apiextensions/v1.JSONSchemaPropsOrArray': 'JSONSchemaProps | JSONSchemaProps[]',
  'apiextensions/v1.JSONSchemaPropsOrStringArray': 'JSONSchemaProps | string[]',
}

/** Kept in src/api/object.ts, so that every kind is a KubeObject. */
const shared = new Set(['meta/v1.ObjectMeta', 'meta/v1.OwnerReference', 'meta/v1.ManagedFieldsEntry'])

const packageOf = (key: string): string => key.slice(0, key.indexOf('.'))
const nameOf = (key: string): string => key.slice(key.indexOf('.') + 1)
export const fileOf = (packageKey: string): string => `${packageKey.replace('/', '-')}.ts`

/** File name -> text. */
export function emitTypes(model: Model): Map<string, string> {
  const files = new Map<string, string>()
  const packages = [...new Set([...model.structs.keys(), ...model.named.keys()].map(packageOf))].filter(key => key !== 'types').sort()
  for (const packageKey of packages) {
    const subjects = subjectsOf(packageKey, model)
    if (subjects === undefined) {
      files.set(
        fileOf(packageKey),
        emitFile({ packageKey, subject: '' }, model, () => ''),
      )
      continue
    }
    const subjectOf = (key: string): string => subjects.get(key) || 'other'
    const names = [...new Set([...subjects.keys()].map(subjectOf))].sort()
    for (const subject of names) files.set(subjectFile(packageKey, subject), emitFile({ packageKey, subject }, model, subjectOf))
    files.set(fileOf(packageKey), emitIndex(packageKey, names))
  }
  return files
}

const subjectFile = (packageKey: string, subject: string): string => fileOf(packageKey).replace('.ts', `-${subject}.ts`)
const generated = (packageKey: string): string =>
  `// Generated by tools/generate/generate-schema.ts from the Go types of ${packageKey}. Do not edit.`

/** All subjects of a package under one name, for users of its types. */
function emitIndex(packageKey: string, subjects: readonly string[]): string {
  const lines = subjects.map(subject => `export type * from './${subjectFile(packageKey, subject)}'`)
  return `${[generated(packageKey), ...lines].join('\n')}\n`
}

/** `subjectOf` returns the file of a type of this package: '' if there is only one. */
function emitFile(
  { packageKey, subject }: { readonly packageKey: string; readonly subject: string },
  model: Model,
  subjectOf: (key: string) => string,
): string {
  const imports = new Map<string, Set<string>>()
  const refer = (key: string): string => {
    const leaf = leaves[key] ?? jsonSchemaTypes[key]
    if (leaf !== undefined) return leaf
    const home = special[key] ? 'meta/v1' : packageOf(key)
    const name = special[key]?.[0] ?? nameOf(key)
    const other = home === packageKey ? subjectOf(key) : ''
    if (home === packageKey && other === subject) return name
    const file = other === '' ? `./${fileOf(home)}` : `./${subjectFile(home, other)}`
    const names = imports.get(file) ?? new Set()
    imports.set(file, names.add(name))
    return name
  }
  const holds = (key: string): boolean => packageOf(key) === packageKey && subjectOf(key) === subject
  const body: string[] = []
  if (packageKey === 'meta/v1') {
    body.push("export type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../object.ts'", '')
    for (const [name, type] of Object.values(special)) body.push(`export type ${name} = ${type}`)
    body.push('')
  }
  for (const [key, { type, values }] of model.named) {
    if (!holds(key)) continue
    const union = values?.map(value => `'${value}'`).join(' | ')
    body.push(`export type ${nameOf(key)} = ${union ? `${union} | (string & Record<never, never>)` : typeText(type, refer)}`, '')
  }
  for (const struct of model.structs.values()) {
    if (holds(struct.key) && !shared.has(struct.key)) body.push(emitStruct(struct, model, refer), '')
  }
  if (packageKey === 'meta/v1') imports.set('../object.ts', new Set(['ManagedFieldsEntry', 'ObjectMeta', 'OwnerReference']))
  const head = [generated(packageKey)]
  for (const file of [...imports.keys()].sort())
    head.push(`import type { ${[...(imports.get(file) ?? [])].sort().join(', ')} } from '${file}'`)
  return `${head.join('\n')}\n\n${body.join('\n').trimEnd()}\n`
}

function emitStruct(struct: ModelStruct, model: Model, refer: (key: string) => string): string {
  const embeds = struct.embeds.filter(key => key !== 'meta/v1.TypeMeta')
  const inherited = new Set(embeds.flatMap(key => model.structs.get(key)?.fields.map(field => field.name) ?? []))
  const lines = struct.fields
    .filter(field => !inherited.has(field.name))
    .map(field => {
      const name = /^\w+$/.test(field.name) ? field.name : `'${field.name}'`
      return `  ${name}${isOptional(struct, field, model) ? '?' : ''}: ${typeText(field.type, refer)}${nullText(struct, field)}`
    })
  const head = `export interface ${nameOf(struct.key)}${embeds.length === 0 ? '' : ` extends ${embeds.map(refer).join(', ')}`} {`
  return lines.length === 0 ? `${head}}` : `${head}\n${lines.join('\n')}\n}`
}

/**
 * Go prints structs that are no pointers even where they are empty: `metadata` of a kind and every `spec` are always there after decoding.
 * The rest follows omitempty.
 */
function isOptional(struct: ModelStruct, field: ModelField, model: Model): boolean {
  const always = field.name === 'spec' || (field.name === 'metadata' && struct.isKind)
  if (always && model.structs.has(field.type)) return false
  return field.omitempty || field.type.startsWith('*')
}

function nullText(struct: ModelStruct, field: ModelField): string {
  return isNullable(struct, field) || field.type === 'meta/v1.Time' || field.type === 'meta/v1.MicroTime' ? ' | null' : ''
}

function typeText(type: string, refer: (key: string) => string): string {
  if (type.startsWith('*')) return typeText(type.slice(1), refer)
  if (type === '[]byte') return 'string'
  if (type.startsWith('[]')) {
    const item = typeText(type.slice(2), refer)
    return item.includes('|') ? `(${item})[]` : `${item}[]`
  }
  const map = /^map\[[^\]]+\](.*)$/.exec(type)
  return map?.[1] === undefined ? refer(type) : `Record<string, ${typeText(map[1], refer)}>`
}

/** Types that neither the model nor this file knows; must be empty. */
export function unknownNames(model: Model): string[] {
  const types = [...model.structs.values()].flatMap(struct => struct.fields.flatMap(field => namesIn(field.type)))
  return [...new Set(types)].filter(
    key => !model.structs.has(key) && !model.named.has(key) && !special[key] && !jsonSchemaTypes[key] && !leaves[key],
  )
}
