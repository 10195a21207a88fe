// A layer of a stranger: reading it gives entries or an Error with a reason, in bounded memory, and both readers agree.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FuzzTarget } from '../../../base/testing/fuzz-target.testing.ts'
import { listTar } from './list-tar.ts'
import { readTar } from './read-tar.ts'
import { writeTar } from './write-tar.ts'

const name = fc.stringMatching(/^[a-z./]{1,20}$/)
const entry = fc.record({
  path: name,
  mode: fc.constant(0o644),
  type: fc.constantFrom('0', '1', '2', '5', 'x', 'g', 'L', 'K', 'S', '3'),
  linkTo: name,
  content: fc
    .oneof(name, fc.constantFrom('12 path=abc\n', '9 size=1\n', '99 x=\n', '22 GNU.sparse.major=1\n'))
    .map(text => Buffer.from(text)),
})

async function outcome(read: () => AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  try {
    for await (const each of read()) found.push(each)
  } catch (err) {
    assert.ok(err instanceof Error && /^(?:it |all its )/.test(err.message), String(err))
    found.push('refused')
  }
  return found
}

export const tar: FuzzTarget = {
  name: 'tar',
  inputs: fc.array(entry, { maxLength: 6 }).map(entries => writeTar(entries)),
  words: ['ustar', '\0', '0000644', 'path=', 'size=', 'GNU.sparse.', '../', '\x80'],
  maxBytes: 8192,
  async run(input) {
    const streamed = await outcome(async function* () {
      for await (const { head, content } of readTar(pieces(input))) {
        if (head.size > input.length) throw new Error('it ends within an entry')
        yield `${head.type} ${head.path} ${(await content()).length}`
      }
    })
    const listed = await outcome(async function* () {
      for await (const { type, path, size } of listTar(async (offset, length) => input.subarray(offset, offset + length)))
        yield `${type} ${path} ${size}`
    })
    // A stream must hold what its last header says; a list does not read contents.
    if (!streamed.includes('refused') && !listed.includes('refused')) assert.deepEqual(listed, streamed)
  },
}

async function* pieces(input: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < input.length; at += 777) yield input.subarray(at, at + 777)
}
