import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { countMembers } from './compile.ts'
import { type JsonNode, JsonSyntaxError, nodeOfValue, parseJsonText, scanJson, withWholeSurrogates } from './json-text.ts'

function plainOf(node: JsonNode): unknown {
  switch (node.type) {
    case 'object':
      return Object.fromEntries(node.members.map(([key, member]) => [key, plainOf(member)]))
    case 'array':
      return node.items.map(plainOf)
    case 'number':
      return Number(node.raw)
    case 'null':
      return null
    default:
      return node.value
  }
}

describe('parseJsonText()', () => {
  it('reads everything that JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), undefined, indent)
        assert.deepEqual(plainOf(parseJsonText(spaced)), JSON.parse(spaced))
        assert.deepEqual(plainOf(nodeOfValue(JSON.parse(spaced))), JSON.parse(spaced))
      }),
    )
  })

  it('rejects everything that JSON.parse rejects', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', 'x', '0', '\n'), (text, place, insertion) => {
        const at = place % (text.length + 1)
        const broken = text.slice(0, at) + insertion + text.slice(at + 1)
        let accepted = true
        try {
          JSON.parse(broken)
        } catch {
          accepted = false
        }
        if (accepted) parseJsonText(broken)
        else assert.throws(() => parseJsonText(broken), JsonSyntaxError)
      }),
    )
  })

  it('keeps duplicate members, their order and the texts of numbers', () => {
    const node = parseJsonText('{"b":1.0,"1":2,"b":3}')
    assert.ok(node.type === 'object')
    assert.deepEqual(
      node.members.map(([key, member]) => [key, member.type === 'number' && member.raw]),
      [
        ['b', '1.0'],
        ['1', '2'],
        ['b', '3'],
      ],
    )
  })

  const errors: [text: string, message: string][] = [
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{a', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1', "invalid character '1' after object key"],
    ['{"a":1 "b"', "invalid character '\"' after object key:value pair"],
    ['[1 2', "invalid character '2' after array element"],
    ['"a', 'unexpected end of JSON input'],
    ['{"a":tru', "invalid character ' ' in literal true (expecting 'e')"],
    ['-', "invalid character ' ' in numeric literal"],
    ['[1.', "invalid character ' ' after decimal point in numeric literal"],
    ['1e', "invalid character ' ' in exponent of numeric literal"],
    ['"\\', "invalid character ' ' in string escape code"],
    ['"\\u12', "invalid character ' ' in \\u hexadecimal character escape"],
    ['tru3', "invalid character '3' in literal true (expecting 'e')"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['"\\q"', "invalid character 'q' in string escape code"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['1 2', "invalid character '2' after top-level value"],
  ]
  for (const [text, message] of errors)
    it(`reports for ${JSON.stringify(text)}: ${message}`, () => assert.throws(() => parseJsonText(text), { message }))
})

describe('withWholeSurrogates()', () => {
  const rows: [text: string, whole: string][] = [
    ['"\\ud83d\\ude00"', '"\\ud83d\\ude00"'],
    ['"\\ud83d"', '"\\ufffd"'],
    ['"\\uDE00\\uD83Da"', '"\\ufffd\\ufffda"'],
    ['"\\ud83d\\ud83d\\ude00"', '"\\ufffd\\ud83d\\ude00"'],
    ['"\\\\ud83d \\u0064"', '"\\\\ud83d \\u0064"'],
  ]
  for (const [text, whole] of rows) it(`converts ${text} to ${whole}`, () => assert.equal(withWholeSurrogates(text), whole))
})

describe('scanJson()', () => {
  it('counts members and depth of any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const scan = scanJson(Buffer.from(JSON.stringify(value)))
        assert.equal(scan.members, countMembers(value))
      }),
    )
    assert.equal(scanJson(Buffer.from('[{"a":[":{"]}]')).depth, 3)
  })

  it('notices fractions and exponents, but not in words and strings', () => {
    for (const text of ['1.0', '[1e3]', '{"a":1E3}']) assert.equal(scanJson(Buffer.from(text)).hasFraction, true)
    for (const text of ['true', '[false]', '{"1e3":"1.5"}', '10']) assert.equal(scanJson(Buffer.from(text)).hasFraction, false)
  })
})
