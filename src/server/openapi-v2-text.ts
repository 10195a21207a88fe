// The document of OpenAPI v2, which holds everything, as text in pieces: that of the built-in kinds is made once, and a changed group of custom
// resources makes its own piece anew.
import { createHash } from 'node:crypto'
import type { DiscoverableResource } from '../api/schema/discovery.ts'
import { type OpenApiInput, openApiV2Document, openApiV2Parts } from '../api/schema/openapi.ts'

interface Piece {
  /** Members of an object, without the braces; empty where there are none. */
  readonly paths: Buffer
  readonly definitions: Buffer
}

interface BuiltIn extends Piece {
  readonly head: Buffer
  readonly tail: Buffer
  /** Names that the pieces of groups need not bring. */
  readonly names: ReadonlySet<string>
}

const comma = Buffer.from(',')
const definitionsKey = Buffer.from('},"definitions":{')

export class OpenApiV2Text {
  readonly #resources: () => readonly DiscoverableResource[]
  readonly #described: () => OpenApiInput
  readonly #groups = new Map<string, Piece>()
  #builtIn: BuiltIn | undefined
  #etag: string | undefined

  /** `described` is asked only when a piece is made: descriptions are large. */
  constructor(resources: () => readonly DiscoverableResource[], described: () => OpenApiInput) {
    this.#resources = resources
    this.#described = described
  }

  /** The group has changed, or is gone. */
  forget(group: string): void {
    this.#groups.delete(group)
    this.#etag = undefined
  }

  get bytes(): Buffer {
    const { builtIn, pieces } = this.#pieces()
    const joined = (part: 'paths' | 'definitions'): Buffer[] =>
      [builtIn, ...pieces].flatMap(piece => (piece[part].length === 0 ? [] : [comma, piece[part]])).slice(1)
    return Buffer.concat([builtIn.head, ...joined('paths'), definitionsKey, ...joined('definitions'), builtIn.tail])
  }

  get etag(): string {
    this.#etag ??= `"${createHash('sha256').update(this.bytes).digest('hex').toUpperCase()}"`
    return this.#etag
  }

  #pieces(): { builtIn: BuiltIn; pieces: Piece[] } {
    const all = this.#resources()
    const custom = new Map<string, DiscoverableResource[]>()
    for (const resource of all) {
      if (resource.custom === undefined) continue
      const others = custom.get(resource.group)
      if (others === undefined) custom.set(resource.group, [resource])
      else others.push(resource)
    }
    this.#builtIn ??= builtInPiece({ ...this.#described(), resources: all.filter(resource => resource.custom === undefined) })
    const builtIn = this.#builtIn
    const pieces = [...custom].map(([group, resources]) => {
      const piece = this.#groups.get(group) ?? groupPiece({ ...this.#described(), resources }, group, builtIn.names)
      this.#groups.set(group, piece)
      return piece
    })
    return { builtIn, pieces }
  }
}

function builtInPiece(input: OpenApiInput): BuiltIn {
  const { paths, definitions, ...rest } = openApiV2Document(input) as Record<string, object>
  const { parameters, ...head } = rest
  return {
    head: Buffer.from(`${JSON.stringify(head).slice(0, -1)},"paths":{`),
    paths: members(paths),
    definitions: members(definitions),
    tail: Buffer.from(parameters === undefined ? '}}' : `},"parameters":${JSON.stringify(parameters)}}`),
    names: new Set([...Object.keys(paths ?? {}), ...Object.keys(definitions ?? {})]),
  }
}

function groupPiece(input: OpenApiInput, group: string, known: ReadonlySet<string>): Piece {
  const { paths, definitions } = openApiV2Parts(input)
  const own = (part: Record<string, unknown>): object => Object.fromEntries(Object.entries(part).filter(([name]) => !known.has(name)))
  const ownPaths = Object.fromEntries(Object.entries(own(paths)).filter(([path]) => path.startsWith(`/apis/${group}/`)))
  return { paths: members(ownPaths), definitions: members(own(definitions)) }
}

function members(object: object | undefined): Buffer {
  return Buffer.from(JSON.stringify(object ?? {}).slice(1, -1))
}
