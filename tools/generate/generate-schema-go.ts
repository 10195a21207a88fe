// Reads Go source files of API types: structs with their tags and comment markers, named scalar types and their constants.
import { readFileSync } from 'node:fs'

export interface GoField {
  /** Name on the wire. */
  json: string
  /** Go type with package keys: `*[]core/v1.Container`. */
  type: string
  omitempty: boolean
  /** An embedded struct whose fields are in the outer object. */
  inline: boolean
  /** Markers of the comment (`+listType=map`) by name, with all their values. */
  markers: Map<string, string[]>
  patchStrategy?: string
  patchMergeKey?: string
}

export interface GoStruct {
  name: string
  fields: GoField[]
  markers: Map<string, string[]>
}

export interface GoNamed {
  name: string
  type: string
  isEnum: boolean
  /** `type A = B`: the same type under another name. */
  isAlias: boolean
}

export interface GoPackage {
  key: string
  structs: GoStruct[]
  named: GoNamed[]
  /** Values of string constants by their named type. */
  constants: Map<string, string[]>
  /** Values of string constants by name, for `+default=ref(Name)`. */
  values: Map<string, string>
}

const builtins = new Set([
  'interface',
  'string',
  'bool',
  'int',
  'int8',
  'int32',
  'int64',
  'uint8',
  'uint32',
  'uint64',
  'float64',
  'float32',
  'byte',
])

/** `k8s.io/api/core/v1` -> `core/v1`, `k8s.io/apimachinery/pkg/apis/meta/v1` -> `meta/v1`, others by their last part. */
function packageKey(path: string): string {
  const api = /^k8s\.io\/(?:api|apimachinery\/pkg\/apis)\/(.+)$/.exec(path)
  return api?.[1] ?? path.slice(path.lastIndexOf('/') + 1)
}

export function parseGoPackage(key: string, files: readonly string[]): GoPackage {
  const result: GoPackage = { key, structs: [], named: [], constants: new Map(), values: new Map() }
  for (const file of files) parseFile(result, readFileSync(file, 'utf8').split('\n'))
  return result
}

function parseFile(into: GoPackage, lines: readonly string[]): void {
  const imports = new Map<string, string>()
  let comment: string[] = []
  let blank: string[] = []
  let index = 0
  while (index < lines.length) {
    const line = lines[index++] ?? ''
    const text = line.trim()
    if (text.startsWith('//')) {
      comment.push(text.slice(2).trim())
      continue
    }
    if (text === '') {
      // A marker may be in its own comment block directly above the doc comment.
      if (comment.length > 0) blank = comment
      comment = []
      continue
    }
    const single = /^import (?:(\w+) )?"([^"]+)"$/.exec(text)
    if (single?.[2] !== undefined) addImport(imports, single[1], single[2])
    if (text === 'import (') {
      for (let entry = lines[index++]?.trim(); entry !== ')' && entry !== undefined; entry = lines[index++]?.trim()) {
        const match = /^(?:(\w+) )?"([^"]+)"$/.exec(entry)
        if (match?.[2] !== undefined) addImport(imports, match[1], match[2])
      }
    } else if (text.startsWith('const')) {
      index = parseConstants(into, lines, index, text)
    } else if (/^type \w+ struct \{\}?$/.test(text)) {
      const name = text.split(' ')[1] ?? ''
      const struct: GoStruct = { name, fields: [], markers: markersOf([...blank, ...comment]) }
      if (!text.endsWith('{}')) index = parseStruct(struct, into.key, imports, lines, index)
      into.structs.push(struct)
    } else {
      const named = /^type (\w+) (= )?([\w.[\]*]+)$/.exec(text)
      if (named?.[1] !== undefined && named[3] !== undefined) {
        const isEnum = markersOf(comment).has('enum')
        into.named.push({ name: named[1], type: resolve(named[3], into.key, imports), isEnum, isAlias: named[2] !== undefined })
      } else if (text.startsWith('func ') && text.endsWith('{')) {
        while (index < lines.length && lines[index] !== '}') index++
      }
    }
    comment = []
    blank = []
  }
}

function addImport(imports: Map<string, string>, alias: string | undefined, path: string): void {
  imports.set(alias ?? path.slice(path.lastIndexOf('/') + 1), packageKey(path))
}

function parseConstants(into: GoPackage, lines: readonly string[], start: number, head: string): number {
  let index = start
  let type = ''
  const take = (text: string): void => {
    const match = /^(\w+)\s*(\w+)?\s*=\s*"((?:[^"\\]|\\.)*)"/.exec(text)
    if (match?.[1] === undefined || match[3] === undefined) return
    type = match[2] ?? ''
    into.values.set(match[1], match[3])
    if (type !== '') into.constants.set(type, [...(into.constants.get(type) ?? []), match[3]])
  }
  if (head !== 'const (') take(head.slice('const '.length))
  else for (let text = lines[index++]?.trim(); text !== ')' && text !== undefined; text = lines[index++]?.trim()) take(text)
  return index
}

function parseStruct(struct: GoStruct, key: string, imports: Map<string, string>, lines: readonly string[], start: number): number {
  let index = start
  let comment: string[] = []
  for (let line = lines[index++]; line !== '}' && line !== undefined; line = lines[index++]) {
    const text = line.trim()
    if (text.startsWith('//')) comment.push(text.slice(2).trim())
    const field = /^(\w+ +)?([\w.[\]*{}]+)\s+`(.*)`/.exec(text)
    if (field?.[2] === undefined || field[3] === undefined) continue
    const tag = (name: string): string | undefined => new RegExp(`(?:^| )${name}:"([^"]*)"`).exec(field[3] ?? '')?.[1]
    const [json = '', ...options] = (tag('json') ?? '').split(',')
    if (json === '-') continue
    const patchStrategy = tag('patchStrategy')
    const patchMergeKey = tag('patchMergeKey')
    struct.fields.push({
      json,
      type: resolve(field[2], key, imports),
      omitempty: options.includes('omitempty'),
      inline: json === '',
      markers: markersOf(comment),
      ...(patchStrategy === undefined ? {} : { patchStrategy }),
      ...(patchMergeKey === undefined ? {} : { patchMergeKey }),
    })
    comment = []
  }
  return index
}

function markersOf(comment: readonly string[]): Map<string, string[]> {
  const markers = new Map<string, string[]>()
  for (const line of comment) {
    const match = /^\+([\w:-]+)(?:=(.*))?$/.exec(line)
    if (match?.[1] !== undefined) markers.set(match[1], [...(markers.get(match[1]) ?? []), (match[2] ?? '').trim()])
  }
  return markers
}

/** Puts the package key before every name that is not built in. */
function resolve(type: string, key: string, imports: Map<string, string>): string {
  return type.replace(/(?:(\w+)\.)?([A-Za-z]\w*)/g, (whole, alias: string | undefined, name: string) => {
    if (alias !== undefined) return `${imports.get(alias) ?? alias}.${name}`
    return builtins.has(name) || name === 'map' ? whole : `${key}.${name}`
  })
}
