// A repository that several registries have: mirrors, and the registry itself. What a digest names is the same everywhere, since each source verifies it.
import { UserError } from '../../../base/user-error.ts'
import type { Digest } from '../digest.ts'
import { isDigest } from '../digest.ts'
import type { Descriptor, ImageSource, Manifest } from '../image-source.ts'
import { RegistryUnavailable } from './registry-error.ts'

export interface SourceOfRepository {
  /** For messages: the host. */
  readonly name: string
  readonly source: ImageSource
  /** Whether it may say which digest a tag is. */
  readonly resolvesTags: boolean
  /** Whether it is the registry itself, which alone knows that something does not exist. */
  readonly origin: boolean
}

/** Tags under which cosign keeps signatures, and the fallback of the referrers API: who may change them can take away, and add nothing that is not signed. */
const attachedTag = /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.[a-z]{1,16})?$/

/**
 * The sources in the order in which they are tried. A source that fails, or answers other content than a digest names, is skipped. Without the registry
 * itself, something does not exist if no mirror has it and none failed.
 */
export function mirroredSource(sources: readonly SourceOfRepository[]): ImageSource {
  return {
    async manifest(tagOrDigest, signal) {
      return await firstWith(sourcesFor(sources, tagOrDigest), ({ source }) => source.manifest(tagOrDigest, signal), signal)
    },
    blob: (descriptor, signal) => blobOf(sources, descriptor, signal),
    referrers: (digest, signal) => allReferrers(sources, digest, signal),
  }
}

/** A mirror may be older than the registry: what is attached to an image is read from the registry first. */
function sourcesFor(sources: readonly SourceOfRepository[], tagOrDigest: string): readonly SourceOfRepository[] {
  if (isDigest(tagOrDigest)) return sources
  if (attachedTag.test(tagOrDigest)) return sources.toSorted((a, b) => Number(b.origin) - Number(a.origin))
  return sources.filter(({ resolvesTags }) => resolvesTags)
}

async function firstWith(
  sources: readonly SourceOfRepository[],
  read: (source: SourceOfRepository) => Promise<Manifest | undefined>,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  const failures: Failure[] = []
  let denied = false
  for (const one of sources) {
    try {
      const found = await read(one)
      if (found !== undefined) return found
      denied ||= one.origin
    } catch (err) {
      failures.push(failureOf(one, err, signal))
    }
  }
  // The registry itself does not have it.
  if (denied || failures.length === 0) return undefined
  throw allFailed(failures)
}

async function* blobOf(sources: readonly SourceOfRepository[], descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const failures: Failure[] = []
  for (const one of sources) {
    let begun = false
    try {
      for await (const piece of one.source.blob(descriptor, signal)) {
        begun = true
        yield piece
      }
      return
    } catch (err) {
      // What was passed on cannot be taken back: the caller verifies it and gets the error.
      if (begun) throw err
      failures.push(failureOf(one, err, signal))
    }
  }
  throw allFailed(failures)
}

/** Of all that answer: one that leaves some out takes nothing away. */
async function allReferrers(sources: readonly SourceOfRepository[], digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const found = new Map<string, Descriptor>()
  const failures: Failure[] = []
  for (const one of sources) {
    try {
      for (const descriptor of await one.source.referrers(digest, signal)) {
        if (!found.has(descriptor.digest)) found.set(descriptor.digest, descriptor)
      }
    } catch (err) {
      failures.push(failureOf(one, err, signal))
    }
  }
  if (found.size === 0 && failures.length > 0) throw allFailed(failures)
  return [...found.values()]
}

interface Failure {
  readonly name: string
  readonly error: Error
}

function failureOf({ name }: SourceOfRepository, err: unknown, signal: AbortSignal): Failure {
  signal.throwIfAborted()
  if (!(err instanceof UserError)) throw err
  return { name, error: err }
}

/** Unavailable if one of them is: what is known of the image may still be right. */
function allFailed(failures: readonly Failure[]): Error {
  const [first] = failures
  if (failures.length === 1 && first !== undefined) return first.error
  const message = failures.map(({ name, error }) => `${name}: ${error.message}`).join('; ')
  return failures.some(({ error }) => error instanceof RegistryUnavailable) ? new RegistryUnavailable(message) : new UserError(message)
}
