// Content whose digest and size are checked while it streams by.
import { createHash } from 'node:crypto'
import { UserError } from '../../base/user-error.ts'
import type { Digest } from './digest.ts'
import type { Descriptor } from './image-source.ts'

const algorithmOf = (digest: Digest): string => digest.slice(0, digest.indexOf(':'))

/** `sha256:…` of the bytes. */
export function sha256Of(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Yields the content. Rejects with a UserError as soon as it is longer than the descriptor says, and at its end if it is other content. */
export async function* verifiedContent(
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const piece of withDigest(digest, content)) {
    length += piece.length
    if (length > size) throw new UserError(`Content of "${digest}" is longer than the ${size} bytes of its descriptor`)
    yield piece
  }
  if (length !== size) throw new UserError(`Content of "${digest}" has ${length} bytes, its descriptor says ${size}`)
}

/** Yields the content. Rejects with a UserError at its end if it has another digest. */
export async function* withDigest(digest: Digest, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash(algorithmOf(digest))
  for await (const piece of content) {
    hash.update(piece)
    yield piece
  }
  const found = `${algorithmOf(digest)}:${hash.digest('hex')}`
  if (found !== digest) throw new UserError(`Content of "${digest}" is other content: its digest is "${found}"`)
}

/** The whole content of a small blob. Rejects with a UserError if the descriptor says more than `maxBytes`, or if it is other content. */
export async function readVerified(descriptor: Descriptor, content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  if (descriptor.size > maxBytes)
    throw new UserError(`Content of "${descriptor.digest}" has ${descriptor.size} bytes, at most ${maxBytes} are read`)
  const pieces: Uint8Array[] = []
  for await (const piece of verifiedContent(descriptor, content)) pieces.push(Uint8Array.from(piece))
  return Buffer.concat(pieces)
}
