// Generates src/server/protobuf/fields.json: the field numbers of the built-in kinds' protobuf messages, read from Debian's package
// golang-k8s-api-dev. Clients such as kubectl send new objects in this encoding. `--check` fails where the file differs.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import schema from '../src/api/schema/generated/types.json' with { type: 'json' }

const goRoot = '/usr/share/gocode/src/k8s.io'
const target = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src/server/protobuf/fields.json')

/** Number, JSON name, type, and `r` for repeated, `m` for a map from string, `i` for a message whose fields stand in the parent's JSON. */
type Row = [number, string, string, ('r' | 'm' | 'i')?]

if (!existsSync(join(goRoot, 'api/core/v1/generated.proto'))) {
  console.log('Skipped: the Go sources of k8s.io/api are not installed (Debian package golang-k8s-api-dev)')
} else {
  const text = `${emit(readAll())}\n`
  if (!process.argv.includes('--check')) writeFileSync(target, text)
  else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    console.error(`${target} is not what tools/generate-protobuf-fields.ts writes`)
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
  return messages
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
  const structs: Record<string, { fields: { n: string }[] } | undefined> = schema.structs
  const known = structs[`${key}.${message}`]
  const inJson = known?.fields.find(field => field.n === name) ?? known?.fields.find(field => field.n.toLowerCase() === name.toLowerCase())
  // Embedded Go structs are messages of their own here and no member in JSON.
  if (known !== undefined && inJson === undefined && shape === undefined && structs[type] !== undefined) return [number, name, type, 'i']
  if (known !== undefined && inJson === undefined) throw new Error(`${key}.${message}.${name} is no JSON member`)
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
