// What another server answers, read up to a bound.
import type { IncomingMessage } from 'node:http'

/** More came than was wanted; the connection has to be closed. */
export class AnswerTooLarge extends Error {}

/** The whole body. Rejects with AnswerTooLarge beyond `maxBytes`, with an Error where the connection ends before the body does. */
export async function boundedAnswer(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new AnswerTooLarge(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  if (!message.complete) throw new Error('the answer was cut')
  return Buffer.concat(chunks)
}
