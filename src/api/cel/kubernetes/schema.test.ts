import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { structByKey } from '../../schema/model.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { estimateCost } from '../check/cost.ts'
import { Program } from '../environment.ts'
import type { CelValue } from '../values/values.ts'
import { storedExpressions } from './base.ts'
import { builtInType } from './built-in-type.ts'
import { escapeFieldName } from './field-names.ts'
import { declareSchema, sizesOf } from './schema-declaration.ts'
import { viewOf } from './schema-view.ts'

const names: readonly [name: string, identifier: string | undefined][] = [
  ['spec', 'spec'],
  ['namespace', '__namespace__'],
  ['x-y', 'x__dash__y'],
  ['a.b/c', 'a__dot__b__slash__c'],
  ['a__b', 'a__underscores__b'],
  ['a_b', 'a_b'],
  ['1a', undefined],
  ['a b', undefined],
  ['', undefined],
]
for (const [name, identifier] of names) {
  test(`escapeFieldName() of ${JSON.stringify(name)}`, () => assert.equal(escapeFieldName(name), identifier))
}

const text: JSONSchemaProps = { type: 'string' }
const schema: JSONSchemaProps = {
  type: 'object',
  required: ['hosts'],
  properties: {
    name: { type: 'string', maxLength: 10 },
    'x-y': { type: 'integer' },
    namespace: text,
    port: { 'x-kubernetes-int-or-string': true },
    ratio: { type: 'number' },
    until: { type: 'string', format: 'date-time' },
    started: { type: 'string', format: 'date-time' },
    timeout: { type: 'string', format: 'duration' },
    data: { type: 'string', format: 'byte' },
    mode: { type: 'string', enum: ['on', 'auto'] },
    hosts: { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 5 } },
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    rules: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', properties: { name: text, value: { type: 'integer' } } },
    },
    limits: { type: 'object', additionalProperties: { type: 'number' } },
    note: { type: 'string', nullable: true },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
  },
}
const declared = declareSchema(schema, true)
assert.ok(declared)
const view = viewOf(schema, true)
assert.ok(view)
const environment = storedExpressions().extend([
  { name: 'self', type: declared.type },
  { name: 'oldSelf', type: declared.type },
])

const self: CelValue = view({
  kind: 'Site',
  metadata: { name: 'a' },
  name: 'abc',
  'x-y': 3,
  namespace: 'n',
  port: '80%',
  ratio: 1,
  until: '2030-01-01T00:00:00Z',
  started: '2030-01-01T00:00:00.50+02:00',
  timeout: '1h',
  data: 'aGk=',
  mode: 'on',
  hosts: ['a', 'b'],
  tags: ['x', 'y'],
  rules: [
    { name: 'a', value: 1 },
    { name: 'b', value: 2 },
  ],
  limits: { cpu: 2, memory: 1.5 },
  note: null,
})
const oldSelf: CelValue = view({
  kind: 'Site',
  metadata: { name: 'a' },
  tags: ['y', 'x'],
  rules: [
    { name: 'b', value: 2 },
    { name: 'a', value: 1 },
  ],
})

const rules = [
  "self.name == 'abc' && self.x__dash__y == 3 && self.__namespace__ == 'n' && self.kind == 'Site' && self.metadata.name == 'a'",
  "type(self.port) == string && self.port == '80%'",
  'self.ratio == 1.0 && type(self.ratio) == double && self.limits.cpu > 1.5 && self.limits.all(k, type(self.limits[k]) == double)',
  "self.until > timestamp('2029-01-01T00:00:00Z') && self.until.getFullYear() == 2030 && self.timeout == duration('60m') && string(self.data) == 'hi'",
  "string(self.started) == '2030-01-01T00:00:00.5+02:00' && self.started == timestamp('2029-12-31T22:00:00.5Z') && self.started.getHours() == 22",
  '!has(self.note) && has(self.timeout) && !has(oldSelf.timeout)',
  "self.tags == oldSelf.tags && self.tags + ['x', 'z'] == ['x', 'y', 'z'] && self.tags != ['x'] && self.tags.map(t, t) != oldSelf.tags.map(t, t)",
  'self.rules == oldSelf.rules && (self.rules + oldSelf.rules).size() == 2 && self.rules != self.rules.filter(r, r.value > 1)',
  "'name' in dyn(self) && !('note' in dyn(self)) && dyn(self).size() == 17 && dyn(self).x__dash__y == 3",
  "dyn(self).exists(k, k == 'x__dash__y') && dyn(self).all(k, v, k != 'ratio' || v == 1.0) && dyn(self).map(k, k).size() == 17",
  'self == self && self != oldSelf && self.hosts == ["a", "b"] && self.hosts.all(h, h.size() == 1)',
]

suite('expressions over a custom resource', () => {
  for (const rule of rules) test(rule, () => assert.equal(new Program(environment.compile(rule)).evaluate({ self, oldSelf }).value, true))
})

test('bytes in the plain base64 alphabet cannot be read', () => {
  const data = view({ metadata: {}, data: 'aa+/' })
  const evaluate = (): unknown => new Program(environment.compile('self.data.size() > 0')).evaluate({ self: data, oldSelf })
  assert.throws(evaluate, { message: 'Invalid byte formatted string aa+/: illegal base64 data at input byte 2' })
})

const refused: readonly [rule: string, message: RegExp][] = [
  ['self.nmae', /undefined field 'nmae'/],
  ['self.any', /undefined field 'any'/],
  ["self.ratio == 'a'", /found no matching overload for '_==_' applied to '\(double, string\)'/],
  ['self.rules.all(r, r.vlaue > 0)', /undefined field 'vlaue'/],
  ['self.timeout > self.until', /found no matching overload for '_>_' applied to '\(duration, timestamp\)'/],
]
for (const [rule, message] of refused) test(`${rule} is refused`, () => assert.throws(() => environment.compile(rule), message))

const estimates: readonly [rule: string, max: number][] = [
  ["self.name == 'abc'", 3],
  ['self.hosts.all(h, h.startsWith(self.name))', 203],
  ["self.mode == 'on'", 3],
  ['self.limits.size() < 3', 4],
]
for (const [rule, max] of estimates) {
  test(`the cost of ${rule} is bounded by its schema`, () =>
    assert.equal(estimateCost(environment.compile(rule), sizesOf(declared)).max, max))
}

test('without bounds in the schema, the size of a request is the bound', () => {
  const items: JSONSchemaProps = { type: 'object', properties: { list: { type: 'array', items: { type: 'integer' } } } }
  const open = declareSchema(items, false)
  assert.ok(open)
  const checked = storedExpressions()
    .extend([{ name: 'self', type: open.type }])
    .compile('self.list.all(i, i > 0)')
  assert.equal(estimateCost(checked, sizesOf(open)).max, 3 + 5 * Math.floor((3 * 1024 * 1024 - 2) / 2))
})

test('plain JSON needs no view', () => {
  assert.equal(
    viewOf(
      { type: 'object', properties: { a: text, b: { type: 'array', items: { type: 'object', properties: { c: { type: 'integer' } } } } } },
      false,
    ),
    undefined,
  )
})

test('built-in kinds are types', () => {
  const deployment = structByKey('apps/v1.Deployment')
  assert.ok(deployment)
  const typed = storedExpressions().extend([{ name: 'object', type: builtInType(deployment) }])
  typed.compile(
    "object.spec.template.spec.containers.all(c, c.image != '' && c.resources.limits['cpu'] != '0') && object.metadata.__namespace__ != 'x'",
  )
  typed.compile("object.metadata.creationTimestamp > timestamp('2020-01-01T00:00:00Z') && object.spec.replicas < 5")
  assert.throws(() => typed.compile('object.spec.repilcas < 5'), /undefined field 'repilcas'/)
  assert.throws(() => typed.compile("object.spec.replicas == 'a'"), /found no matching overload for '_==_' applied to '\(int, string\)'/)
})
