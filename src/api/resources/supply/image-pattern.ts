// Globs over `registry/repository`, by which policies and exceptions name images.
import { type FieldError, invalidValue } from '../../field-error.ts'

export const maxPatterns = 100
const maxPatternLength = 512
/** Each star may be tried at every place of a name. */
const maxStars = 8

const form = /^[A-Za-z0-9.*[][A-Za-z0-9._:/[\]*-]*$/

/** Globs match full names: one without a registry is for no image. */
export function patternWarnings(field: string, patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern, index) => {
    const first = pattern.slice(0, Math.max(0, pattern.indexOf('/')))
    if (pattern.startsWith('*') || /[.:*[]/.test(first) || first === 'localhost') return []
    return [
      `${field}[${index}]: "${pattern}" names no registry, so it is for no image; Docker Hub is docker.io, as in docker.io/library/nginx`,
    ]
  })
}

export function validateImagePattern(value: string, field: string): FieldError[] {
  const tagged = value.lastIndexOf(':') > value.lastIndexOf('/')
  // `registry:5000` alone has no path, so its colon is that of a port or of a tag: both are no pattern of a repository.
  if (value.includes('@') || tagged)
    return [invalidValue(field, value, 'must name repositories, without a tag or digest, such as registry.example.com:5000/shop/**')]
  if (!form.test(value) || value.length > maxPatternLength)
    return [
      invalidValue(
        field,
        value.slice(0, maxPatternLength),
        `must be a glob over registry/repository of at most ${maxPatternLength} characters, such as registry.example.com:5000/shop/**`,
      ),
    ]
  if (value.split('*').length - 1 > maxStars) return [invalidValue(field, value, `must have at most ${maxStars} stars`)]
  return []
}
