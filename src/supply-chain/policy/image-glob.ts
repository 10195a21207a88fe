// Globs over `registry/repository`, by which policies name images.
import { UserError } from '../../base/user-error.ts'

/** Each star may be tried at each place of a name. */
export const maxStars = 8
export const maxGlobLength = 512

const form = /^[A-Za-z0-9.*[][A-Za-z0-9._:/[\]*-]*$/

/** `*` stands for any text without `/`, `**` for any text. */
export interface ImageGlob {
  readonly text: string
  readonly pieces: readonly Piece[]
}

type Piece = { readonly literal: string } | { readonly star: 'segment' | 'all' }

/** Throws a UserError that begins with `where`. */
export function parseImageGlob(text: string, where: string): ImageGlob {
  if (text.length > maxGlobLength || !form.test(text))
    throw new UserError(
      `${where} must be a glob over registry/repository of at most ${maxGlobLength} characters, such as registry.example.com:5000/shop/**`,
    )
  if (text.lastIndexOf(':') > text.lastIndexOf('/')) throw new UserError(`${where} must name repositories, without a tag, got "${text}"`)
  const pieces = (text.match(/\*+|[^*]+/g) ?? []).map((piece): Piece => {
    if (!piece.startsWith('*')) return { literal: piece }
    if (piece.length > 2) throw new UserError(`${where} must have one or two stars together, got "${text}"`)
    return { star: piece === '*' ? 'segment' : 'all' }
  })
  if (pieces.filter(piece => 'star' in piece).length > maxStars) throw new UserError(`${where} must have at most ${maxStars} stars`)
  return { text, pieces }
}

/** `repository` is a full name, such as `docker.io/library/nginx`. Takes time in proportion to its length and to the pieces. */
export function matchesImageGlob({ pieces }: ImageGlob, repository: string): boolean {
  // The places that the pieces so far may end at.
  let ends = new Set([0])
  for (const piece of pieces) {
    const next = new Set<number>()
    if ('literal' in piece) {
      for (const at of ends) if (repository.startsWith(piece.literal, at)) next.add(at + piece.literal.length)
    } else {
      for (const start of ends) {
        for (let at = start; at <= repository.length && !next.has(at); at++) {
          next.add(at)
          if (piece.star === 'segment' && repository[at] === '/') break
        }
      }
    }
    ends = next
  }
  return ends.has(repository.length)
}
