import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { FrameReader } from './frame-reader.ts'
import { frameType, preface } from './frames.ts'
import { HeaderDecoder } from './header-decoder.ts'

const bytesOf = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex')

function decode(decoder: HeaderDecoder, hex: string, wanted?: string): string[] {
  const bytes = bytesOf(hex)
  return decoder.decode(bytes, 0, bytes.length, wanted).map(({ name, value }) => `${name}: ${value}`)
}

const single = [
  ['C.2.1, with a new name', '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', 'custom-key: custom-header', 55],
  ['C.2.2, not added', '040c 2f73 616d 706c 652f 7061 7468', ':path: /sample/path', 0],
  ['C.2.3, never to be added', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password: secret', 0],
  ['C.2.4, a number', '82', ':method: GET', 0],
] as const

const requests = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
]
const at = (time: string) => `date: Mon, 21 Oct 2013 20:13:${time} GMT`
const location = 'location: https://www.example.com'
const cookie = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const answers = [
  [':status: 302', 'cache-control: private', at('21'), location],
  [':status: 307', 'cache-control: private', at('21'), location],
  [':status: 200', 'cache-control: private', at('22'), location, 'content-encoding: gzip', cookie],
]
/** RFC 7541, C.3 to C.6; the answers are of a table of 256 bytes, to which it is set first. */
const toSize256 = '3fe101'
const series = [
  {
    name: 'C.3, requests',
    fields: requests,
    sizes: [57, 110, 164],
    blocks: [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
  },
  {
    name: 'C.4, requests with Huffman',
    fields: requests,
    sizes: [57, 110, 164],
    blocks: [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  },
  {
    name: 'C.5, answers with eviction',
    fields: answers,
    sizes: [222, 222, 215],
    blocks: [
      `${toSize256} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768
       7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48
       514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    ],
  },
  {
    name: 'C.6, answers with eviction and Huffman',
    fields: answers,
    sizes: [222, 222, 215],
    blocks: [
      `${toSize256} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8
       e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af
       2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
  },
]

describe('HeaderDecoder', () => {
  for (const [name, hex, field, size] of single)
    test(`reads RFC 7541's ${name}`, () => {
      const decoder = new HeaderDecoder()
      assert.deepEqual(decode(decoder, hex), [field])
      assert.equal(decoder.tableSize, size)
    })

  for (const { name, fields, sizes, blocks } of series)
    test(`reads RFC 7541's ${name}`, () => {
      const decoder = new HeaderDecoder()
      blocks.forEach((block, index) => {
        assert.deepEqual(decode(decoder, block), fields[index])
        assert.equal(decoder.tableSize, sizes[index])
      })
    })

  test('decodes only wanted fields, and maintains the table as for all', () => {
    const { blocks = [], sizes = [] } = series.at(-1) ?? {}
    const decoder = new HeaderDecoder()
    assert.deepEqual(
      blocks.map(block => [decode(decoder, block, ':status'), decoder.tableSize]),
      [
        [[':status: 302'], sizes[0]],
        [[':status: 307'], sizes[1]],
        [[':status: 200'], sizes[2]],
      ],
    )
    assert.deepEqual(decode(decoder, 'be'), [cookie])
    // Never to be added, and not even decoded: its Huffman code is none.
    assert.deepEqual(decode(decoder, '1f01 8100 88', ':status'), [':status: 200'])
  })

  test('reads the name of a literal out of the table', () => {
    const decoder = new HeaderDecoder()
    decode(decoder, '400161 0162')
    assert.deepEqual(decode(decoder, '7e0163'), ['a: c'])
    assert.deepEqual(decode(decoder, '0f2f0164'), ['a: d'])
  })

  test('evicts the oldest when the table becomes smaller, and all of it for a field that is larger', () => {
    const decoder = new HeaderDecoder()
    decode(decoder, '400161 0162 400163 0164')
    assert.equal(decoder.tableSize, 68)
    assert.deepEqual(decode(decoder, '3f0f be'), ['c: d'])
    assert.equal(decoder.tableSize, 34)
    decode(decoder, `400165 0f${'66'.repeat(15)}`)
    assert.equal(decoder.tableSize, 0)
    assert.throws(() => decode(decoder, 'be'), /index 62 is not in the table/)
  })

  const refused = [
    ['an index that is not in the table', 'be', /index 62 is not in the table/],
    ['index 0', '80', /index 0 is not in the table/],
    ['a table size above the limit', '3fe21f', /table size of 4097/],
    ['a table size update after a field', '8820', /after a field/],
    ['the index of a name that is not in the table', '7f00 0161', /index 63 is not in the table/],
    ['a block that ends within an integer', 'ff', /within a field/],
    ['a block that ends within a string', '4003 6162', /longer than its header block/],
    ['a block that ends before a value', '400161', /within a field/],
    ['an integer without end', 'ffffffffffffff7f', /too large/],
  ] as const
  for (const [name, hex, message] of refused) test(`refuses ${name}`, () => assert.throws(() => decode(new HeaderDecoder(), hex), message))

  test('refuses a table size update after a field that was dropped', () => {
    const strict = new HeaderDecoder({ bytes: 10, fields: 10 })
    assert.throws(() => decode(strict, '8820'), /after a field/)
    assert.throws(() => decode(new HeaderDecoder(), '8820', 'other'), /after a field/)
  })

  test('drops fields beyond its limits, reports it, and keeps the table', () => {
    const decoder = new HeaderDecoder({ bytes: 100, fields: 2 })
    assert.deepEqual(decode(decoder, '400161 0162 400163 0164 400165 0166'), ['a: b', 'c: d'])
    assert.equal(decoder.isTooLarge, true)
    assert.deepEqual(decode(decoder, 'be c0'), ['e: f', 'a: b'])
    assert.equal(decoder.isTooLarge, false)
    assert.deepEqual(decode(decoder, `4001 67 25${'68'.repeat(37)} be`), ['g: hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh'])
    assert.equal(decoder.isTooLarge, true)
  })

  test("decodes the output of Node's own encoder, at any length", async () => {
    const sent = Array.from({ length: 300 }, (_, index) => headersOf(index))
    const read = await throughNode(sent)
    assert.deepEqual(read, sent)
  })
})

/** Fields that repeat, that are new each time, that evict others; with every byte that a value may have. */
function headersOf(index: number): Record<string, string> {
  const every = String.fromCharCode(0x21 + (index % 94), 0x80 + (index % 128))
  return {
    'x-same': 'a value that stays',
    'x-few': `value ${index % 7}`,
    // Node uses Huffman's code if it is shorter.
    'x-byte': `${'e'.repeat(40)}${every}e`,
    [`x-name-${index % 90}`]: 'o'.repeat((index * 37) % 700),
  }
}

async function throughNode(sent: readonly Record<string, string>[]): Promise<Record<string, string>[]> {
  const decoder = new HeaderDecoder()
  const read: Record<string, string>[] = []
  const all = Promise.withResolvers<void>()
  const reader = new FrameReader({
    data: () => assert.fail('no data is sent'),
    frame: (type, _flags, _stream, bytes, start, end) => {
      if (type !== frameType.headers) return
      const fields = decoder.decode(bytes, start, end).map(({ name, value }) => [name, value] as const)
      read.push(Object.fromEntries(fields.filter(([name]) => name.startsWith('x-'))))
      if (read.length === sent.length) all.resolve()
    },
  })
  let toSkip = preface.length
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      const skipped = Math.min(toSkip, chunk.length)
      toSkip -= skipped
      reader.read(chunk.subarray(skipped), chunk.length - skipped)
      done()
    },
  })
  const session = connect('http://server', { createConnection: () => wire, settings: {}, peerMaxConcurrentStreams: sent.length })
  try {
    session.on('error', all.reject)
    for (const headers of sent) session.request(headers).on('error', () => undefined)
    await all.promise
  } finally {
    session.destroy()
  }
  return read
}
