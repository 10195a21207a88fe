// Globs over `registry/repository`: `*` is any text without `/`, `**` any text.
import { parseImageReference } from '../../api/image-reference.ts'

/**
 * `registry/repository` of a reference, as policies name it: Docker Hub is `docker.io`, and its official images are in `library`. Undefined
 * for a text that is no reference.
 */
export function repositoryOf(image: string): string | undefined {
  const { full, tag, digest } = parseImageReference(image) ?? {}
  if (full === undefined) return undefined
  const tagged = digest === undefined ? full : full.slice(0, full.length - digest.length - 1)
  return tag === undefined ? tagged : tagged.slice(0, tagged.length - tag.length - 1)
}

export const matchesImage = (patterns: readonly string[], repository: string): boolean =>
  patterns.some(pattern => matches(normalized(pattern), repository))

/** A pattern without a registry is one of Docker Hub, as images are; one that begins with a star is not. */
function normalized(pattern: string): string {
  const first = pattern.slice(0, Math.max(0, pattern.indexOf('/')))
  if (pattern.startsWith('*') || /[.:*]/.test(first) || first === 'localhost') return pattern
  return first === '' ? `docker.io/library/${pattern}` : `docker.io/${pattern}`
}

/** Work: length of the pattern times length of the text, at most. */
function matches(pattern: string, text: string): boolean {
  const steps = pattern.match(/\*\*|\*|[^*]/g) ?? []
  /** The places of `text` up to which the steps so far match. */
  let places = new Set([0])
  for (const step of steps) {
    const next = new Set<number>()
    for (const place of places) {
      if (step !== '*' && step !== '**') {
        if (text[place] === step) next.add(place + 1)
        continue
      }
      for (let end = place; end <= text.length; end++) {
        // Whatever follows was added from an earlier place.
        if (next.has(end)) break
        next.add(end)
        if (step === '*' && text[end] === '/') break
      }
    }
    if (next.size === 0) return false
    places = next
  }
  return places.has(text.length)
}
