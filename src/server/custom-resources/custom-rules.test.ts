import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps, ValidationRule } from '../../api/types/apiextensions-v1.ts'
import { TestServer } from '../testing.ts'
import { crds, install, widget, widgetDefinition, widgets } from './widgets.testing.ts'

const text: JSONSchemaProps = { type: 'string' }
const int: JSONSchemaProps = { type: 'integer' }

/** `rules` are those of the spec. */
function definition(rules: readonly ValidationRule[], properties: Record<string, JSONSchemaProps> = {}) {
  const spec: JSONSchemaProps = {
    type: 'object',
    properties: { min: int, max: int, name: { ...text, maxLength: 10 }, ...properties },
    'x-kubernetes-validations': [...rules],
  }
  return widgetDefinition({ version: { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } } })
}

const evaluated: readonly [name: string, rule: ValidationRule, spec: object, message: string][] = [
  ['no message', { rule: 'self.min <= self.max' }, { min: 2, max: 1 }, 'spec: Invalid value: "object": failed rule: self.min <= self.max'],
  ['a message', { rule: 'self.min <= self.max', message: ' too low ' }, { min: 2, max: 1 }, 'spec: Invalid value: "object": too low'],
  [
    'a computed message, a reason and a field',
    { rule: 'self.min <= self.max', messageExpression: "self.name + ' is low'", reason: 'FieldValueForbidden', fieldPath: '.max' },
    { min: 2, max: 1, name: 'it' },
    'spec.max: Forbidden: it is low',
  ],
  [
    'a computed message that fails',
    { rule: 'self.min <= self.max', message: 'own', messageExpression: 'string(1 / (self.min - self.min))' },
    { min: 2, max: 1 },
    'spec: Invalid value: "object": own',
  ],
  [
    'an evaluation that fails',
    { rule: 'self.min / self.max >= 0' },
    { min: 2, max: 0 },
    'spec: Invalid value: "object": division by zero evaluating rule: self.min / self.max >= 0',
  ],
]
for (const [name, rule, spec, message] of evaluated) {
  test(`a rule with ${name}`, async () => {
    await using api = new TestServer()
    await install(api, definition([rule]))
    const { status, json } = await api.request('POST', widgets, widget('a', spec))
    assert.equal(status, 422)
    assert.equal(json.message, `Widget.example.com "a" is invalid: ${message}`)
    assert.equal((await api.request('POST', widgets, widget('b', { min: 1, max: 2 }))).status, 201)
  })
}

test('transition rules apply only to updates, optional ones also to creations', async () => {
  await using api = new TestServer()
  const rules = [
    { rule: 'self.min >= oldSelf.min', message: 'min must not shrink' },
    { rule: "oldSelf.hasValue() || self.name == 'first'", optionalOldSelf: true, message: 'wrong first name' },
  ]
  await install(api, definition(rules))
  const first = await api.request('POST', widgets, widget('a', { min: 5, name: 'other' }))
  assert.match(first.json.message, /wrong first name/)
  assert.equal((await api.request('POST', widgets, widget('a', { min: 5, name: 'first' }))).status, 201)
  assert.match(
    (await api.request('PATCH', `${widgets}/a`, { spec: { min: 4 } })).json.message,
    /spec: Invalid value: "object": min must not shrink/,
  )
  assert.equal((await api.request('PATCH', `${widgets}/a`, { spec: { min: 6, name: 'next' } })).status, 200)
})

test('rules of items and members report their path; items of keyed lists have their old values', async () => {
  await using api = new TestServer()
  const item: JSONSchemaProps = {
    type: 'object',
    required: ['name'],
    properties: { name: { ...text, maxLength: 10 }, count: int },
    'x-kubernetes-validations': [{ rule: 'self.count >= oldSelf.count', message: 'shrinks' }],
  }
  const parts: JSONSchemaProps = {
    type: 'array',
    maxItems: 10,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: item,
  }
  const limits: JSONSchemaProps = {
    type: 'object',
    maxProperties: 5,
    additionalProperties: { ...int, 'x-kubernetes-validations': [{ rule: 'self > 0', message: 'not positive' }] },
  }
  await install(api, definition([{ rule: 'true' }], { parts, limits }))
  const wrong = await api.request('POST', widgets, widget('a', { limits: { cpu: 0 } }))
  assert.match(wrong.json.message, /is invalid: spec\.limits\[cpu\]: Invalid value: "integer": not positive$/)
  await api.create(widgets, widget('a', { parts: [{ name: 'x', count: 2 }] }))
  const shrunk = await api.request('PATCH', `${widgets}/a`, {
    spec: {
      parts: [
        { name: 'y', count: 0 },
        { name: 'x', count: 1 },
      ],
    },
  })
  assert.match(shrunk.json.message, /is invalid: spec\.parts\[1\]: Invalid value: "object": shrinks$/)
})

test('a new rule allows unchanged values in updates', async () => {
  await using api = new TestServer()
  await install(api, definition([{ rule: 'true' }]))
  await api.create(widgets, widget('a', { min: 5, max: 1 }))
  const { json } = await api.get(`${crds}/widgets.example.com`)
  json.spec.versions[0].schema.openAPIV3Schema.properties.spec['x-kubernetes-validations'] = [{ rule: 'self.min <= self.max' }]
  assert.equal((await api.request('PUT', `${crds}/widgets.example.com`, json)).status, 200)
  const { status, headers } = await api.request('PATCH', `${widgets}/a`, { metadata: { labels: { a: 'b' } } })
  assert.equal(status, 200)
  assert.match(headers['warning'] ?? '', /spec: Invalid value: .*failed rule: self\.min <= self\.max/)
  assert.equal((await api.request('PATCH', `${widgets}/a`, { spec: { max: 2 } })).status, 422)
})

test('rules are not evaluated on values of the wrong type', async () => {
  await using api = new TestServer()
  await install(api, definition([{ rule: 'self.min <= self.max' }]))
  const { json } = await api.request('POST', widgets, widget('a', { min: 'x', max: 1 }))
  assert.match(json.message, /some validation rules were not checked because the object was invalid; correct the existing errors/)
})

test('all rules of an object share one budget', async () => {
  await using api = new TestServer()
  // Each of them costs less than one rule may, all of them more than an object may.
  const rule = { rule: 'self.all(a, self.all(b, a == b || a != b))', message: 'no' }
  const list: JSONSchemaProps = { type: 'array', items: int, maxItems: 300, 'x-kubernetes-validations': [rule, rule, rule, rule, rule] }
  await install(api, definition([{ rule: 'true' }], { a: list, b: list, c: list }))
  const numbers = Array.from({ length: 280 }, (_, index) => index)
  const few = await api.request('POST', widgets, widget('few', { a: numbers.slice(0, 10), b: numbers.slice(0, 10) }))
  assert.equal(few.status, 201)
  const { status, json } = await api.request('POST', widgets, widget('many', { a: numbers, b: numbers, c: numbers }))
  assert.equal(status, 422)
  assert.match(json.message, /validation failed due to running out of cost budget, no further validation rules will be run$/)
})

const refused: readonly [name: string, rule: ValidationRule, message: RegExp][] = [
  [
    'is no expression',
    { rule: 'self.min <=' },
    /x-kubernetes-validations\[0\]\.rule: Invalid value: apiextensions\.ValidationRule\{Rule:"self\.min <=", Message:"", MessageExpression:"", Reason:\(\*apiextensions\.FieldValueErrorReason\)\(nil\), FieldPath:"", OptionalOldSelf:\(\*bool\)\(nil\)\}: compilation failed: ERROR: <input>:1:\d+: Syntax error/,
  ],
  ['names an unknown field', { rule: 'self.nope > 1' }, /compilation failed: ERROR: <input>:1:5: undefined field 'nope'/],
  ['is no bool', { rule: 'self.min' }, /cel expression must evaluate to a bool/],
  ['has a message that is not a string', { rule: 'true', messageExpression: 'self.min' }, /messageExpression must evaluate to a string/],
  [
    'costs too much',
    { rule: 'self.list.all(a, self.list.all(b, a == b))' },
    /x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x \(try simplifying the rule/,
  ],
  ['names an unknown place', { rule: 'true', fieldPath: '.nope' }, /fieldPath: Invalid value: ".nope": fieldPath must be a valid path$/],
  [
    'says something of no old self',
    { rule: 'true', optionalOldSelf: true },
    /optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule/,
  ],
]
test('an unknown path in a rule is reported even if the schema is not structural elsewhere', async () => {
  await using api = new TestServer()
  const odd: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': false }
  const ruled: JSONSchemaProps = { type: 'object', 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.nope' }] }
  const { json } = await api.request('POST', crds, definition([], { odd, ruled }))
  assert.deepEqual(
    json.details.causes.map((cause: { field: string }) => cause.field.replace(/^.*properties\[spec\]\./, '')),
    ['properties[odd].x-kubernetes-preserve-unknown-fields', 'properties[ruled].x-kubernetes-validations[0].fieldPath'],
  )
})

for (const [name, rule, message] of refused) {
  test(`a definition whose rule ${name} is refused`, async () => {
    await using api = new TestServer()
    const { status, json } = await api.request('POST', crds, definition([rule], { list: { type: 'array', items: text } }))
    assert.equal(status, 422)
    assert.match(json.message, message)
  })
}

test('oldSelf in a list without keys is refused', async () => {
  await using api = new TestServer()
  const list: JSONSchemaProps = { type: 'array', maxItems: 3, items: { ...int, 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] } }
  const { json } = await api.request('POST', crds, definition([{ rule: 'true' }], { list }))
  assert.match(
    json.message,
    /oldSelf cannot be used on the uncorrelatable portion of the schema within spec\.validation\.openAPIV3Schema\.properties\[spec\]\.properties\[list\]/,
  )
})
