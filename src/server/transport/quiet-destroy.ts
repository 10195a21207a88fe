// Streams that close without an error make none of their own.
import type { ServerHttp2Stream } from 'node:http2'

/**
 * HTTP/2 closes a stream as soon as its last frame is written, before Node tells of the write: for each answer with a body Node then makes an error
 * "the stream was destroyed" and throws it away. What costs is its stack, up to a tenth of a small GET.
 */
export function closeQuietly(stream: ServerHttp2Stream): void {
  stream.destroy = destroyWithoutStacks
}

function destroyWithoutStacks<S extends ServerHttp2Stream>(this: S, err?: Error): S {
  const { destroy } = Object.getPrototypeOf(this) as S
  if (err !== undefined) return destroy.call(this, err) as S
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return destroy.call(this) as S
  } finally {
    Error.stackTraceLimit = limit
  }
}
