// Reads the response of another server, up to a limit.
import type { IncomingMessage } from 'node:http'
import { GrowingBuffer } from '../../base/data/growing-buffer.ts'

/** The response exceeds the limit; the caller must close the connection. */
export class AnswerTooLarge extends Error {}

/** All bytes. Rejects with AnswerTooLarge beyond `maxBytes`, and if the bytes come in far too many pieces. */
export async function boundedBytes(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const answer = new GrowingBuffer()
  for await (const chunk of stream) {
    if (answer.length + chunk.length > maxBytes) throw new AnswerTooLarge(`the answer is larger than ${maxBytes} bytes`)
    answer.push(chunk)
    if (answer.isCrumbled) throw new AnswerTooLarge('the answer comes in too many pieces')
  }
  return answer.bytes()
}

/** The whole body. Rejects like `boundedBytes`, and with an Error if the connection ends before the body does. */
export async function boundedAnswer(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const body = await boundedBytes(onTheWire(message, maxBytes), maxBytes)
  if (!message.complete) throw new Error('the answer was cut')
  return body
}

/** The framing of a body may be far larger than the body, for example by chunk extensions. */
async function* onTheWire(message: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  const { socket } = message
  const most = socket.bytesRead + framing * maxBytes + freeFraming
  for await (const chunk of message) {
    if (socket.bytesRead > most)
      throw new AnswerTooLarge(`the answer takes more than ${framing * maxBytes + freeFraming} bytes on the wire`)
    yield chunk
  }
}

/** Allowed bytes on the wire: for each byte of the body, and in addition for any body. */
const framing = 4
const freeFraming = 1 << 20
