// parseExactJson() reads what JSON.parse reads, and differs from it in integers beyond ±2^53 within 64 bits alone: these keep all their digits,
// in memory and in the text that is written.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseExactJson } from './exact-json.ts'
import { type FuzzTarget, succeeds } from './testing/fuzz-target.testing.ts'
import { writeJson } from './write-json.ts'

const most = 2n ** 63n

/** Digits around each border, at every distance from the start of the text. */
const number = fc.oneof(
  fc.bigInt({ min: -most * 2n, max: most * 2n }).map(String),
  fc.constantFrom('9007199254740991', '9007199254740992', '-9007199254740993', '9223372036854775807', '9223372036854775808'),
  fc.constantFrom('-9223372036854775808', '-9223372036854775809', '1e18', '123456789012345678e0', '1234567890123456.5', '-0', '0.1e-7'),
)
const text = fc.oneof(fc.string({ maxLength: 40 }), number)
const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    number,
    text.map(one => JSON.stringify(one)),
    fc.constantFrom('null', 'true', '[]', '{}', '"\\u0031\\\\"'),
    fc.array(tie('value'), { maxLength: 4 }).map(list => `[${list.join(', ')}]`),
    fc
      .array(fc.tuple(text, tie('value')), { maxLength: 4 })
      .map(list => `{${list.map(([name, one]) => `${JSON.stringify(name)}:${one}`).join(',')}}`),
  ),
})).value

/** Whether 16 digits follow each other, in a text or in a number: the simple form of what the parser finds by samples. */
const hasRun = (json: string): boolean => /\d{16}/.test(json)

export const exactJson: FuzzTarget = {
  name: 'exact-json',
  inputs: fc.tuple(fc.nat({ max: 40 }), value).map(([spaces, json]) => ' '.repeat(spaces) + json),
  words: [
    '9007199254740993',
    '-9223372036854775809',
    '1'.repeat(17),
    '"',
    '\\',
    '\\u0030',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    'e',
    '.',
    '-',
    '__proto__',
  ],
  run(input) {
    const json = input.toString()
    let plain: unknown
    const isJson = succeeds(() => {
      plain = JSON.parse(json)
    }, SyntaxError)
    let read: unknown
    const isRead = succeeds(() => {
      read = parseExactJson(json)
    }, SyntaxError)
    assert.equal(isRead, isJson, 'both read it, or none')
    if (!isJson) return
    compare(read, plain, hasRun(json))
    const written = writeJson(read)
    compare(parseExactJson(written), read, true)
    assert.equal(writeJson(parseExactJson(written)), written)
    // The digits of each long integer are in the text, and nothing else differs from what JSON writes.
    for (const long of longIntegers(read)) assert.ok(written.includes(String(long)), `${long} is not in the text`)
    if (!hasRun(json)) assert.equal(written, JSON.stringify(plain))
  },
}

/** Equal, but for integers that `other` may have as the nearest number. */
function compare(read: unknown, other: unknown, mayBeLong: boolean): void {
  if (typeof read === 'bigint') {
    assert.ok(mayBeLong && BigInt.asIntN(64, read) === read && !Number.isSafeInteger(Number(read)), `${read} is not a long integer`)
    assert.equal(typeof other === 'bigint' ? Number(other) : other, Number(read))
    return
  }
  if (typeof read !== 'object' || read === null || typeof other !== 'object' || other === null) {
    // JSON writes -0 as 0, and a number beyond all doubles as null.
    assert.ok(read === other || (read === null && Math.abs(Number(other)) === Infinity))
    return
  }
  assert.equal(Array.isArray(read), Array.isArray(other))
  assert.deepEqual(Object.keys(read), Object.keys(other))
  const members = new Map(Object.entries(other))
  for (const [name, member] of Object.entries(read)) compare(member, members.get(name), mayBeLong)
}

function longIntegers(read: unknown): bigint[] {
  if (typeof read === 'bigint') return [read]
  return typeof read === 'object' && read !== null ? Object.values(read).flatMap(longIntegers) : []
}
