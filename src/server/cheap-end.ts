// What the end of a stream costs: no error that nobody sees, and nothing of its request that lives on.
import { EventEmitter } from 'node:events'
import type { ServerHttp2Stream } from 'node:http2'

/**
 * HTTP/2 closes a stream as soon as its last frame is written, before Node tells of the write: for each answer with a body Node then makes an error
 * "the stream was destroyed" and throws it away. What costs is its stack, up to a tenth of a small GET.
 *
 * And V8 looks in its major collections only whether the native side of a stream is still needed: until then each scavenge copies the stream, and with it what its
 * listeners hold, which is the whole request and its answer.
 */
export function endCheaply(stream: ServerHttp2Stream): void {
  stream.destroy = destroyWithoutStacks
  stream.on('close', forget)
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

function forget(this: ServerHttp2Stream): void {
  // Not the stream's own, which looks in a tick of its own whether anybody still reads.
  EventEmitter.prototype.removeAllListeners.call(this)
  // What comes late is nobody's, and without a listener it would end the process.
  this.on('error', ignore)
}

function ignore(): void {
  return
}
