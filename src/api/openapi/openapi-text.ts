// A part of an OpenAPI v2 document as text: serialized once when the document is read, and merged with others without parsing it again.
// Pure.
import { createHash } from 'node:crypto'
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { scanJson } from '../schema/json-text.ts'
import { type OpenApiPart, openApiPart } from './openapi-part.ts'
import { openApiV3FromV2 } from './openapi-v3-from-v2.ts'

/** Members of an object. */
export interface MembersText {
  readonly names: readonly string[]
  /** JSON of the members, without the braces. */
  readonly text: Uint8Array
  /** Offset of each name's member in the text, plus the offset after the last one. */
  readonly starts: Uint32Array
  /** For each referenced definition, the members that refer to it, by their index among the names. */
  readonly referrers: ReadonlyMap<string, readonly number[]>
}

/** Members that are merged with others. */
export type PlacedText = Pick<MembersText, 'names' | 'text'>

export interface OpenApiText {
  readonly paths: MembersText
  readonly definitions: MembersText
  /** SHA-512 of the contents, in capitals. */
  readonly digest: string
  /** The same as a whole OpenAPI v3 document, if requested. */
  readonly v3: Uint8Array | undefined
}

export interface OpenApiRequest {
  readonly group: string
  readonly version: string
  readonly withV3: boolean
}

/** Nesting limit of a document. */
export const maxLevels = 100

/** Throws an Error for invalid JSON or too deep nesting. */
export function parseBoundedJson(body: Uint8Array): unknown {
  if (scanJson(body).depth > maxLevels) throw new Error(`the answer is nested deeper than ${maxLevels} levels`)
  return parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
}

/** The document's part about the group version; undefined if there is none. Throws as `parseBoundedJson`. */
export function openApiText(body: Uint8Array, { group, version, withV3 }: OpenApiRequest): OpenApiText | undefined {
  const part = openApiPart(parseBoundedJson(body), group, version)
  return part && textOf(part, withV3 ? group : undefined)
}

/** `title` is that of the v3 document. */
export function textOf(part: OpenApiPart, title?: string): OpenApiText {
  const [paths, definitions] = [membersText(part.paths), membersText(part.definitions)]
  const digest = createHash('sha512').update(paths.text).update('\n').update(definitions.text).digest('hex').toUpperCase()
  const v3 = title === undefined ? undefined : Buffer.from(writeJson(openApiV3FromV2(part, title)))
  return { paths, definitions, digest, v3 }
}

function membersText(object: Readonly<Record<string, unknown>>): MembersText {
  const names = Object.keys(object)
  const values = names.map(name => writeJson(object[name]))
  const members = names.map((name, index) => member(name, values[index] ?? 'null'))
  const starts = new Uint32Array(members.length + 1)
  for (const [index, { length }] of members.entries()) starts[index + 1] = (starts[index] ?? 0) + length + 1
  const referrers = new Map<string, number[]>()
  for (const [index, value] of values.entries())
    for (const [, quoted = '""'] of value.matchAll(references)) {
      const name = referredName(quoted)
      const known = referrers.get(name)
      if (known === undefined) referrers.set(name, [index])
      else if (known.at(-1) !== index) known.push(index)
    }
  return { names, text: joined(members), starts, referrers }
}

const member = (name: string, value: string): Buffer => Buffer.from(`${writeJson(name)}:${value}`)
const comma = Buffer.from(',')
const joined = (members: readonly Uint8Array[]): Buffer =>
  Buffer.concat(members.flatMap((one, index) => (index === 0 ? [one] : [comma, one])))

/** In serialized text a key is between plain quotes: inside a value, quotes are escaped. */
const references = /"\$ref":("#\/definitions\/(?:[^"\\]|\\.)*")/g
const referredName = (quoted: string): string => (parseJson(quoted) as string).slice('#/definitions/'.length)

/** Renames `taken` definitions as upstream does: `name_v2`, `name_v3`. Taken paths are omitted. */
export function withFreeNames(
  { paths, definitions }: OpenApiText,
  taken: (name: string) => boolean,
): { readonly paths: PlacedText; readonly definitions: PlacedText } {
  const own = new Set(definitions.names)
  const names = new Map<string, string>()
  for (const name of definitions.names) {
    if (!taken(name)) continue
    let number = 2
    while (taken(`${name}_v${number}`) || own.has(`${name}_v${number}`)) number++
    names.set(name, `${name}_v${number}`)
  }
  return {
    paths: renamed(paths, names, path => (taken(path) ? undefined : path)),
    definitions: renamed(definitions, names, name => names.get(name) ?? name),
  }
}

/** `nameOf` returns a member's name, undefined to omit it; `names` are the new names of renamed definitions. */
function renamed(members: MembersText, names: ReadonlyMap<string, string>, nameOf: (name: string) => string | undefined): PlacedText {
  const { text, starts, referrers } = members
  const refers = new Set<number>()
  for (const name of names.keys()) for (const index of referrers.get(name) ?? []) refers.add(index)
  if (refers.size === 0 && members.names.every(name => nameOf(name) === name)) return members
  const kept: string[] = []
  const made: Uint8Array[] = []
  for (const [index, name] of members.names.entries()) {
    const next = nameOf(name)
    if (next === undefined) continue
    const own = text.subarray(starts[index], (starts[index + 1] ?? 0) - 1)
    kept.push(next)
    made.push(next === name && !refers.has(index) ? own : member(next, withReferences(textOfValue(name, own), names)))
  }
  return { names: kept, text: joined(made) }
}

const textOfValue = (name: string, text: Uint8Array): string =>
  Buffer.from(text.subarray(Buffer.byteLength(writeJson(name)) + 1)).toString()

function withReferences(json: string, names: ReadonlyMap<string, string>): string {
  return json.replaceAll(references, (whole, quoted: string) => {
    const next = names.get(referredName(quoted))
    return next === undefined ? whole : `"$ref":${writeJson(`#/definitions/${next}`)}`
  })
}
