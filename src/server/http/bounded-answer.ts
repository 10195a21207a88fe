// What another server answers, read up to a bound.
import type { IncomingMessage } from 'node:http'
import { GrowingBuffer } from '../../base/growing-buffer.ts'

/** More came than was wanted; the connection has to be closed. */
export class AnswerTooLarge extends Error {}

/** All of it. Rejects with AnswerTooLarge beyond `maxBytes`, and where the bytes come in far too many pieces. */
export async function boundedBytes(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const answer = new GrowingBuffer()
  for await (const chunk of stream) {
    if (answer.length + chunk.length > maxBytes) throw new AnswerTooLarge(`the answer is larger than ${maxBytes} bytes`)
    answer.push(chunk)
    if (answer.isCrumbled) throw new AnswerTooLarge('the answer comes in too many pieces')
  }
  return answer.bytes()
}

/** The whole body. Rejects as `boundedBytes`, and with an Error where the connection ends before the body does. */
export async function boundedAnswer(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const body = await boundedBytes(onTheWire(message, maxBytes), maxBytes)
  if (!message.complete) throw new Error('the answer was cut')
  return body
}

/** The framing of a body may be far larger than the body: extensions of its chunks, which nobody reads. */
async function* onTheWire(message: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  const { socket } = message
  const most = socket.bytesRead + framing * maxBytes + freeFraming
  for await (const chunk of message) {
    if (socket.bytesRead > most)
      throw new AnswerTooLarge(`the answer takes more than ${framing * maxBytes + freeFraming} bytes on the wire`)
    yield chunk
  }
}

/** Bytes on the wire for each byte of a body, and for one of any size. */
const framing = 4
const freeFraming = 1 << 20
