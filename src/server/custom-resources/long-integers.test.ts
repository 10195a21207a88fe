// Integers beyond ±2^53, which a number of JavaScript does not hold, on every way into an object and out of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps } from '../../api/types/apiextensions-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { TestServer } from '../testing.ts'
import { install, widgetDefinition, widgets } from './widgets.testing.ts'

const int64: JSONSchemaProps = { type: 'integer', format: 'int64' }
const spec: Record<string, JSONSchemaProps> = {
  at: int64,
  bound: { ...int64, minimum: 0, maximum: 2 ** 60, multipleOf: 5 },
  narrow: { type: 'integer', format: 'int32', maximum: 100 },
  either: { 'x-kubernetes-int-or-string': true },
  set: { type: 'array', items: int64, 'x-kubernetes-list-type': 'set' },
  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  ruled: { ...int64, 'x-kubernetes-validations': [{ rule: 'self > 1700000000123456788 && self != 1700000000123456790' }] },
  filled: { ...int64, default: 1700000000123456789n },
}
const status: JSONSchemaProps = { type: 'object', properties: { creationTime: int64 } }
const openAPIV3Schema: JSONSchemaProps = { type: 'object', properties: { spec: { type: 'object', properties: spec }, status } }

async function started(): Promise<TestServer> {
  const api = new TestServer()
  await install(api, widgetDefinition({ version: { schema: { openAPIV3Schema }, subresources: { status: {} } } }))
  return api
}

const time = '1700000000123456789'
const object = (text: string, name = 'a') =>
  Buffer.from(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${text}}`)
const specOf = (text: string): string => /"spec":(\{.*?\})[,}]/.exec(text)?.[1] ?? text

test('an integer of 64 bits is stored, read, listed and watched with all its digits', async () => {
  await using api = await started()
  const sent = `{"at":${time},"either":-9223372036854775808,"filled":9223372036854775807,"free":{"x":[${time}]},"ruled":${time}}`
  const watch = await api.watch(`${widgets}?watch=true`)
  const created = await api.request('POST', widgets, object(sent))
  assert.equal(created.status, 201, created.text)
  assert.ok(created.text.includes(`"spec":${sent}`), created.text)
  assert.equal(api.events.at(-1)?.responseStatus?.code, 201)
  for (const path of [`${widgets}/a`, widgets]) assert.ok((await api.get(path)).text.includes(`"spec":${sent}`))
  assert.ok(writeJson((await watch.next())?.object).includes(`"spec":${sent}`))
  watch.close()
})

test('a default of 64 bits is filled in', async () => {
  await using api = await started()
  assert.equal(specOf((await api.request('POST', widgets, object('{}'))).text), `{"filled":${time}}`)
})

test('every kind of patch keeps the digits, of what it sets and of the rest', async () => {
  await using api = await started()
  await api.request('POST', widgets, object(`{"at":${time},"filled":1}`))
  const patch = async (type: string, body: string, query = '') => {
    const { text } = await api.request('PATCH', `${widgets}/a${query}`, Buffer.from(body), { 'content-type': type })
    return specOf(text)
  }
  assert.equal(await patch('application/merge-patch+json', `{"spec":{"filled":${time}}}`), `{"at":${time},"filled":${time}}`)
  const steps = (tested: string) =>
    `[{"op":"test","path":"/spec/at","value":${tested}},{"op":"replace","path":"/spec/filled","value":1700000000123456787}]`
  assert.match(await patch('application/json-patch+json', steps('1700000000123456788')), /"code":422/)
  assert.equal(await patch('application/json-patch+json', steps(time)), `{"at":${time},"filled":1700000000123456787}`)
  const applied = (set: string) => String(object(`{"filled":5,"set":[${set}]}`))
  const query = '?fieldManager=test&force=true'
  const [one, two] = ['1700000000123456788', time]
  await patch('application/apply-patch+yaml', applied(`${one},${two}`), query)
  assert.equal(await patch('application/apply-patch+yaml', applied(two), query), `{"at":${time},"filled":5,"set":[${two}]}`)
  const { text } = await api.get(`${widgets}/a`)
  assert.ok(text.includes(`"v:${two}"`), 'the managed fields name the item')
})

test('YAML carries 64 bits, too', async () => {
  await using api = await started()
  const yaml = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}, spec: {at: ${time}, filled: 0x7fffffffffffffff}}`
  const { text } = await api.request('POST', widgets, Buffer.from(yaml), { 'content-type': 'application/yaml' })
  assert.equal(specOf(text), `{"at":${time},"filled":9223372036854775807}`)
})

test('the status is written with all its digits', async () => {
  await using api = await started()
  await api.request('POST', widgets, object('{}'))
  const { text } = await api.request('PATCH', `${widgets}/a/status`, Buffer.from(`{"status":{"creationTime":${time}}}`))
  assert.ok(text.includes(`"status":{"creationTime":${time}}`), text)
})

const refused: readonly [name: string, spec: string, message: RegExp][] = [
  ['above the maximum', '{"bound":1700000000123456785}', /"?spec\.bound: Invalid value: 1700000000123456785: .* less than or equal to/],
  ['below the minimum', '{"bound":-1700000000123456785}', /-1700000000123456785: .* greater than or equal to 0/],
  ['no multiple', '{"bound":1100000000123456786}', /1100000000123456786: .* should be a multiple of 5/],
  ['above the maximum of 32 bits', '{"narrow":1700000000123456785}', /less than or equal to 100/],
  ['against a rule, by one', '{"ruled":1700000000123456788}', /failed rule/],
  ['against a rule, by one more', '{"ruled":1700000000123456790}', /failed rule/],
  ['twice in a set', `{"set":[${time},1,${time}]}`, /Duplicate value: 1700000000123456789/],
  ['beyond 64 bits', '{"at":9223372036854775808}', /an integer is beyond 64 bits/],
]
for (const [name, text, message] of refused)
  test(`an integer that is ${name} is refused`, async () => {
    await using api = await started()
    const { status, json } = await api.request('POST', widgets, object(text))
    assert.ok(status === 400 || status === 422, `${status}`)
    assert.match(json.message, message)
  })

test('two integers that differ by one are two items of a set', async () => {
  await using api = await started()
  assert.equal((await api.request('POST', widgets, object(`{"set":[${time},1700000000123456788]}`))).status, 201)
})

test('a built-in kind still refuses what it cannot hold', async () => {
  await using api = await started()
  const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"terminationGracePeriodSeconds":${time}}}`
  const { status, json } = await api.request('POST', '/api/v1/namespaces/default/pods', Buffer.from(pod))
  assert.equal(status, 400)
  assert.match(json.message, /a 64-bit number is beyond ±2\^53/)
})
