import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { parseFieldSelector } from './field-selector.ts'
import { compileLabelSelector, formatLabelSelector, parseLabelSelector } from './selector.ts'

describe('parseLabelSelector()', () => {
  const labels = { app: 'web', tier: 'front', size: '5', empty: '' }
  const table: [selector: string, matches: boolean][] = [
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web , tier=front', true],
    ['app!=web', false],
    ['other!=web', true],
    ['app in (web, db)', true],
    ['app notin (web)', false],
    ['other notin (web)', true],
    ['app', true],
    ['!app', false],
    ['! other', true],
    ['size>4', true],
    ['size>5', false],
    ['size<6', true],
    ['app>1', false],
    ['empty=', true],
    ['empty in ()', true],
    ['in=x', false],
    ['toString', false],
  ]
  for (const [selector, matches] of table) {
    it(`${selector === '' ? 'the empty selector' : selector} ${matches ? 'matches' : 'does not match'}`, () => {
      assert.equal(parseLabelSelector(selector).matches(labels), matches)
    })
  }

  const errors: [selector: string, message: RegExp][] = [
    ['a=b=c', /^found '=', expected: ',' or 'end of string'$/],
    ['a,', /^found '', expected: identifier after ','$/],
    [',a', /^found ',', expected: !, identifier, or 'end of string'$/],
    ['a in b', /^unable to parse requirement: found 'b' expected: '\('$/],
    ['a in (b', /^unable to parse requirement: found '', expected: ',' or '\)'$/],
    ['a b', /^unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt$/],
    ['a>x', /^unable to parse requirement: values\[0\]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer$/],
    ['a<9223372036854775808', /^unable to parse requirement: values\[0\]: Invalid value: "9223372036854775808": for 'Gt', 'Lt' operators/],
    ['a=b@', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b@": a valid label must be/],
    ['a//b', /^unable to parse requirement: <nil>: Invalid value: "a\/\/b": a qualified name must consist of/],
  ]
  for (const [selector, message] of errors) {
    it(`rejects ${selector} with a 400`, () => {
      assert.throws(() => parseLabelSelector(selector), { name: 'ApiError', message })
    })
  }

  it('returns the pairs that an index can use', () => {
    assert.deepEqual(parseLabelSelector('a=1,b in (2),c in (3,4),d!=5').exact, [
      ['a', '1'],
      ['b', '2'],
    ])
  })

  it('parses what formatLabelSelector() prints', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/)
    const requirement = fc.oneof(
      fc.tuple(word, fc.constantFrom('=', '==', '!='), word).map(parts => parts.join('')),
      fc
        .tuple(word, fc.constantFrom(' in ', ' notin '), fc.array(word, { minLength: 1, maxLength: 3 }))
        .map(([key, op, values]) => `${key}${op}(${values.join(',')})`),
      word,
      word.map(key => `!${key}`),
    )
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), requirements => {
        const parsed = parseLabelSelector(requirements.join(','))
        const byKey = parsed.requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
        assert.deepEqual(parseLabelSelector(formatLabelSelector(parsed)).requirements, byKey)
      }),
    )
  })
})

test('a label beyond 64 bits is no number to a label selector', () => {
  const matches = (value: string): boolean => parseLabelSelector('a>1').matches({ a: value })
  assert.deepEqual(['9223372036854775807', '9223372036854775808'].map(matches), [true, false])
})

describe('compileLabelSelector()', () => {
  it('matches nothing without a selector and everything if it is empty', () => {
    assert.equal(compileLabelSelector(undefined).matches({}), false)
    assert.equal(compileLabelSelector(null).matches({}), false)
    assert.equal(compileLabelSelector({}).matches({ a: 'b' }), true)
  })

  it('combines labels and expressions', () => {
    const selection = compileLabelSelector({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'NotIn', values: ['back'] },
        { key: 'gone', operator: 'DoesNotExist' },
      ],
    })
    assert.equal(selection.matches({ app: 'web' }), true)
    assert.equal(selection.matches({ app: 'web', tier: 'back' }), false)
    assert.equal(selection.matches({ app: 'web', gone: '' }), false)
    assert.equal(selection.matches(undefined), false)
  })

  it('is printed sorted by key', () => {
    const selection = compileLabelSelector({ matchLabels: { b: '1', c: '' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] })
    assert.equal(formatLabelSelector(selection), 'a,b=1,c=')
  })

  it('rejects an unknown operator', () => {
    assert.throws(
      () => compileLabelSelector({ matchExpressions: [{ key: 'a', operator: 'Near' }] }),
      /"Near" is not a valid label selector operator/,
    )
  })
})

describe('parseFieldSelector()', () => {
  const parse = (text: string) =>
    parseFieldSelector(text, {
      isSupported: field => field === 'status.phase' || field === 'metadata.name',
      unknown: field => `field label not supported: ${field}`,
    })

  it('compares fields, absent ones as empty', () => {
    const selection = parse('status.phase!=Running,metadata.name=a')
    assert.equal(selection.matches({ 'metadata.name': 'a', 'status.phase': 'Pending' }), true)
    assert.equal(selection.matches({ 'metadata.name': 'a', 'status.phase': 'Running' }), false)
    assert.equal(selection.matches({ 'status.phase': 'Pending' }), false)
    assert.deepEqual(selection.exact, [['metadata.name', 'a']])
  })

  it('unescapes values', () => assert.equal(parse('metadata.name=a\\,b\\=c\\\\').requirements[0]?.value, 'a,b=c\\'))

  const errors: [string, string][] = [
    ['spec.x=1', 'field label not supported: spec.x'],
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
    ['metadata.name=\\z', 'invalid field selector: invalid escape sequence: \\z'],
  ]
  for (const [text, message] of errors) it(`rejects ${text}`, () => assert.throws(() => parse(text), { message }))
})
