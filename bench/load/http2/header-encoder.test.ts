import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { headSize } from '../../../src/server/http2/wire/frames.ts'
import { HeaderDecoder } from '../../../src/server/http2/wire/header-decoder.ts'
import { SendBuffer } from '../../../src/server/http2/wire/send-buffer.ts'
import { HeaderEncoder } from './header-encoder.ts'

class Pair {
  readonly encoder = new HeaderEncoder('127.0.0.1:6443')
  readonly decoder = new HeaderDecoder()
  bytes = 0

  send(method: string, path: string, contentType = 'application/json', length?: number): Record<string, string> {
    const out = new SendBuffer()
    this.encoder.write(out, 1, method, path, contentType, length)
    this.bytes = out.length - headSize
    assert.equal(out.bytes.readUIntBE(0, 3), this.bytes)
    return Object.fromEntries(this.decoder.decode(out.bytes, headSize, out.length).map(({ name, value }) => [name, value]))
  }
}

const constant = { ':scheme': 'https', ':authority': '127.0.0.1:6443', accept: 'application/json', 'user-agent': 'bulkhead-bench' }

describe('HeaderEncoder', () => {
  test('write() sends repeated fields once', () => {
    const pair = new Pair()
    assert.deepEqual(pair.send('GET', '/livez'), { ':method': 'GET', ':path': '/livez', ...constant })
    const first = pair.bytes
    const size = pair.decoder.tableSize
    assert.deepEqual(pair.send('GET', '/livez'), { ':method': 'GET', ':path': '/livez', ...constant })
    assert.ok(pair.bytes < first - 40, `${pair.bytes} of ${first}`)
    assert.equal(pair.decoder.tableSize, size)
  })

  test('write() sends type and length of a body, and any method', () => {
    const pair = new Pair()
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PATCH', 'POST']) {
      const sent = { ...constant, ':method': method, ':path': '/a', 'content-type': `type/${method}`, 'content-length': '1234' }
      assert.deepEqual(pair.send(method, '/a', `type/${method}`, 1234), sent)
    }
  })

  test('write() adds nothing for which the table has no room', () => {
    const pair = new Pair()
    for (let i = 0; i < 100; i++)
      assert.equal(pair.send('POST', '/', `application/${i}+${'x'.repeat(100)}`, 1)[':authority'], constant[':authority'])
    const before = pair.decoder.tableSize
    assert.ok(before <= 4096 && before > 3500, `${before}`)
    assert.equal(pair.send('POST', '/', 'application/0+'.padEnd(115, 'x'), 1)['content-type']?.length, 115)
    assert.equal(pair.decoder.tableSize, before)
  })

  test('write() takes a path of any length, and refuses one that would be another for the server', () => {
    const pair = new Pair()
    const path = `/${'a'.repeat(100_000)}`
    assert.equal(pair.send('GET', path)[':path'], path)
    for (const bad of ['/a b', '/é', '/a\r\nb', '/€']) assert.throws(() => pair.send('GET', bad), /may not hold/)
  })
})
