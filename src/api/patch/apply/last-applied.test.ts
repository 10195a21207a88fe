import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeOf } from './apply.testing.ts'
import { pathTexts } from './field-set.ts'
import { lastAppliedFields, renewLastApplied } from './last-applied.ts'

const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

const rows: [string, Record<string, unknown>, string][] = [
  ['sorts members', { kind: 'K', apiVersion: 'v1' }, '{"apiVersion":"v1","kind":"K"}\n'],
  ['escapes as Go does', { data: { a: '<b>&' } }, '{"data":{"a":"\\u003cb\\u003e\\u0026"}}\n'],
  ['leaves itself out', { metadata: { annotations: { [annotation]: 'x', a: 'b' } } }, '{"metadata":{"annotations":{"a":"b"}}}\n'],
]
for (const [name, config, text] of rows) {
  test(`renewLastApplied() ${name}`, () => {
    const object = { metadata: { annotations: { [annotation]: '{}' } } }
    assert.deepEqual(renewLastApplied(object, config), { metadata: { annotations: { [annotation]: text } } })
  })
}

const config = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { nodeName: 'n' } }
const lives: [string, string[], string[], object?][] = [
  ['what still has its value', ['a', 'b'], ['.apiVersion', '.kind', '.metadata.name', '.spec.nodeName']],
  ['nothing of an object with items of one name', ['a', 'a'], []],
  ['nothing of a text that names no kind', ['a', 'b'], [], { kind: undefined }],
]
for (const [name, names, paths, other] of lives) {
  test(`lastAppliedFields() has ${name}`, () => {
    const annotations = { [annotation]: JSON.stringify({ ...config, ...other }) }
    const spec = { nodeName: 'n', containers: names.map(each => ({ name: each })) }
    const live = { ...config, metadata: { name: 'p', annotations }, spec }
    assert.deepEqual(pathTexts(lastAppliedFields(live, writeOf('Pod', 'kubectl'))), paths)
  })
}
