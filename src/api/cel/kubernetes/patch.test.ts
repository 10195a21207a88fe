import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CelValue } from '../values/values.ts'
import { type AdmissionScope, compileAdmission, type MutationUse } from './admission.ts'
import { configurationOf, maxPatchSize, operationsOf, PatchValueError } from './patch-json.ts'

const scope: AdmissionScope = { params: false, authorizer: true, stored: false }
const object = { metadata: { labels: { a: '1' } }, spec: { replicas: 3, size: 0.5 } }

function evaluate(use: MutationUse, expression: string): { value: CelValue; cost: number } {
  const compiled = compileAdmission(expression, use, scope)
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.detail)
  return compiled.program.evaluate({ object, oldObject: null })
}

const configuration = (expression: string): unknown => configurationOf(evaluate('ApplyConfiguration', expression).value)
const operations = (expression: string): unknown => operationsOf(evaluate('JSONPatch', expression).value)

suite('expressions that construct objects', () => {
  const rows: readonly [name: string, expression: string, result: unknown][] = [
    ['nothing', 'Object{}', {}],
    ['fields of named types', 'Object{spec: Object.spec{replicas: object.spec.replicas + 1}}', { spec: { replicas: 4 } }],
    [
      'doubles and nulls',
      'Object{spec: Object.spec{size: object.spec.size, other: 2.0, none: null}}',
      { spec: { size: 0.5, other: 2, none: null } },
    ],
    ['maps', 'Object{metadata: Object.metadata{labels: {"b": "2"}}}', { metadata: { labels: { b: '2' } } }],
    ['parts of the object', 'Object{metadata: object.metadata}', { metadata: { labels: { a: '1' } } }],
    [
      'lists of objects',
      'Object{spec: Object.spec{items: [Object.spec.items{name: "x"}, Object.spec.items{name: "y"}]}}',
      { spec: { items: [{ name: 'x' }, { name: 'y' }] } },
    ],
    ['an optional field that is there', 'Object{?spec: object.?spec}', { spec: object.spec }],
    ['a missing optional field', 'Object{?spec: object.?nothing}', {}],
    ['either of two', 'has(object.spec.none) ? Object{a: 1} : Object{b: 2}', { b: 2 }],
    [
      'times, durations and bytes',
      'Object{t: timestamp("2026-01-02T03:04:05Z"), d: duration("90s"), b: b"ab"}',
      { t: '2026-01-02T03:04:05Z', d: '90s', b: 'YWI=' },
    ],
    [
      'fields that are read again',
      'Object{x: Object{field: "v"}.field, set: has(Object{a: 1}.a), unset: has(Object{}.a)}',
      { x: 'v', set: true, unset: false },
    ],
    [
      'objects that are compared',
      'Object{same: Object{f: "x"} == Object{f: "x"}, other: Object{f: "x"} == Object{f: "y"}}',
      { same: true, other: false },
    ],
    ['their types', 'Object{of: type(Object.spec{}) == Object.spec}', { of: true }],
  ]
  for (const [name, expression, result] of rows) test(name, () => assert.deepEqual(configuration(expression), result))

  test('each costs 40 plus the cost of its fields', () =>
    assert.equal(evaluate('ApplyConfiguration', 'Object{spec: Object.spec{replicas: 1}}').cost, 80))
})

suite('expressions that give a JSON patch', () => {
  const rows: readonly [name: string, expression: string, result: unknown][] = [
    ['no operation', 'has(object.spec.none) ? [JSONPatch{op: "remove", path: "/x"}] : []', []],
    ['all fields', '[JSONPatch{op: "move", from: "/a", path: "/b"}]', [{ op: 'move', path: '/b', from: '/a' }]],
    [
      'a value within an optional',
      '[JSONPatch{op: "add", path: "/a", value: {"b": object.spec.?none.or(optional.of("c"))}}]',
      [{ op: 'add', path: '/a', value: { b: 'c' } }],
    ],
    ['a value that is null is one', '[JSONPatch{op: "add", path: "/a", value: null}]', [{ op: 'add', path: '/a', value: null }]],
    [
      'objects below the place that their type names',
      '[JSONPatch{op: "add", path: "/spec/items/-", value: Object.spec.items{ports: [Object.spec.items.ports{port: 1}]}}]',
      [{ op: 'add', path: '/spec/items/-', value: { ports: [{ port: 1 }] } }],
    ],
    [
      'keys that are escaped',
      '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("k8s.io/x~y"), value: "true"}]',
      [{ op: 'add', path: '/metadata/labels/k8s.io~1x~0y', value: 'true' }],
    ],
    [
      'texts that are not set, which are empty',
      '[JSONPatch{op: JSONPatch{}.op + "add", path: JSONPatch{path: "/x"}.?path.orValue("/y"), value: JSONPatch{}.?op.hasValue()}]',
      [{ op: 'add', path: '/x', value: false }],
    ],
    [
      'operations that are read and compared',
      '[JSONPatch{op: JSONPatch{op: "add"}.op, path: has(JSONPatch{}.path) ? "/set" : "/unset", value: JSONPatch{value: 1} == JSONPatch{value: 1}}]',
      [{ op: 'add', path: '/unset', value: true }],
    ],
  ]
  for (const [name, expression, result] of rows) test(name, () => assert.deepEqual(operations(expression), result))
})

suite('expressions that do not compile', () => {
  const rows: readonly [use: MutationUse, expression: string, problem: RegExp][] = [
    ['ApplyConfiguration', '"teapot"', /^must evaluate to Object but got string$/],
    ['ApplyConfiguration', 'Object.spec{}', /^must evaluate to Object but got Object\.spec$/],
    ['ApplyConfiguration', '[JSONPatch{}]', /^must evaluate to Object but got list\(JSONPatch\)$/],
    ['JSONPatch', 'Object{}', /^must evaluate to list\(JSONPatch\) but got Object$/],
    ['JSONPatch', '[JSONPatch{op: 1}]', /expected type of field 'op' is 'string' but provided type is 'int'/],
    ['JSONPatch', '[JSONPatch{operation: "add"}]', /undefined field 'operation'/],
    ['ApplyConfiguration', 'Objects{}', /undeclared reference to 'Objects'/],
    ['ApplyConfiguration', 'Object{a: [Object.a{}, Object.b{}]}', /expected type 'Object\.a' but found 'Object\.b'/],
  ]
  for (const [use, expression, problem] of rows) {
    test(`${use} ${expression}`, () => {
      const compiled = compileAdmission(expression, use, scope)
      assert.ok(!compiled.ok)
      assert.match(compiled.detail, problem)
    })
  }

  test('nothing is constructed outside of mutations', () => {
    for (const expression of ['Object{} == Object{}', 'jsonpatch.escapeKey("a") == "a"', 'JSONPatch{} == JSONPatch{}']) {
      assert.equal(compileAdmission(expression, 'condition', scope).ok, false, expression)
    }
  })
})

suite('values that no patch can be made of', () => {
  const refused = (act: () => unknown, message: RegExp): void => {
    assert.throws(act, (err: Error) => err instanceof PatchValueError && message.test(err.message))
  }

  test('one or several types in places that do not match their names', () => {
    const wrong = (name: string, wanted: string): string =>
      `unexpected type name "${name}", expected "${wanted}", which matches field name path from root Object type`
    refused(() => configuration('Object{spec: Object.specx{}}'), new RegExp(`^type mismatch: ${wrong('Object.specx', 'Object.spec')}$`))
    refused(
      () => configuration('Object{a: Object.b{c: Object.a.d{}}, e: [Object.f{}]}'),
      new RegExp(
        `^type mismatch: ${[wrong('Object.b', 'Object.a'), wrong('Object.a.d', 'Object.a.c'), wrong('Object.f', 'Object.e')].join('\n')}$`,
      ),
    )
    refused(() => operations('[JSONPatch{op: "add", path: "/spec", value: Object.spec{a: Object.spec.b{}}}]'), /expected "Object\.spec\.a"/)
  })

  test('keys that are no strings, numbers and values without a JSON form', () => {
    refused(() => configuration('Object{a: {1: "x"}}'), /^map key "1" is of type int, not string$/)
    refused(() => configuration('Object{a: 18446744073709551615u}'), /beyond 64 bits with a sign/)
    assert.deepEqual(configuration('Object{a: 9223372036854775807}'), { a: 9223372036854775807n })
    refused(() => configuration('Object{a: 1.0 / 0.0}'), /type double has no form in JSON/)
    refused(() => configuration('Object{a: optional.none()}'), /type optional_type has no form/)
  })

  test('a value that repeats others many times is cut off at the size of a request', () => {
    // Thirty nested lists of two cost some hundred units, and would contain a billion values.
    let bomb: CelValue = 'x'
    for (let i = 0; i < 30; i++) bomb = [bomb, bomb]
    const compiled = compileAdmission('Object{a: object}', 'ApplyConfiguration', scope)
    assert.ok(compiled.ok)
    const { value } = compiled.program.evaluate({ object: bomb })
    refused(() => configurationOf(value), new RegExp(`^the patch is larger than ${maxPatchSize}$`))
  })
})
