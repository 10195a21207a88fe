// Joins the Go sources with our additions into one table of structs and named scalars, limited to types that the served kinds use.
import { additions } from './generate-schema-additions.ts'
import { type GoField, type GoPackage, type GoStruct, parseGoPackage } from './generate-schema-go.ts'

export interface ModelField {
  name: string
  type: string
  omitempty: boolean
  required: boolean
  listType?: string
  mapKeys?: string[]
  /** `atomic` or `granular` of a map or struct. */
  mapType?: string
  patchStrategy?: string
  mergeKey?: string
  default?: unknown
  discriminator?: boolean
}

export interface ModelStruct {
  key: string
  fields: ModelField[]
  /** Embedded structs, whose fields are in `fields` too. */
  embeds: string[]
  /** A kind of its own: has apiVersion and kind. */
  isKind: boolean
  atomic: boolean
  union: boolean
}

export interface Model {
  structs: Map<string, ModelStruct>
  named: Map<string, { type: string; values?: string[] }>
}

/** The versions that v1.33 serves: every stable one, and the alpha that can be enabled; no beta is on by default. */
export const servedPackages = [
  ['admissionregistration/v1', 'admissionregistration.k8s.io'],
  ['admissionregistration/v1alpha1', 'admissionregistration.k8s.io'],
  ['apps/v1', 'apps'],
  ['authentication/v1', 'authentication.k8s.io'],
  ['authorization/v1', 'authorization.k8s.io'],
  ['autoscaling/v1', 'autoscaling'],
  ['autoscaling/v2', 'autoscaling'],
  ['batch/v1', 'batch'],
  ['certificates/v1', 'certificates.k8s.io'],
  ['coordination/v1', 'coordination.k8s.io'],
  ['core/v1', ''],
  ['discovery/v1', 'discovery.k8s.io'],
  ['events/v1', 'events.k8s.io'],
  ['flowcontrol/v1', 'flowcontrol.apiserver.k8s.io'],
  ['networking/v1', 'networking.k8s.io'],
  ['node/v1', 'node.k8s.io'],
  ['policy/v1', 'policy'],
  ['rbac/v1', 'rbac.authorization.k8s.io'],
  ['scheduling/v1', 'scheduling.k8s.io'],
  ['storage/v1', 'storage.k8s.io'],
] as const

/** Groups whose Go sources Debian does not package; their types are in the additions. */
export const addedGroups = [
  ['apiextensions/v1', 'apiextensions.k8s.io'],
  ['bulkhead/v1alpha1', 'bulkhead.dev'],
  ['apiregistration/v1', 'apiregistration.k8s.io'],
  ['metrics/v1beta1', 'metrics.k8s.io'],
  ['storage/v1beta1', 'storage.k8s.io'],
  ['supply/v1', 'supply.bulkhead.dev'],
] as const

/** Kinds that became stable in v1.33 with the shape of their beta. */
const promoted = { from: 'networking/v1beta1', to: 'networking/v1', names: /^(IPAddress|ServiceCIDR|ParentReference)/ }

/** Kinds that v1.33 serves in no alpha version any more. */
const removed = { from: 'admissionregistration/v1alpha1', names: /^ValidatingAdmissionPolicy/ }

/** Types with an encoding of their own; their Go fields do not appear on the wire. */
const opaque = new Set(['meta/v1.Time', 'meta/v1.MicroTime', 'meta/v1.Duration', 'meta/v1.FieldsV1'])

export function buildModel(root: string): Model {
  const packages = [
    ...servedPackages.map(([key]) => parseGoPackage(key, [`${root}/api/${key}/types.go`])),
    parseGoPackage('meta/v1', [`${root}/apimachinery/pkg/apis/meta/v1/types.go`, `${root}/apimachinery/pkg/apis/meta/v1/watch.go`]),
    promote(parseGoPackage(promoted.from, [`${root}/api/${promoted.from}/types.go`])),
  ]
  const goStructs = new Map<string, GoStruct>()
  const all: Model = {
    structs: new Map(),
    named: new Map([
      ['types.UID', { type: 'string' }],
      ['types.NodeName', { type: 'string' }],
    ]),
  }
  for (const goPackage of packages) if (goPackage.key === removed.from) resolveForeignNames(goPackage, packages)
  for (const goPackage of packages) {
    for (const struct of goPackage.structs) {
      if (goPackage.key === removed.from && removed.names.test(struct.name)) continue
      goStructs.set(`${goPackage.key}.${struct.name}`, struct)
    }
    for (const { name, type, isEnum } of goPackage.named) {
      const values = isEnum ? [...new Set(goPackage.constants.get(name) ?? [])].sort() : undefined
      all.named.set(`${goPackage.key}.${name}`, { type, ...(values === undefined ? {} : { values }) })
    }
  }
  const refs = new Map(packages.map(goPackage => [goPackage.key, goPackage.values]))
  for (const [key, struct] of goStructs) if (!opaque.has(key)) all.structs.set(key, structOf(key, struct, goStructs, refs))
  addOurs(all)
  return reachable(all)
}

/** Names of a package for types of another: `type A = v1.A` is the other, `type A v1.A` of a struct is a struct of its own. Changes the package. */
function resolveForeignNames(goPackage: GoPackage, all: readonly GoPackage[]): void {
  const { key, structs, named } = goPackage
  const others = all.filter(other => other !== goPackage)
  const keep: GoPackage['named'] = []
  for (const one of named) {
    const target = others.flatMap(other => other.structs.filter(struct => `${other.key}.${struct.name}` === one.type))[0]
    if (one.isAlias && others.some(other => one.type.startsWith(`${other.key}.`))) {
      const own = new RegExp(`${key}\\.${one.name}\\b`, 'g')
      for (const struct of structs) for (const field of struct.fields) field.type = field.type.replace(own, one.type)
    } else if (!one.isAlias && target !== undefined) structs.push({ ...target, name: one.name })
    else keep.push(one)
  }
  goPackage.named = keep
}

function promote(from: GoPackage): GoPackage {
  const rename = (type: string): string => type.replaceAll(promoted.from, promoted.to)
  const structs = from.structs
    .filter(struct => promoted.names.test(struct.name))
    .map(struct => ({ ...struct, fields: struct.fields.map(field => ({ ...field, type: rename(field.type) })) }))
  return { key: promoted.to, structs, named: [], constants: new Map(), values: from.values }
}

function structOf(key: string, struct: GoStruct, all: Map<string, GoStruct>, refs: Map<string, Map<string, string>>): ModelStruct {
  const fields: ModelField[] = []
  const embeds: string[] = []
  const visit = (current: GoStruct): void => {
    for (const field of current.fields) {
      if (!field.inline) {
        fields.push(fieldOf(field, key, refs))
        continue
      }
      const embedded = field.type.replace('*', '')
      if (current === struct) embeds.push(embedded)
      const target = all.get(embedded)
      if (target === undefined) throw new Error(`${key} embeds the unknown struct ${embedded}`)
      visit(target)
    }
  }
  visit(struct)
  return {
    key,
    fields,
    embeds,
    isKind: embeds.includes('meta/v1.TypeMeta'),
    atomic: struct.markers.get('structType')?.[0] === 'atomic',
    union: struct.markers.has('union'),
  }
}

function fieldOf(field: GoField, owner: string, refs: Map<string, Map<string, string>>): ModelField {
  const marker = (name: string): string | undefined => field.markers.get(name)?.[0]
  const result: ModelField = {
    name: field.json,
    type: field.type,
    omitempty: field.omitempty,
    required: !field.omitempty && !field.markers.has('optional'),
  }
  const listType = marker('listType')
  if (listType !== undefined) result.listType = listType
  const mapKeys = field.markers.get('listMapKey')
  if (mapKeys !== undefined) result.mapKeys = mapKeys
  const mapType = marker('mapType') ?? marker('structType')
  if (mapType !== undefined) result.mapType = mapType
  const strategy = field.patchStrategy ?? marker('patchStrategy')
  if (strategy !== undefined) result.patchStrategy = strategy
  const mergeKey = field.patchMergeKey ?? marker('patchMergeKey')
  if (mergeKey !== undefined) result.mergeKey = mergeKey
  const text = marker('default')
  if (text !== undefined) {
    const ref = /^ref\((\w+)\)$/.exec(text)?.[1]
    result.default = ref === undefined ? JSON.parse(text) : refs.get(owner.slice(0, owner.indexOf('.')))?.get(ref)
  }
  if (field.markers.has('unionDiscriminator')) result.discriminator = true
  return result
}

function addOurs(model: Model): void {
  let struct: ModelStruct | undefined
  let changing = false
  for (const line of additions.split('\n')) {
    const [word = '', name = '', ...flags] = line.trim().split(' ')
    if (word === '') continue
    if (!line.startsWith(' ')) {
      changing = word === 'change'
      struct = word === 'enum' ? undefined : startStruct(model, word, name, flags)
      if (word === 'enum') model.named.set(name, flags.length === 0 ? { type: 'string' } : { type: 'string', values: [...flags].sort() })
      continue
    }
    if (struct === undefined) throw new Error(`addition ${line.trim()} stands in no struct`)
    if (changing) {
      changeField(struct, word, [name, ...flags])
      continue
    }
    const field: ModelField = { name: word, type: name, omitempty: flags.includes('omitempty'), required: false }
    field.required = !field.omitempty && !flags.includes('optional')
    let at = struct.fields.length
    for (const flag of flags) {
      const [key = '', value = ''] = flag.split('=')
      if (key === 'first') at = 0
      if (key === 'after') at = struct.fields.findIndex(other => other.name === value) + 1
      if (key === 'patch') field.patchStrategy = value
      if (key === 'key') field.mergeKey = value
      if (key === 'list') {
        const [type = '', ...keys] = value.split(':')
        field.listType = type
        if (keys.length > 0) field.mapKeys = keys
      }
    }
    if (struct.fields.some(other => other.name === field.name)) throw new Error(`addition ${struct.key}.${field.name} exists already`)
    struct.fields.splice(at, 0, field)
  }
}

function changeField(struct: ModelStruct, name: string, flags: readonly string[]): void {
  const field = struct.fields.find(other => other.name === name)
  if (field === undefined) throw new Error(`cannot change the unknown field ${struct.key}.${name}`)
  for (const flag of flags) {
    if (flag === 'optional') field.required = false
    if (flag === 'required') field.required = true
    if (flag.startsWith('default=')) field.default = JSON.parse(flag.slice('default='.length))
  }
}

function startStruct(model: Model, word: string, key: string, flags: readonly string[]): ModelStruct {
  const existing = model.structs.get(key)
  if (word === 'extend' || word === 'change') {
    if (existing === undefined) throw new Error(`cannot extend the unknown struct ${key}`)
    return existing
  }
  if (existing !== undefined) throw new Error(`struct ${key} exists already`)
  const isKind = flags.includes('root') || flags.includes('list')
  const fields: ModelField[] = []
  if (isKind) {
    const metadata = flags.includes('root') ? 'meta/v1.ObjectMeta' : 'meta/v1.ListMeta'
    for (const name of ['kind', 'apiVersion']) fields.push({ name, type: 'string', omitempty: true, required: false })
    fields.push({ name: 'metadata', type: metadata, omitempty: true, required: false })
  }
  const struct: ModelStruct = { key, fields, embeds: isKind ? ['meta/v1.TypeMeta'] : [], isKind, atomic: false, union: false }
  model.structs.set(key, struct)
  return struct
}

/** The names that a type expression refers to. */
export function namesIn(type: string): string[] {
  return type.match(/[\w/]+\.\w+/g) ?? []
}

/** Drops types that no kind uses, and sorts. */
function reachable(model: Model): Model {
  const found = new Set<string>()
  const visit = (key: string): void => {
    if (found.has(key)) return
    found.add(key)
    const struct = model.structs.get(key)
    for (const field of struct?.fields ?? []) namesIn(field.type).forEach(visit)
    struct?.embeds.forEach(visit)
    namesIn(model.named.get(key)?.type ?? '').forEach(visit)
  }
  for (const struct of model.structs.values()) if (struct.isKind) visit(struct.key)
  // The frame of a watch has no apiVersion and kind of its own.
  visit('meta/v1.WatchEvent')
  const keep = <T>(map: Map<string, T>): Map<string, T> =>
    new Map([...map].filter(([key]) => found.has(key)).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { structs: keep(model.structs), named: keep(model.named) }
}
