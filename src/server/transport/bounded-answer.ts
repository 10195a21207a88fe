// What another server answers, read up to a bound.
import type { IncomingMessage } from 'node:http'

/** More came than was wanted; the connection has to be closed. */
export class AnswerTooLarge extends Error {}

/** All of it. Rejects with AnswerTooLarge beyond `maxBytes`. */
export async function boundedBytes(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new AnswerTooLarge(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The whole body. Rejects as `boundedBytes`, and with an Error where the connection ends before the body does. */
export async function boundedAnswer(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const body = await boundedBytes(message, maxBytes)
  if (!message.complete) throw new Error('the answer was cut')
  return body
}
