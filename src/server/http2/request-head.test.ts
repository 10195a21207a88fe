import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Fields, get } from './connection.testing.ts'
import { areTrailers, readRequestHead } from './request-head.ts'

const named = (fields: Fields) => fields.map(([name, value]) => ({ name, value }))
const read = (...fields: Fields) => readRequestHead(named([...get, ...fields]))
/** `get` with another value of one of its fields. */
const changed = (name: string, value: string) => readRequestHead(named(get.map(field => (field[0] === name ? [name, value] : field))))

describe('readRequestHead() reads', () => {
  test('a request without anything else', () => {
    const head = readRequestHead(named(get))
    assert.deepEqual(
      { ...head, headers: { ...head?.headers } },
      {
        method: 'GET',
        path: '/',
        headers: { ':authority': 'x' },
        impersonates: false,
        contentLength: undefined,
      },
    )
  })

  const joined: readonly (readonly [name: string, expected: unknown, ...values: string[]])[] = [
    ['accept', 'a, b, c', 'a', 'b', 'c'],
    ['cookie', 'a=1; b=2', 'a=1', 'b=2'],
    // As Go's server: the first counts.
    ['authorization', 'Bearer a', 'Bearer a', 'Bearer b'],
    ['content-type', 'a', 'a', 'b'],
    ['host', 'a', 'a', 'b'],
    ['user-agent', 'a', 'a', 'b'],
    // Their values may hold commas.
    ['impersonate-group', ['a,b', 'c'], 'a,b', 'c'],
    ['impersonate-user', ['a'], 'a'],
    ['te', 'trailers', 'trailers'],
    ['x', '', ''],
    ['x', 'a \t b', 'a \t b'],
    ['x', '\xe9', '\xe9'],
    ['__proto__', 'a', 'a'],
    ['constructor', 'a', 'a'],
  ]
  for (const [name, expected, ...values] of joined)
    test(`${name}: ${values.map(value => JSON.stringify(value)).join(' and ')}`, () => {
      const head = read(...values.map(value => [name, value] as const))
      assert.deepEqual(head?.headers[name], expected)
      assert.equal(head?.impersonates, name.startsWith('impersonate-'))
    })

  test('a length', () => {
    assert.equal(read(['content-length', '0'])?.contentLength, 0)
    assert.equal(read(['content-length', '123456789012345'])?.contentLength, 123_456_789_012_345)
  })

  for (const path of ['/', '/a?b=c#d', '/%20', '*', '//x', '/\xe9'])
    test(`the path ${path}`, () => assert.equal(changed(':path', path)?.path, path))
})

describe('readRequestHead() refuses', () => {
  const refused: readonly (readonly [name: string, ...fields: Fields])[] = [
    ['two lengths, equal ones too', ['content-length', '1'], ['content-length', '1']],
    ...['', '-1', '+1', '1.0', '0x1', '1, 1', '1234567890123456'].map(
      value => [`a length of "${value}"`, ['content-length', value]] as const,
    ),
    ...['', 'X', 'a b', 'a:', 'a\0', 'é', 'a\n', 'a('].map(name => [`the name ${JSON.stringify(name)}`, [name, 'y']] as const),
    ...[' a', 'a ', '\ta', 'a\t', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', '\x01'].map(
      value => [`the value ${JSON.stringify(value)}`, ['x', value]] as const,
    ),
    ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map(name => [name, [name, 'x']] as const),
    ['a TE beside trailers', ['te', 'gzip']],
    ...[':method', ':path', ':scheme', ':authority'].map(name => [`${name} twice`, [name, 'x']] as const),
    [':status', [':status', '200']],
    [':protocol', [':protocol', 'websocket']],
    [':__proto__', [':__proto__', 'x']],
    ['a pseudo-header behind others', ['x', 'y'], [':authority', 'x']],
  ]
  for (const [name, ...fields] of refused) test(name, () => assert.equal(read(...fields), undefined))

  for (const [name, ...values] of [
    [':path', '', 'a', 'https://x/', '/a b', '/a\tb', '/a\nb', '**', '*/'],
    [':method', '', 'A B', 'GET/', 'CONNECT', 'G\xe9T'],
    [':authority', 'a\nb', ' a'],
  ] as const)
    for (const value of values) test(`${name} ${JSON.stringify(value)}`, () => assert.equal(changed(name, value), undefined))

  for (const name of [':method', ':path', ':scheme'])
    test(`a head without ${name} is invalid`, () => assert.equal(readRequestHead(named(get.filter(field => field[0] !== name))), undefined))
})

test('areTrailers() accepts fields that may follow a body', () => {
  assert.equal(
    areTrailers(
      named([
        ['x', 'y'],
        ['z', ''],
      ]),
    ),
    true,
  )
  for (const field of [
    [':path', '/'],
    ['connection', 'close'],
    ['X', 'y'],
    ['x', ' y'],
  ] as const)
    assert.equal(areTrailers(named([['x', 'y'], field])), false)
})
