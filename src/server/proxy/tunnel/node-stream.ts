// The byte stream of one request to a node, over the HTTP/2 stream of its tunnel.
import type { ClientHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'
import { errorCode } from '../../http2/wire/frames.ts'

/**
 * Emits everything that the node sent before it reports an end. An end that the node announced is `end`, whatever happens in the other direction;
 * a cut stream is an error. Bytes for a node that has ended are dropped, since the reading side reports what happened. Destroying it closes the
 * node's side. Bytes that arrive with the head of the response are buffered for a reader that attaches a turn later.
 */
export class NodeStream extends Duplex {
  readonly #stream: ClientHttp2Stream
  #ended = false

  constructor(stream: ClientHttp2Stream) {
    super()
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause()
    })
    stream.once('end', () => {
      // A cut stream ends as well; `close` distinguishes the two.
      if (stream.aborted || (stream.rstCode ?? 0) !== errorCode.noError) return
      this.#end()
    })
    stream.once('error', cause => this.destroy(new Error(`the node cut the stream: ${cause.message}`, { cause })))
    stream.once('close', () => {
      if (stream.rstCode === errorCode.noError) this.#end()
      else if (!this.#ended) this.destroy(new Error('the node cut the stream'))
    })
  }

  #end(): void {
    if (this.#ended || this.destroyed) return
    this.#ended = true
    this.push(null)
  }

  override _read(): void {
    this.#stream.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#stream.writable) this.#stream.write(chunk, () => done())
    else done()
  }

  override _final(done: () => void): void {
    if (this.#stream.writable) this.#stream.end(() => done())
    else done()
  }

  override _destroy(err: Error | null, done: (err: Error | null) => void): void {
    if (!this.#stream.closed) this.#stream.close(this.#ended ? errorCode.noError : errorCode.cancel)
    done(err)
  }
}
