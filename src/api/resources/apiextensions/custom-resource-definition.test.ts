import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition, JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { judgeNew, judgeUpdate } from '../core/new-object.fixture.ts'
import { customResourceDefinition } from './custom-resource-definition.ts'

const root = 'spec.validation.openAPIV3Schema'
const newDefinition = (openAPIV3Schema: JSONSchemaProps = { type: 'object' }): CustomResourceDefinition => ({
  metadata: { name: 'crons.example.com' },
  spec: {
    group: 'example.com',
    names: { plural: 'crons', kind: 'Cron' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
  },
})

test('customResourceDefinition derives names and notes the stored version', () => {
  const { object, errors } = judgeNew(customResourceDefinition, newDefinition())
  assert.deepEqual(errors, [])
  assert.deepEqual(object.spec.names, { plural: 'crons', kind: 'Cron', singular: 'cron', listKind: 'CronList' })
  assert.deepEqual(object.spec.conversion, { strategy: 'None' })
  assert.deepEqual(object.status?.storedVersions, ['v1'])
})

const schemas: { name: string; schema: JSONSchemaProps; fields: string[] }[] = [
  { name: 'a root without a type', schema: {}, fields: [`${root}.type`] },
  { name: 'a root that is no object', schema: { type: 'string' }, fields: [`${root}.type`] },
  { name: 'a field without a type', schema: { type: 'object', properties: { a: {} } }, fields: [`${root}.properties[a].type`] },
  {
    name: 'a number or string, which needs no type',
    schema: { type: 'object', properties: { port: { 'x-kubernetes-int-or-string': true } } },
    fields: [],
  },
  {
    name: 'an array of nothing',
    schema: { type: 'object', properties: { a: { type: 'array' } } },
    fields: [`${root}.properties[a].items`],
  },
]
for (const { name, schema, fields } of schemas) {
  test(`customResourceDefinition judges ${name}`, () => {
    assert.deepEqual(judgeNew(customResourceDefinition, newDefinition(schema)).fields, fields)
  })
}

test('customResourceDefinition refuses a name that is not plural.group, and two storage versions', () => {
  const object = newDefinition()
  object.metadata.name = 'other'
  object.spec.versions.push({ name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } })
  assert.deepEqual(judgeNew(customResourceDefinition, object).fields, ['metadata.name', 'spec.versions'])
})

test('customResourceDefinition keeps the versions that were stored', () => {
  const old = judgeNew(customResourceDefinition, newDefinition()).object
  const { object, fields } = judgeUpdate(customResourceDefinition, old, next => Object.assign(next.spec.versions[0] ?? {}, { name: 'v2' }))
  assert.deepEqual(object.status?.storedVersions, ['v1', 'v2'])
  assert.deepEqual(fields, ['status.storedVersions[0]'])
})
