// Generates src/server/protobuf/fields.json: the field numbers of the built-in kinds' protobuf messages, read from Debian's package
// golang-k8s-api-dev and from the additions. Go clients send and ask for objects in this encoding. `--check` fails where the file differs.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import schema from '../../src/api/schema/generated/types.json' with { type: 'json' }
import { fieldAdditions } from './protobuf-field-additions.ts'

const goRoot = '/usr/share/gocode/src/k8s.io'
const target = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'src/server/protobuf/fields.json')

/** Number, JSON name, type, and `r` for repeated, `m` for a map from string, `i` for a message whose fields are in the parent's JSON. */
type Row = [number, string, string, ('r' | 'm' | 'i')?]

const structs: Record<string, { fields: { n: string; t: string }[] } | undefined> = schema.structs
const namedTypes: Record<string, { t: string } | undefined> = schema.named

/** Protobuf's types of Go's. */
const goTypes: Record<string, string | undefined> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  float64: 'double',
  '[]byte': 'bytes',
  'meta/v1.Time': 'meta/v1.Time',
  'meta/v1.Duration': 'meta/v1.Duration',
  'resource.Quantity': 'quantity',
  'apiextensions/v1.JSON': 'raw',
  'apiextensions/v1.JSONSchemaPropsOrBool': 'schemaOrBool',
  'apiextensions/v1.JSONSchemaPropsOrArray': 'schemaOrArray',
  'apiextensions/v1.JSONSchemaPropsOrStringArray': 'schemaOrStrings',
}

if (!existsSync(join(goRoot, 'api/core/v1/generated.proto'))) {
  console.log('Skipped: the Go sources of k8s.io/api are not installed (Debian package golang-k8s-api-dev)')
} else {
  const text = `${emit(readAll())}\n`
  if (!process.argv.includes('--check')) writeFileSync(target, text)
  else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    console.error(`${target} is not what tools/generate/generate-protobuf-fields.ts writes`)
    process.exitCode = 1
  }
}

function readAll(): Map<string, Row[]> {
  const messages = new Map<string, Row[]>()
  const read = (path: string, key: string) => {
    for (const [name, rows] of readMessages(readFileSync(join(goRoot, path), 'utf8'), key)) messages.set(`${key}.${name}`, rows)
  }
  for (const group of readdirSync(join(goRoot, 'api'))) {
    for (const version of ['v1', 'v1alpha1', 'v2']) {
      const key = `${group}/${version}`
      if (key in schema.groups && existsSync(join(goRoot, `api/${key}/generated.proto`))) read(`api/${key}/generated.proto`, key)
    }
  }
  read('apimachinery/pkg/apis/meta/v1/generated.proto', 'meta/v1')
  for (const line of fieldAdditions.split('\n')) {
    const [message = '', ...fields] = line.split(' ')
    if (message === '' || message === '#') continue
    const rows = fields.map(field => addedRow(message, field))
    const known = messages.get(message) ?? []
    // A number that Debian's sources have by now need not be added any longer.
    const twice = rows.find(([number, name]) => known.some(row => row[0] === number || row[1] === name))
    if (twice !== undefined) throw new Error(`${message}.${twice[1]} is in the Go sources: remove it from the additions`)
    messages.set(message, [...known, ...rows])
  }
  return messages
}

/** `name=number`, with the type that the schema gives it, or `name=number:TYPE`. */
function addedRow(message: string, field: string): Row {
  const [name = '', number, given] = field.split(/[=:]/)
  const type = structs[message]?.fields.find(known => known.n === name)?.t
  if (type === undefined) throw new Error(`the schema has no ${message}.${name}`)
  if (given !== undefined) return [Number(number), name, addedType(given)]
  const plain = type.replace(/^\*/, '')
  if (plain !== '[]byte' && plain.startsWith('[]')) return [Number(number), name, addedType(plain.slice(2)), 'r']
  const item = /^map\[[^\]]+\](.*)$/.exec(namedTypes[plain]?.t ?? plain)?.[1]
  return item === undefined ? [Number(number), name, addedType(plain)] : [Number(number), name, addedType(item), 'm']
}

/** A Go type's protobuf type. */
function addedType(type: string): string {
  if (structs[type] !== undefined) return type
  const known = goTypes[type] ?? goTypes[namedTypes[type]?.t ?? '']
  if (known === undefined) throw new Error(`the Go type ${type} has no protobuf type here`)
  return known
}

function readMessages(text: string, key: string): Map<string, Row[]> {
  const messages = new Map<string, Row[]>()
  for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{\n(.*?)^\}/gms)) {
    const rows: Row[] = []
    for (const line of body.split('\n')) {
      const map = /^\s*map<string, ([\w.]+)> (\w+) = (\d+)/.exec(line)
      if (map?.[1] && map[2]) rows.push(row(key, name, Number(map[3]), map[2], map[1], 'm'))
      const field = /^\s*(optional|repeated) ([\w.]+) (\w+) = (\d+)/.exec(line)
      if (field?.[2] && field[3]) rows.push(row(key, name, Number(field[4]), field[3], field[2], field[1] === 'repeated' ? 'r' : undefined))
    }
    messages.set(name, rows)
  }
  return messages
}

function row(key: string, message: string, number: number, name: string, rawType: string, shape: 'r' | 'm' | undefined): Row {
  const type = typeName(rawType, key)
  const known = structs[`${key}.${message}`]
  const inJson = known?.fields.find(field => field.n === name) ?? known?.fields.find(field => field.n.toLowerCase() === name.toLowerCase())
  // Embedded Go structs are messages of their own here and no member in JSON.
  if (known !== undefined && inJson === undefined && shape === undefined && structs[type] !== undefined) return [number, name, type, 'i']
  if (known !== undefined && inJson === undefined) throw new Error(`${key}.${message}.${name} is not JSON member`)
  const jsonName = inJson?.n ?? name
  return shape === undefined ? [number, jsonName, type] : [number, jsonName, type, shape]
}

/** `core/v1.PodSpec`, `meta/v1.Time`, `quantity`, `intOrString`, `raw`, or a scalar's name. */
function typeName(raw: string, key: string): string {
  if (/^[a-z]\w*$/.test(raw)) return raw
  if (!raw.startsWith('.')) return `${key}.${raw}`
  if (raw === '.k8s.io.apimachinery.pkg.api.resource.Quantity') return 'quantity'
  if (raw === '.k8s.io.apimachinery.pkg.util.intstr.IntOrString') return 'intOrString'
  if (raw === '.k8s.io.apimachinery.pkg.runtime.RawExtension') return 'raw'
  const match = /^\.k8s\.io\.(?:api|apimachinery\.pkg\.apis)\.(\w+)\.(\w+)\.(\w+)$/.exec(raw)
  if (match === null) throw new Error(`unknown type ${raw} in ${key}`)
  return `${match[1]}/${match[2]}.${match[3]}`
}

function emit(messages: ReadonlyMap<string, readonly Row[]>): string {
  const lines = [...messages].map(([name, rows]) => `${JSON.stringify(name)}: ${JSON.stringify(rows)}`)
  return `{\n${lines.join(',\n')}\n}`
}
