// The OpenAPI v2 document of everything, as text in pieces: the piece of the built-in kinds is made once, and a changed group of custom
// resources or of another server replaces only its own piece.
import { createHash } from 'node:crypto'
import type { DiscoverableResource } from '../../../api/openapi/discovery.ts'
import { type OpenApiInput, openApiV2Document, openApiV2Parts } from '../../../api/openapi/openapi.ts'
import { withFreeNames } from '../../../api/openapi/openapi-text.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { RemoteVersion } from '../../proxy/aggregation/backend-documents.ts'

interface Piece {
  /** Members of an object without the braces; empty if there are none. */
  readonly paths: Uint8Array
  readonly definitions: Uint8Array
  /** Names of its paths and definitions, which no other piece may contain. */
  readonly names: Iterable<string>
}

interface BuiltIn extends Piece {
  readonly head: Buffer
  readonly tail: Buffer
  readonly names: ReadonlySet<string>
}

const comma = Buffer.from(',')
const definitionsKey = Buffer.from('},"definitions":{')

export class OpenApiV2Text {
  readonly #resources: () => readonly DiscoverableResource[]
  readonly #described: () => OpenApiInput
  readonly #groups = new Map<string, Piece>()
  readonly #foreign: () => readonly RemoteVersion[]
  #foreignPieces: readonly Piece[] | undefined
  #builtIn: BuiltIn | undefined
  #etag: string | undefined

  /** `described` is called only when a piece is made, because descriptions are large. `foreign` are documents of other servers. */
  constructor(
    resources: () => readonly DiscoverableResource[],
    described: () => OpenApiInput,
    foreign: () => readonly RemoteVersion[] = () => [],
  ) {
    this.#resources = resources
    this.#described = described
    this.#foreign = foreign
  }

  /** A document of another server changed. */
  forgetForeign(): void {
    this.#foreignPieces = undefined
    this.#etag = undefined
  }

  /** The group changed or was removed. */
  forget(group: string): void {
    this.#groups.delete(group)
    // A name that was free before may be taken now.
    this.forgetForeign()
  }

  get bytes(): Buffer {
    const { builtIn, pieces } = this.#pieces()
    const joined = (part: 'paths' | 'definitions'): Uint8Array[] =>
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
    this.#foreignPieces ??= foreignPieces(this.#foreign(), [builtIn, ...pieces])
    return { builtIn, pieces: [...pieces, ...this.#foreignPieces] }
  }
}

/** The parts of other servers' documents whose names no earlier piece has. */
function foreignPieces(foreign: readonly RemoteVersion[], before: readonly Piece[]): Piece[] {
  const parts = foreign.flatMap(({ openApiV2 }) => openApiV2 ?? [])
  if (parts.length === 0) return []
  const taken = new Set(before.flatMap(({ names }) => [...names]))
  return parts.map(part => {
    // An APIService takes precedence over custom resources of its group version, but duplicate members would not be valid JSON.
    const { paths, definitions } = withFreeNames(part, name => taken.has(name))
    const names = [...paths.names, ...definitions.names]
    for (const name of names) taken.add(name)
    return { paths: paths.text, definitions: definitions.text, names }
  })
}

function builtInPiece(input: OpenApiInput): BuiltIn {
  const { paths, definitions, ...rest } = openApiV2Document(input) as Record<string, object>
  const { parameters, ...head } = rest
  return {
    head: Buffer.from(`${writeJson(head).slice(0, -1)},"paths":{`),
    paths: members(paths),
    definitions: members(definitions),
    tail: Buffer.from(parameters === undefined ? '}}' : `},"parameters":${writeJson(parameters)}}`),
    names: new Set([...Object.keys(paths ?? {}), ...Object.keys(definitions ?? {})]),
  }
}

function groupPiece(input: OpenApiInput, group: string, known: ReadonlySet<string>): Piece {
  const { paths, definitions } = openApiV2Parts(input)
  const own = (part: Record<string, unknown>): object => Object.fromEntries(Object.entries(part).filter(([name]) => !known.has(name)))
  const ownPaths = Object.fromEntries(Object.entries(own(paths)).filter(([path]) => path.startsWith(`/apis/${group}/`)))
  const ownDefinitions = own(definitions)
  const names = [...Object.keys(ownPaths), ...Object.keys(ownDefinitions)]
  return { paths: members(ownPaths), definitions: members(ownDefinitions), names }
}

function members(object: object | undefined): Buffer {
  return Buffer.from(writeJson(object ?? {}).slice(1, -1))
}
