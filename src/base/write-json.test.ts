import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeJson } from './write-json.ts'

test('writeJson() writes what JSON.stringify writes, with every replacer and indentation', () => {
  const replacers = [undefined, null, ['a', 'b', 0], (_name: string, value: unknown) => (value === 1 ? 'one' : value)] as const
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: false }),
      fc.constantFrom(...replacers),
      fc.constantFrom(undefined, 2, '--'),
      (value, replacer, space) => {
        assert.equal(writeJson(value, replacer as string[] | null, space), JSON.stringify(value, replacer as string[] | null, space))
      },
    ),
  )
})

test('writeJson() writes a bigint as its digits, as a replacer does that sees and makes bigints', () => {
  const value = { a: [9007199254740993n, { b: -1n }], d: new Date(0), c: 'x' }
  assert.equal(writeJson(value), '{"a":[9007199254740993,{"b":-1}],"d":"1970-01-01T00:00:00.000Z","c":"x"}')
  assert.equal(writeJson(value, ['a', 'b']), '{"a":[9007199254740993,{"b":-1}]}')
  assert.equal(writeJson({ a: 1n, b: 2 }, null, 1), '{\n "a": 1,\n "b": 2\n}')
  assert.equal(
    writeJson({ a: 1n, b: 2 }, (_name, member) => (typeof member === 'bigint' ? member + 1n : typeof member === 'number' ? 7n : member)),
    '{"a":2,"b":7}',
  )
  assert.equal(writeJson(5n), '5')
  const circle: Record<string, unknown> = { a: 1n }
  circle['self'] = circle
  assert.throws(() => writeJson(circle), TypeError)
})

test('writeJson() keeps digits in a process that has a toJSON of its own for bigints', t => {
  Object.defineProperty(BigInt.prototype, 'toJSON', {
    configurable: true,
    value(this: bigint) {
      return `${this}n`
    },
  })
  t.after(() => Reflect.deleteProperty(BigInt.prototype, 'toJSON'))
  assert.equal(writeJson({ a: 9007199254740993n, list: [1n], text: '1n' }), '{"a":9007199254740993,"list":[1],"text":"1n"}')
})

test('the library leaves BigInt.prototype and JSON as they are', async () => {
  const before = [Reflect.ownKeys(BigInt.prototype), Reflect.ownKeys(JSON), JSON.stringify, JSON.parse]
  await import('../index.ts')
  assert.deepEqual([Reflect.ownKeys(BigInt.prototype), Reflect.ownKeys(JSON), JSON.stringify, JSON.parse], before)
  assert.throws(() => JSON.stringify(1n), TypeError)
})
