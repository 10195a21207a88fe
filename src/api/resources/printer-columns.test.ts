import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printerColumns } from './printer-columns.ts'

const now = Date.parse('2030-01-02T00:00:00Z')

const rows: readonly [type: string, value: unknown, cell: unknown][] = [
  ['integer', 42, 42],
  ['integer', 3.14, 3],
  ['integer', true, null],
  ['integer', 'foo', null],
  ['integer', [1], null],
  ['number', 42, 42],
  ['number', 3.14, 3.14],
  ['number', true, null],
  ['number', 'foo', null],
  ['boolean', 42, null],
  ['boolean', true, true],
  ['boolean', 'foo', null],
  ['string', 'foo', 'foo'],
  ['string', 42, '42'],
  ['string', 0.00001, '1e-05'],
  ['string', 1234567.5, '1.2345675e+06'],
  ['string', true, 'true'],
  ['string', null, '<no value>'],
  ['string', ['bar', 'baz'], '["bar","baz"]'],
  ['string', { b: 1, a: '<x>' }, String.raw`{"a":"\u003cx\u003e","b":1}`],
  ['string', undefined, null],
  ['date', 42, null],
  ['date', true, null],
  ['date', null, null],
  ['date', '', '<unknown>'],
  ['date', 'null', '<unknown>'],
  ['date', 'yesterday', '<invalid>'],
  ['date', '2030-01-01T11:30:00Z', '12h'],
  ['date', '2030-01-02T12:30:00Z', '<invalid>'],
]
for (const [type, value, cell] of rows) {
  test(`a column of type ${type} shows ${JSON.stringify(value)}`, () => {
    const [, column] = printerColumns([{ name: 'C', type, jsonPath: '.spec.value' }])
    const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: {}, spec: { value } }
    assert.deepEqual(column?.cell(object, now), cell)
  })
}

const paths: readonly [type: string, path: string, cell: unknown][] = [
  ['string', '.spec.list[0,2]', '7'],
  ['integer', '.spec.list[0,2]', 7],
  ['string', ".spec['text','list']", 'é'],
  ['string', '.spec.list[*]', '7'],
  ['string', '.spec.text.*', '195'],
  ['integer', '.spec.text.*', null],
  ['string', '.spec 5', '5'],
  ['integer', '.spec 5', null],
  ['number', '.spec 5', null],
  ['string', '.spec 5000000.0', '5e+06'],
  ['number', '.spec 2.5', 2.5],
  ['integer', '.spec 2.5', 2],
  ['boolean', '.spec true', true],
  ['string', '.spec.list[9]', null],
]
for (const [type, jsonPath, cell] of paths) {
  test(`a column of type ${type} shows ${jsonPath}`, () => {
    const [, column] = printerColumns([{ name: 'C', type, jsonPath }])
    const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: {}, spec: { text: 'é', list: [7, 8, 9] } }
    assert.deepEqual(column?.cell(object, now), cell)
  })
}

test('printerColumns() omits a column with an invalid path, and later ones', () => {
  const columns = ['.spec.a', '.spec["b"]', '.spec.c'].map(jsonPath => ({ name: jsonPath, type: 'string', jsonPath }))
  assert.deepEqual(
    printerColumns(columns).map(({ name }) => name),
    ['Name', '.spec.a'],
  )
})

test('columns of one row share a budget of visits, and the one that exceeds it is empty', () => {
  const nested = (depth: number): unknown => (depth === 0 ? { a: 1 } : { a: nested(depth - 1) })
  const columns = printerColumns(Array.from({ length: 20 }, (_, index) => ({ name: `C${index}`, type: 'string', jsonPath: '.spec..a..a' })))
  const object = { metadata: { name: 'x' }, spec: nested(100) }
  const visits = { left: 100_000 }
  const cells = columns.map(column => column.cell(object, now, visits))
  assert.equal(typeof cells[1], 'string')
  assert.equal(cells.at(-1), null)
  assert.ok(visits.left > -100_000, `${visits.left} left`)
})

test('a column neither shows nor builds a text that exceeds the remaining budget', () => {
  const [, column] = printerColumns([{ name: 'C', type: 'string', jsonPath: '.spec' }])
  let read = 0
  const spec = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, 'x'.repeat(1600)] as const))
  const watched = new Proxy(spec, {
    get(target, name, receiver) {
      read++
      return Reflect.get(target, name, receiver)
    },
  })
  assert.equal(column?.cell({ metadata: {}, spec: watched } as never, now, { left: 1000 }), null)
  assert.ok(read < 20, `${read} members read`)
  assert.equal(String(column?.cell({ metadata: {}, spec } as never, now, { left: 200_000 })).length > 1_600_000, true)
})
