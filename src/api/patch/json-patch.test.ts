import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { ApiError } from '../status.ts'
import { applyJsonPatch, maxCopiedBytes } from './json-patch.ts'

const document = { a: { b: 1, 'c/d': 2, n: null }, list: [1, 2, 3], nested: [{ x: [] }] }

describe('applyJsonPatch()', () => {
  const applied: [name: string, patch: unknown[], result: Record<string, unknown>][] = [
    ['adds a member', [{ op: 'add', path: '/a/z', value: 9 }], { a: { ...document.a, z: 9 } }],
    ['replaces a member that is there', [{ op: 'add', path: '/a/b', value: 9 }], { a: { ...document.a, b: 9 } }],
    ['reads escaped names', [{ op: 'remove', path: '/a/c~1d' }], { a: { b: 1, n: null } }],
    ['ignores what stands before the first slash', [{ op: 'add', path: 'x/list', value: 0 }], { list: 0 }],
    ['inserts into a list', [{ op: 'add', path: '/list/1', value: 9 }], { list: [1, 9, 2, 3] }],
    ['appends with a dash', [{ op: 'add', path: '/list/-', value: 9 }], { list: [1, 2, 3, 9] }],
    ['counts negative indexes from the end', [{ op: 'add', path: '/list/-1', value: 9 }], { list: [1, 2, 3, 9] }],
    ['removes by a negative index', [{ op: 'remove', path: '/list/-1' }], { list: [1, 2] }],
    ['replaces by a signed index', [{ op: 'replace', path: '/list/+1', value: 9 }], { list: [1, 9, 3] }],
    ['replaces a missing member', [{ op: 'replace', path: '/a/z', value: 9 }], { a: { ...document.a, z: 9 } }],
    ['moves', [{ op: 'move', from: '/list/0', path: '/list/2' }], { list: [2, 3, 1] }],
    ['copies, and a missing member as null', [{ op: 'copy', from: '/a/z', path: '/list/0' }], { list: [null, 1, 2, 3] }],
    ['tests a missing member as null', [{ op: 'test', path: '/a/z', value: null }], {}],
    ['tests the whole document', [{ op: 'test', path: '', value: document }], {}],
    ['ignores a scalar for the whole document', [{ op: 'replace', path: '', value: 5 }], {}],
    [
      'does not share what it copies',
      [
        { op: 'copy', from: '/nested', path: '/copy' },
        { op: 'add', path: '/copy/0/x/-', value: 1 },
      ],
      { copy: [{ x: [1] }] },
    ],
  ]
  for (const [name, patch, result] of applied) {
    it(name, () => {
      const before = structuredClone(document)
      assert.deepEqual(applyJsonPatch(document, patch), { ...document, ...result })
      assert.deepEqual(document, before)
    })
  }

  const rejected: [name: string, patch: unknown[]][] = [
    ['a failing test', [{ op: 'test', path: '/a/b', value: 2 }]],
    ['removal of a missing member', [{ op: 'remove', path: '/a/z' }]],
    ['a missing parent', [{ op: 'add', path: '/z/y', value: 1 }]],
    ['a parent that is null', [{ op: 'add', path: '/a/n/y', value: 1 }]],
    ['an index behind the end', [{ op: 'add', path: '/list/4', value: 1 }]],
    ['an invalid index', [{ op: 'replace', path: '/list/1e0', value: 1 }]],
    ['adding the whole document', [{ op: 'add', path: '', value: {} }]],
    ['copying the whole document into itself', [{ op: 'copy', from: '', path: '/a' }]],
    ['moving a value into itself', [{ op: 'move', from: '/a', path: '/a/b' }]],
    ['an unknown operation', [{ op: 'bogus', path: '/a' }]],
    ['an operation without a path', [{ op: 'add', value: 1 }]],
    ['a way through the prototype', [{ op: 'add', path: '/__proto__/polluted', value: 1 }]],
    ['copies without end', Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/x${index}` }))],
  ]
  for (const [name, patch] of rejected) {
    it(`rejects ${name}`, () => {
      assert.throws(
        () => applyJsonPatch(document, patch),
        err => {
          assert.ok(err instanceof ApiError)
          assert.deepEqual(err.status.details, {})
          assert.equal(err.message, 'the server rejected our request due to an error in our request')
          return err.status.code === 422
        },
      )
      assert.equal('polluted' in {}, false)
    })
  }

  const reasons: [patch: Record<string, unknown>, why: string][] = [
    [{ op: 'add' }, 'add operation failed to decode path: missing value'],
    [{ op: 'add', path: '/z/y' }, 'add operation does not apply: doc is missing path: "/z/y": missing value'],
    [
      { op: 'add', path: '/list/x' },
      `error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax`,
    ],
    [{ op: 'add', path: '/list/5' }, "error in add for path: '/list/5': Unable to access invalid index: 5: invalid index referenced"],
    [{ op: 'remove', path: 1 }, 'remove operation failed to decode path: missing value'],
    [{ op: 'remove', path: '/list/9/y' }, 'remove operation does not apply: doc is missing path: "/list/9/y": missing value'],
    [{ op: 'remove', path: '/a/z' }, "error in remove for path: '/a/z': Unable to remove nonexistent key: z: missing value"],
    [{ op: 'remove', path: '/list/-' }, `error in remove for path: '/list/-': strconv.Atoi: parsing "-": invalid syntax`],
    [{ op: 'replace', path: [] }, 'replace operation failed to decode path: json: cannot unmarshal array into Go value of type string'],
    [{ op: 'replace', path: 'a' }, 'replace operation does not apply: doc is missing path: a: missing value'],
    [{ op: 'replace', path: '/list/3' }, 'replace operation does not apply: doc is missing key: /list/3: missing value'],
    [{ op: 'move', path: '/a' }, 'move operation failed to decode from: operation, missing from field: missing value'],
    [{ op: 'move', from: '/z/y', path: '/a' }, 'move operation does not apply: doc is missing from path: /z/y: missing value'],
    [{ op: 'move', from: '/a/z', path: '/a' }, "error in move for path: 'z': Unable to remove nonexistent key: z: missing value"],
    [{ op: 'move', from: '/a/b' }, 'move operation failed to decode path: operation missing path field: missing value'],
    [{ op: 'move', from: '/a', path: '/a/b' }, 'move operation does not apply: doc is missing destination path: /a/b: missing value'],
    [
      { op: 'move', from: '/a', path: '/list/8' },
      "error in move for path: '/list/8': Unable to access invalid index: 8: invalid index referenced",
    ],
    [{ op: 'copy', from: '', path: '/a' }, 'copy operation does not apply: doc is missing from path: : missing value'],
    [
      { op: 'copy', from: '/list/8', path: '/a' },
      "error in copy for from: '/list/8': Unable to access invalid index: 8: invalid index referenced",
    ],
    [{ op: 'copy', from: '/a' }, 'copy operation failed to decode path: missing value'],
    [{ op: 'copy', from: '/a', path: '/z/y' }, 'copy operation does not apply: doc is missing destination path: /z/y: missing value'],
    [
      { op: 'copy', from: '/a', path: `/list/${'9'.repeat(20)}` },
      `error while adding value during copy: value was not a proper array index: '${'9'.repeat(20)}': strconv.Atoi: parsing "${'9'.repeat(20)}": value out of range`,
    ],
    [{ op: 'test', path: '/z/y' }, 'test operation does not apply: is missing path: /z/y: missing value'],
    [{ op: 'test', path: '/list/-9' }, "error in test for path: '/list/-9': Unable to access invalid index: -9: invalid index referenced"],
    [{ op: 'test', path: '/a/b', value: 2 }, 'testing value /a/b failed: test failed'],
    [{ op: 'bogus', path: '/a' }, 'Unexpected kind: bogus'],
    [{ path: '/a' }, 'Unexpected kind: unknown'],
  ]
  for (const [patch, why] of reasons) {
    it(`reports ${why}`, () => {
      assert.throws(
        () => applyJsonPatch(document, [patch]),
        err => err instanceof ApiError && err.cause instanceof Error && err.cause.message === why,
      )
    })
  }

  it('CVE-2019-1002100: limits what copies add', () => {
    const target = { text: 'x'.repeat(maxCopiedBytes / 2) }
    const copies = (count: number) => Array.from({ length: count }, (_, index) => ({ op: 'copy', from: '/text', path: `/x${index}` }))
    assert.doesNotThrow(() => applyJsonPatch(target, copies(1)))
    assert.throws(() => applyJsonPatch(target, copies(2)))
  })

  it('keeps names of the prototype as members', () => {
    const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
    assert.equal(JSON.stringify(result), '{"__proto__":{"polluted":true}}')
    assert.equal('polluted' in {}, false)
  })
})

const places = ['', '/data', '/list/0']
const named = { data: { a: 'b' }, list: [{}] }
for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])
  it(`applyJsonPatch() treats ${name} as an ordinary member name`, () => {
    const outcome = (operation: object): string => {
      try {
        return JSON.stringify(applyJsonPatch(named, [operation]))
      } catch (err) {
        return String(err)
      }
    }
    for (const place of places)
      for (const below of ['', '/x'])
        for (const operation of [
          ...['add', 'replace', 'remove', 'test'].map(op => (path: string) => ({ op, path, value: 'v' })),
          ...['copy', 'move'].map(op => (from: string) => ({ op, from, path: '/data/to' })),
          ...['copy', 'move'].map(op => (path: string) => ({ op, from: '/data/a', path })),
        ]) {
          const got = outcome(operation(`${place}/${name}${below}`))
          // `copy` of a missing member gives null, as in upstream's library.
          assert.equal(got, outcome(operation(`${place}/missing${below}`)).replaceAll('missing"', `${name}"`))
        }
    assert.deepEqual(named, { data: { a: 'b' }, list: [{}] })
    assert.equal(Reflect.get({}, 'x'), undefined)
  })
test('applyJsonPatch() nests values no deeper than a body may, whatever its operations do together', () => {
  const copies = Array.from({ length: 16 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a${'/a'.repeat(2 ** index)}` }))
  const moves = Array.from({ length: 10 }, (_, index) => ({ op: 'move', from: `/m${index}`, path: `/m${index + 1}${'/x'.repeat(101)}` }))
  const hundred = (): unknown => {
    let value: unknown = {}
    for (let level = 0; level < 100; level++) value = { x: value }
    return value
  }
  const target = { a: { a: {} }, ...Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`m${index}`, hundred()])) }
  for (const patch of [copies, moves]) {
    assert.throws(() => applyJsonPatch(target, patch), { message: 'the patched object is nested deeper than 500 levels' })
    assert.doesNotThrow(() => applyJsonPatch(target, patch.slice(0, 3)))
  }
})

test('applyJsonPatch() limits the values that all operations move', () => {
  const target = { a: Array.from({ length: 10_000 }, () => 1) }
  const moves = Array.from({ length: 300 }, (_, index) =>
    index % 2 === 0 ? { op: 'move', from: '/a', path: '/b' } : { op: 'move', from: '/b', path: '/a' },
  )
  assert.throws(() => applyJsonPatch(target, moves), { message: /may move 2000000 values together/ })
  assert.deepEqual(applyJsonPatch(target, moves.slice(0, 100)), target)
})
