import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError } from '../../field-error.ts'
import type { JSONSchemaProps, ValidationRule } from '../../types/apiextensions-v1.ts'
import { evaluateDefaultsByRules } from './default-rules.ts'

const int: JSONSchemaProps = { type: 'integer' }
const rules = (...given: (string | ValidationRule)[]) => ({
  'x-kubernetes-validations': given.map(rule => (typeof rule === 'string' ? { rule } : rule)),
})
const object = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...more,
})
/** The problems of a spec with this schema. */
const evaluated = (spec: JSONSchemaProps) => evaluateDefaultsByRules(object({ spec }), 'schema', new Set()).map(formatFieldError)
const at = 'schema.properties[spec]'

const text = (format: string, given: unknown, rule: string) =>
  object({ a: { type: 'string', format, default: given, ...rules(rule) } as JSONSchemaProps })

const rows: readonly [name: string, spec: JSONSchemaProps, said: string[]][] = [
  ['a default that holds', object({ a: { ...int, default: 1, ...rules('self > 0') } }), []],
  [
    'a default that its rule refuses',
    object({ a: { ...int, default: 0, ...rules('self > 0') } }),
    [`${at}.properties[a].default: Invalid value: "integer": failed rule: self > 0`],
  ],
  [
    'a rule below the default',
    object({ a: object({ b: { ...int, ...rules('self > 0') } }, { default: { b: 0 } }) }),
    [`${at}.properties[a].default.b: Invalid value: "integer": failed rule: self > 0`],
  ],
  [
    'an item of the default',
    object({ a: { type: 'array', default: [1, 0], items: { ...int, ...rules('self > 0') } } }),
    [`${at}.properties[a].default[1]: Invalid value: "integer": failed rule: self > 0`],
  ],
  [
    'a default within items',
    { type: 'array', items: object({ b: { ...int, default: 0, ...rules('self > 0') } }) },
    [`${at}.items.properties[b].default: Invalid value: "integer": failed rule: self > 0`],
  ],
  ['a rule above the default, which is for whole values', object({ a: { ...int, default: 0 } }, rules('self.a > 0')), []],
  [
    'a rule on changes, as for a value that stays',
    object({ a: { ...int, default: 1, ...rules('self > oldSelf') } }),
    [`${at}.properties[a].default: Invalid value: "integer": failed rule: self > oldSelf`],
  ],
  [
    'a rule on changes and on what is new, as for both',
    object({ a: { ...int, default: 1, ...rules({ rule: 'oldSelf.hasValue() || self > 1', optionalOldSelf: true }) } }),
    [`${at}.properties[a].default: Invalid value: "integer": failed rule: oldSelf.hasValue() || self > 1`],
  ],
  [
    'a default that does not match its format',
    text('duration', 'soon', 'self < duration("1h")'),
    [`${at}.properties[a].default: Invalid value: "string": Invalid duration soon evaluating rule: self < duration("1h")`],
  ],
  ['a default whose units are spelled', text('duration', '1 week', 'self == duration("168h")'), []],
  ['a default of several units', text('duration', '2 days and 3 hours', 'self == duration("51h")'), []],
  [
    'a rule that does not compile for a default that does not match its format',
    text('duration', 'soon', 'self.size() < 3'),
    [
      `${at}.properties[a].default: Invalid value: "string": rule compile error: compilation failed: ERROR: <input>:1:10: found no matching overload for 'size' applied to 'duration.()'\n | self.size() < 3\n | .........^`,
    ],
  ],
]
for (const [name, spec, said] of rows) {
  test(`evaluateDefaultsByRules() validates ${name}`, () => assert.deepEqual(evaluated(spec), said))
}

test('evaluateDefaultsByRules() gives all defaults one budget', () => {
  // Each of these is within the cost limit of one evaluation.
  const costly = {
    ...rules('self.all(a, self.all(b, a + b >= 0))'),
    type: 'array',
    items: int,
    default: Array.from({ length: 300 }, () => 1),
  }
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, costly]))
  assert.deepEqual(evaluated(object({ a: costly })), [])
  const said = evaluated(object(many))
  assert.match(said[0] ?? '', /Invalid value: "array": validation failed due to running out of cost budget/)
  assert.equal(said.length, 1)
})
