import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ResponseEncoder } from './response-encoder.ts'
import { FrameReader } from './wire/frame-reader.ts'
import { frameFlag, frameType, writeSettings, writeSettingsAck } from './wire/frames.ts'
import { HeaderDecoder } from './wire/header-decoder.ts'
import { SendBuffer } from './wire/send-buffer.ts'

const frameSize = 16_384

/** An encoder, and a client that decodes its output. */
class Pair {
  readonly encoder = new ResponseEncoder()
  readonly decoder = new HeaderDecoder()
  /** Type and flags of the frames of the last block. */
  frames: string[] = []
  bytes = 0

  send(status: number, headers: readonly string[], endsStream = false, size = frameSize): string[] {
    const out = new SendBuffer()
    this.encoder.write(out, 7, status, headers, endsStream, size)
    this.frames = []
    const parts: Buffer[] = []
    const reader = new FrameReader({
      data: () => assert.fail('no data was sent'),
      frame: (type, flags, stream, bytes, start, end) => {
        assert.equal(stream, 7)
        this.frames.push(`${type} ${flags} ${end - start}`)
        parts.push(Buffer.from(bytes.subarray(start, end)))
      },
    })
    reader.read(out.bytes, out.length)
    const block = Buffer.concat(parts)
    this.bytes = block.length
    return this.decoder.decode(block, 0, block.length).flatMap(({ name, value }) => [name, value])
  }
}

const usual = ['content-type', 'application/json', 'cache-control', 'no-cache, private', 'audit-id', '1234', 'content-length', '17']

describe('ResponseEncoder', () => {
  test('write() sends repeated fields once, and caches nothing of changing ones', () => {
    const pair = new Pair()
    assert.deepEqual(pair.send(200, usual), [':status', '200', ...usual])
    const { bytes } = pair
    const size = pair.decoder.tableSize
    for (let i = 0; i < 100; i++) assert.deepEqual(pair.send(200, usual), [':status', '200', ...usual])
    assert.ok(pair.bytes < bytes - 25, `${pair.bytes} of ${bytes}`)
    assert.equal(pair.decoder.tableSize, size)
  })

  test('write() encodes each status, and caches those without a static entry', () => {
    const pair = new Pair()
    for (let status = 100; status < 600; status++) assert.deepEqual(pair.send(status, []), [':status', String(status)])
    pair.send(409, [])
    pair.send(409, [])
    assert.equal(pair.bytes, 1)
  })

  test('write() marks a complete answer', () => {
    const pair = new Pair()
    pair.send(204, [], true)
    assert.deepEqual(pair.frames, [`${frameType.headers} ${frameFlag.endHeaders | frameFlag.endStream} 1`])
    pair.send(200, [])
    assert.deepEqual(pair.frames, [`${frameType.headers} ${frameFlag.endHeaders} 1`])
  })

  test('write() continues in further frames if a block is longer than one', () => {
    const pair = new Pair()
    const long = ['x-long', 'y'.repeat(40_000)]
    assert.deepEqual(pair.send(200, long, true), [':status', '200', ...long])
    assert.deepEqual(pair.frames, ['1 1 16384', '9 0 16384', `9 4 ${pair.bytes - 2 * frameSize}`])
    // One byte for the status, three for the name, three for the length of the value.
    const exact = (more: number) => ['x', 'y'.repeat(frameSize - 7 + more)]
    pair.send(200, exact(0))
    assert.deepEqual(pair.frames, [`1 4 ${frameSize}`])
    pair.send(200, exact(1))
    assert.deepEqual(pair.frames, [`1 0 ${frameSize}`, '9 4 1'])
  })

  test('write() evicts as its client does, whatever comes', () => {
    const pair = new Pair()
    for (let i = 0; i < 500; i++) {
      const headers = ['content-type', `type/${i % 90}${'x'.repeat((i * 37) % 300)}`, 'vary', `${i % 7}`]
      assert.deepEqual(pair.send(200 + (i % 50), headers), [':status', String(200 + (i % 50)), ...headers])
    }
    assert.ok(pair.decoder.tableSize > 3000)
    const large = ['content-type', 'x'.repeat(5000)]
    for (let i = 0; i < 2; i++) assert.deepEqual(pair.send(200, large), [':status', '200', ...large])
    assert.ok(pair.decoder.tableSize > 3000, 'what the table cannot hold does not empty it')
  })

  test('limit() makes the next block announce the size, and rebuilds the table', () => {
    const pair = new Pair()
    pair.send(200, usual)
    for (const sizes of [[0], [100], [4096], [0, 4096], [65_536], [4096, 50, 4096]]) {
      for (const size of sizes) pair.encoder.limit(size)
      for (let i = 0; i < 3; i++) assert.deepEqual(pair.send(200, usual), [':status', '200', ...usual])
      assert.ok(pair.decoder.tableSize <= (sizes.at(-1) ?? 0))
    }
    assert.ok(pair.decoder.tableSize > 80)
  })

  test('limit() empties the table of the client, for all that it may have been in between', () => {
    const pair = new Pair()
    pair.send(200, usual)
    pair.encoder.limit(0)
    pair.encoder.limit(4096)
    pair.send(204, [])
    assert.equal(pair.decoder.tableSize, 0)
  })

  const bad: readonly (readonly [name: string, headers: readonly string[]])[] = [
    ['a line end', ['x', 'a\r\nb: c']],
    ['what is not Latin-1 text', ['x', '€']],
    ['such a name', ['x\n', 'a']],
    ['a header of HTTP/1.1', ['connection', 'close']],
    ['such a value of what is kept', ['content-type', '€']],
  ]
  for (const [name, headers] of bad)
    test(`write() refuses ${name}, writes nothing of it, and continues`, () => {
      const pair = new Pair()
      pair.send(200, usual)
      const out = new SendBuffer()
      out.uint32(1)
      // Earlier fields of the block are not in the client's table.
      assert.throws(() => pair.encoder.write(out, 7, 418, ['vary', 'new', ...headers], false, frameSize), /header/)
      assert.equal(out.length, 4)
      for (let i = 0; i < 2; i++) assert.deepEqual(pair.send(418, ['vary', 'new', ...usual]), [':status', '418', 'vary', 'new', ...usual])
    })

  test('whatever is written is read as it was', () => {
    const name = fc.constantFrom('content-type', 'vary', 'cache-control', 'www-authenticate', 'x-a', 'etag', 'audit-id')
    const value = fc.oneof(
      fc.constantFrom('a', 'b', 'c'),
      fc.string({
        unit: fc
          .integer({ min: 0x20, max: 0xff })
          .filter(code => code !== 0x7f)
          .map(code => String.fromCharCode(code)),
        maxLength: 600,
      }),
    )
    const answer = fc.record({
      status: fc.integer({ min: 200, max: 599 }),
      headers: fc.array(fc.tuple(name, value), { maxLength: 8 }),
      limit: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined }),
      size: fc.integer({ min: 1, max: 200 }),
    })
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 12 }), answers => {
        const pair = new Pair()
        for (const { status, headers, limit, size } of answers) {
          if (limit !== undefined) pair.encoder.limit(limit)
          assert.deepEqual(pair.send(status, headers.flat(), false, size), [':status', String(status), ...headers.flat()])
        }
      }),
    )
  })

  test("Node's client decodes the output, also across changes of its table size", async () => {
    const encoder = new ResponseEncoder()
    const wire = new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() })
    const session = connect('http://server', { createConnection: () => wire })
    try {
      const out = new SendBuffer()
      writeSettings(out, [])
      writeSettingsAck(out)
      const answers = Array.from({ length: 40 }, (_, i) => ({
        ':status': i % 2 === 0 ? 200 : 409,
        'content-type': `type/${i % 3}`,
        vary: `${'v'.repeat(i * 10)}`,
        'x-answer': `${i}`,
        'x-long': 'y'.repeat(i === 20 ? 30_000 : 1),
      }))
      const read = answers.map(
        () =>
          new Promise<Record<string, unknown>>((resolve, reject) => {
            const request = session.request({ ':path': '/' })
            request.on('error', reject)
            request.once('response', head => resolve(Object.fromEntries(Object.entries(head))))
          }),
      )
      await new Promise(resolve => setImmediate(resolve))
      answers.forEach(({ ':status': status, ...headers }, i) => {
        // A smaller size than the client allows is always valid.
        if (i % 10 === 9) encoder.limit([0, 4096, 200][(i / 10) | 0] ?? 4096)
        encoder.write(out, 2 * i + 1, status, Object.entries(headers).flat(), true, frameSize)
      })
      wire.push(Buffer.from(out.view()))
      const heads = await Promise.all(read)
      assert.deepEqual(heads, answers)
    } finally {
      session.destroy()
    }
  })
})
