import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseEncoder } from './response-encoder.ts'
import { headSize } from './wire/frames.ts'
import { HeaderDecoder } from './wire/header-decoder.ts'
import { SendBuffer } from './wire/send-buffer.ts'

const unwritable: readonly (readonly [name: string, headers: readonly string[]])[] = [
  ['a value with a line of its own', ['vary', 'new', 'warning', 'a\r\nb']],
  ['a value that is not Latin-1 text', ['content-type', 'new', 'location', '/ł']],
  ['a header of HTTP/1.1', ['cache-control', 'new', 'connection', 'close']],
]

for (const [name, headers] of unwritable)
  test(`ResponseEncoder leaves nothing of a head with ${name}, and the client understands the next`, () => {
    const encoder = new ResponseEncoder()
    const client = new HeaderDecoder()
    const out = new SendBuffer()
    const send = () => {
      const start = out.length
      encoder.write(out, 1, 200, ['content-type', 'text/plain', 'vary', 'x'], false, 16_384)
      return client.decode(out.bytes, start + headSize, out.length).map(field => `${field.name}: ${field.value}`)
    }
    const usual = [':status: 200', 'content-type: text/plain', 'vary: x']
    assert.deepEqual(send(), usual)
    const before = out.length
    assert.throws(() => encoder.write(out, 3, 200, headers, false, 16_384))
    assert.equal(out.length, before)
    assert.deepEqual(send(), usual)
    assert.deepEqual(send(), usual)
  })
