// Which images a stored policy is for; its globs are compiled once for each state of the policy.
import { UserError } from '../../base/user-error.ts'
import { type ImageGlob, matchesImageGlob, parseImageGlob } from './image-glob.ts'
import { repositoryOf } from './repository-of.ts'

const compiled = new WeakMap<readonly string[], readonly ImageGlob[] | 'all'>()

/** They come with Bulkhead itself: they are in no registry, and nobody else can sign them. */
const builtIn: ReadonlySet<string> = new Set(['bulkhead.local/busybox:1', 'bulkhead.local/pause:1'])
/** In which they are; nobody answers under this name. */
export const builtInRegistry = 'bulkhead.local/'

/**
 * Whether a policy with these globs is for an image, as it stands in a pod. What is no reference has no repository: only policies for all
 * images are for it. Images that come with Bulkhead run under such a policy too, unless a glob names their registry.
 */
export function coversImage(patterns: readonly string[], image: string): boolean {
  if (builtIn.has(image) && !patterns.some(pattern => pattern.startsWith(builtInRegistry))) return false
  return matchesImages(patterns, repositoryOf(image) ?? '')
}

/**
 * `patterns` is the frozen list of a stored object. If one of them cannot be read, the policy is for every image, and says so when it is
 * evaluated: it must not lapse.
 */
function matchesImages(patterns: readonly string[], repository: string): boolean {
  const globs = compiled.get(patterns) ?? compile(patterns)
  compiled.set(patterns, globs)
  return globs === 'all' || globs.some(glob => matchesImageGlob(glob, repository))
}

function compile(patterns: readonly string[]): readonly ImageGlob[] | 'all' {
  try {
    return patterns.map((pattern, index) => parseImageGlob(pattern, `spec.images[${index}]`))
  } catch (err) {
    if (err instanceof UserError) return 'all'
    throw err
  }
}
