import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition, JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { ecCertificate, pemOf } from '../certificates/pem.fixture.ts'
import { validateNew, validateUpdate } from '../core/new-object.fixture.ts'
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

test('customResourceDefinition defaults names and records the stored version', () => {
  const { object, errors } = validateNew(customResourceDefinition, newDefinition())
  assert.deepEqual(errors, [])
  assert.deepEqual(object.spec.names, { plural: 'crons', kind: 'Cron', singular: 'cron', listKind: 'CronList' })
  assert.deepEqual(object.spec.conversion, { strategy: 'None' })
  assert.deepEqual(object.status?.storedVersions, ['v1'])
})

const object = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...more,
})
const list = (items: JSONSchemaProps, more: JSONSchemaProps): JSONSchemaProps => object({ a: { type: 'array', items, ...more } })
const a = `${root}.properties[a]`
const keyed: JSONSchemaProps = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }
const rule = (more: object): JSONSchemaProps => object({}, { 'x-kubernetes-validations': [{ rule: 'true', ...more }] })
const firstRule = `${root}.x-kubernetes-validations[0]`
const deep = (depth: number): JSONSchemaProps => (depth === 0 ? { type: 'object' } : object({ a: deep(depth - 1) }))
const text: JSONSchemaProps = { type: 'string' }
const number: JSONSchemaProps = { type: 'integer' }
const intOrString: JSONSchemaProps = { 'x-kubernetes-int-or-string': true }
const embedded: JSONSchemaProps = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }

const schemas: { name: string; schema: JSONSchemaProps; fields: string[] }[] = [
  { name: 'a root without a type', schema: {}, fields: [`${root}.type`] },
  { name: 'a root that is not an object', schema: text, fields: [`${root}.type`] },
  { name: 'a root that may be null', schema: object({}, { nullable: true }), fields: [`${root}.nullable`] },
  { name: 'a root of anything', schema: { type: 'object', additionalProperties: true }, fields: [`${root}.additionalProperties`] },
  { name: 'a field without a type', schema: object({ a: {} }), fields: [`${a}.type`] },
  { name: 'a field of an unknown type', schema: object({ a: { type: 'int' } }), fields: [`${a}.type`] },
  { name: 'a number or string, which needs no type', schema: object({ port: { 'x-kubernetes-int-or-string': true } }), fields: [] },
  {
    name: 'a number or string in the older writing',
    schema: object({ a: { 'x-kubernetes-int-or-string': true, anyOf: [number, text] } }),
    fields: [],
  },
  {
    name: 'a type among alternatives',
    schema: object({ a: { ...text, anyOf: [text, { pattern: 'x' }] } }),
    fields: [`${a}.anyOf[0].type`],
  },
  {
    name: 'alternatives with missing fields',
    schema: object({ a: text }, { anyOf: [{ required: ['a'], properties: { b: { minLength: 1 } } }] }),
    fields: [`${root}.properties[b]`],
  },
  {
    name: 'alternatives of a field with missing fields',
    schema: object({ a: object({}, { anyOf: [{ required: ['b'], properties: { b: { minLength: 1 } } }] }) }),
    fields: [],
  },
  { name: 'a schema of another language', schema: object({ a: { ...text, $schema: 'x' } }), fields: [root] },
  {
    name: 'unknown fields that are not preserved, in what is no structure then',
    schema: object({ a: {}, b: { ...text, 'x-kubernetes-preserve-unknown-fields': false } }),
    fields: [`${root}.properties[b].x-kubernetes-preserve-unknown-fields`],
  },
  {
    name: 'the type null beside a field without a type',
    schema: object({ a: { type: 'null' }, b: {} }),
    fields: [`${root}.properties[b].type`, `${a}.type`, `${a}.type`],
  },
  {
    name: 'metadata in an alternative',
    schema: object({ metadata: { type: 'object' } }, { not: { properties: { metadata: {} } } }),
    fields: [`${root}.not.properties[metadata]`],
  },
  {
    name: 'metadata of its own',
    schema: object({ metadata: object({ labels: { type: 'object' } }) }),
    fields: [`${root}.properties[metadata]`],
  },
  { name: 'metadata that may be named so', schema: object({ metadata: object({ name: { ...text, maxLength: 9 } }) }), fields: [] },
  { name: 'a kind that is not a string', schema: object({ kind: number }), fields: [`${root}.properties[kind].type`] },
  { name: 'a default of the kind', schema: object({ kind: { ...text, default: 'A' } }), fields: [`${root}.properties[kind].default`] },
  { name: 'an array of nothing', schema: object({ a: { type: 'array' } }), fields: [`${a}.items`] },
  { name: 'a list of schemas for items', schema: object({ a: { type: 'array', items: [text] } }), fields: [`${a}.items`] },
  { name: 'a reference', schema: object({ a: { $ref: '#/x' } }), fields: [`${a}.$ref`] },
  {
    name: 'a reference in what a dependency asks for',
    schema: object({ a: object({}, { dependencies: { b: { $ref: '#/x' }, c: ['b'] } }) }),
    fields: [`${a}.dependencies`, `${a}.dependencies[b].$ref`],
  },
  { name: 'the type null', schema: object({ a: { type: 'null' } }), fields: [`${a}.type`, `${a}.type`] },
  { name: 'unique items', schema: list(text, { uniqueItems: true }), fields: [`${a}.uniqueItems`] },
  {
    name: 'properties beside additional ones',
    schema: object({ a: object({ b: text }, { additionalProperties: text }) }),
    fields: [`${a}.additionalProperties`],
  },
  { name: 'an invalid pattern', schema: object({ a: { ...text, pattern: '[' } }), fields: [`${a}.pattern`] },
  {
    name: 'an embedded object without properties',
    schema: object({ a: { type: 'object', 'x-kubernetes-embedded-resource': true } }),
    fields: [`${a}.properties`],
  },
  {
    name: 'an unknown kind of map on a text',
    schema: object({ a: { ...text, 'x-kubernetes-map-type': 'odd' } }),
    fields: [`${a}.type`, `${a}.x-kubernetes-map-type`],
  },
  {
    name: 'a set of objects',
    schema: list({ type: 'object' }, { 'x-kubernetes-list-type': 'set' }),
    fields: [`${a}.items.x-kubernetes-map-type`],
  },
  {
    name: 'a set of what may be null',
    schema: list({ ...text, nullable: true }, { 'x-kubernetes-list-type': 'set' }),
    fields: [`${a}.items.nullable`],
  },
  {
    name: 'keys without a keyed list',
    schema: list(text, { 'x-kubernetes-list-map-keys': ['k'] }),
    fields: [`${a}.x-kubernetes-list-type`],
  },
  {
    name: 'a keyed list without keys',
    schema: list({ type: 'object' }, { 'x-kubernetes-list-type': 'map' }),
    fields: [`${a}.x-kubernetes-list-map-keys`],
  },
  { name: 'a keyed list of texts', schema: list(text, keyed), fields: [`${a}.items.type`] },
  { name: 'a key that is no property', schema: list({ type: 'object' }, keyed), fields: [`${a}.x-kubernetes-list-map-keys`] },
  { name: 'a key that may be missing', schema: list(object({ k: text }), keyed), fields: [`${a}.items.properties[k].default`] },
  {
    name: 'a key that is an object',
    schema: list(object({ k: object({}) }, { required: ['k'] }), keyed),
    fields: [`${a}.items.properties[k].type`],
  },
  { name: 'a keyed list', schema: list(object({ k: text }, { required: ['k'] }), keyed), fields: [] },
  { name: 'a rule without text', schema: rule({ rule: ' ' }), fields: [`${firstRule}.rule`] },
  { name: 'a rule of two lines without a message', schema: rule({ rule: 'true\n&& true' }), fields: [`${firstRule}.message`] },
  { name: 'a rule with an unknown reason', schema: rule({ reason: 'Odd' }), fields: [`${firstRule}.reason`] },
  {
    name: 'rules in an alternative',
    schema: object({ a: text }, { allOf: [{ properties: { a: { 'x-kubernetes-validations': [{ rule: 'true' }] } } }] }),
    fields: [`${root}.allOf[0].properties[a].x-kubernetes-validations`],
  },
  {
    name: 'a default where a number or string stands, which is of any type',
    schema: object({ a: { ...intOrString, default: true } }),
    fields: [],
  },
  { name: 'an item of a default', schema: list(text, { default: [1] }), fields: [`${a}.default.[0]`] },
  {
    name: 'a default of the whole, which embeds what it is',
    schema: object({}, { default: {} }),
    fields: [`${root}.default.apiVersion`, `${root}.default.kind`],
  },
  {
    name: 'a default with metadata of its own',
    schema: object({ a: { ...embedded, default: { apiVersion: 'v1', kind: 'Pod', metadata: { unknown: 1 } } } }),
    fields: [],
  },
  {
    name: 'a default that a rule refuses',
    schema: object({ a: { ...number, default: 0, 'x-kubernetes-validations': [{ rule: 'self > 0' }] } }),
    fields: [`${a}.default`],
  },
  { name: 'a rule for an unknown place', schema: rule({ fieldPath: '.b' }), fields: [`${firstRule}.fieldPath`] },
  {
    name: 'a rule for an unknown place that does not compile',
    schema: rule({ rule: 'self.b', fieldPath: '.b' }),
    fields: [`${firstRule}.fieldPath`],
  },
  {
    name: 'a rule beside a place with a fault',
    schema: object({ a: { ...text, 'x-kubernetes-list-type': 'set' }, b: { ...number, 'x-kubernetes-validations': [{ rule: 'self.c' }] } }),
    fields: [`${a}.type`, `${root}.properties[b].x-kubernetes-validations[0].rule`],
  },
  {
    name: 'a rule above a place with a fault',
    schema: object({ a: { ...text, 'x-kubernetes-list-type': 'set' } }, { 'x-kubernetes-validations': [{ rule: 'self.c' }] }),
    fields: [`${a}.type`],
  },
  {
    name: 'a default of another type beside a place with a fault and a rule that does not compile',
    schema: object({
      a: { ...number, default: 'b' },
      b: { ...text, 'x-kubernetes-list-type': 'set' },
      c: { ...text, 'x-kubernetes-validations': [{ rule: 'self.d' }] },
    }),
    fields: [`${a}.default`, `${root}.properties[b].type`],
  },
  {
    name: 'a default that a rule without sense is asked about',
    schema: object({ a: { ...number, default: 0, 'x-kubernetes-validations': [{ rule: 'self.b' }] } }),
    fields: [`${a}.default`],
  },
  {
    name: 'a default of the wrong type with an unknown field',
    schema: object({ a: object({ b: text }, { default: { b: 1, c: 2 } }) }),
    fields: [`${a}.default`, `${a}.default.b`],
  },
  {
    name: 'an old self within an atomic map',
    schema: object({
      a: object({ b: { ...number, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } }, { 'x-kubernetes-map-type': 'atomic' }),
    }),
    fields: [],
  },
  { name: 'a schema of three hundred levels', schema: deep(300), fields: [root] },
]
for (const { name, schema, fields } of schemas) {
  test(`customResourceDefinition validates ${name}`, () => {
    assert.deepEqual(validateNew(customResourceDefinition, newDefinition(schema)).fields, fields)
  })
}

test('customResourceDefinition counts the rules of a schema before it compiles any', () => {
  const rules = Array.from({ length: 5001 }, () => ({ rule: 'self.b' }))
  const { errors } = validateNew(
    customResourceDefinition,
    newDefinition(object({ a: { ...text, default: 'c', 'x-kubernetes-validations': rules } })),
  )
  assert.deepEqual(errors, [`${root}: Forbidden: schemas may not have more than 5000 rules, found 5001`])
})

test('customResourceDefinition rejects a name that is not plural.group, and two storage versions', () => {
  const object = newDefinition()
  object.metadata.name = 'other'
  object.spec.versions.push({ name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } })
  assert.deepEqual(validateNew(customResourceDefinition, object).fields, ['metadata.name', 'spec.versions', 'status.storedVersions'])
  assert.equal(customResourceDefinition.nameRule, undefined)
  const named = newDefinition()
  named.metadata.generateName = 'crons'
  assert.deepEqual(validateNew(customResourceDefinition, named).fields, ['metadata.generateName'])
})

test('customResourceDefinition keeps the versions that were stored', () => {
  const old = validateNew(customResourceDefinition, newDefinition()).object
  const { object, fields } = validateUpdate(customResourceDefinition, old, next =>
    Object.assign(next.spec.versions[0] ?? {}, { name: 'v2' }),
  )
  assert.deepEqual(object.status?.storedVersions, ['v1', 'v2'])
  assert.deepEqual(fields, ['status.storedVersions[0]'])
})

const specFields: Record<string, JSONSchemaProps> = {
  ...{ size: number, name: text, parts: { type: 'array', items: text } },
  ...{ labels: { type: 'object', additionalProperties: text }, any: { type: 'object', additionalProperties: true } },
}
const withVersion = (more: object): CustomResourceDefinition => {
  const definition = newDefinition(object({ spec: object(specFields), metadata: object({ name: text }) }))
  Object.assign(definition.spec.versions[0] ?? {}, more)
  return definition
}
const scale = (more: object) => ({
  subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size', ...more } },
})
const column = (more: object) => ({ additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size', ...more }] })
const selectable = (...paths: string[]) => ({ selectableFields: paths.map(jsonPath => ({ jsonPath })) })
const versions: { name: string; version: object; fields: string[] }[] = [
  { name: 'a scale', version: scale({}), fields: [] },
  {
    name: 'a scale outside of the spec',
    version: scale({ specReplicasPath: '.size' }),
    fields: ['spec.subresources.scale.specReplicasPath'],
  },
  { name: 'a scale without a status', version: scale({ statusReplicasPath: '' }), fields: ['spec.subresources.scale.statusReplicasPath'] },
  { name: 'an invalid selector path', version: scale({ labelSelectorPath: 'x' }), fields: ['spec.subresources.scale.labelSelectorPath'] },
  { name: 'a column', version: column({}), fields: [] },
  {
    name: 'a column of nothing',
    version: column({ name: '', type: 'int', format: 'x', jsonPath: '' }),
    fields: ['name', 'type', 'format', 'JSONPath'].map(field => `spec.additionalPrinterColumns[0].${field}`),
  },
  { name: 'fields to select by', version: selectable('.spec.size', '.spec.name'), fields: [] },
  { name: 'a list to select by', version: selectable('.spec.parts'), fields: ['spec.selectableFields[0].jsonPath'] },
  { name: 'a member of a map to select by', version: selectable('.spec.labels.a'), fields: [] },
  { name: 'metadata to select by', version: selectable('.metadata.name'), fields: ['spec.selectableFields[0].jsonPath'] },
  { name: 'what anything may be to select by', version: selectable('.spec.any.b'), fields: ['spec.selectableFields[0].jsonPath'] },
  {
    name: 'invalid paths, to select by',
    version: selectable('spec', ".spec['size']", '.spec.', '.spec..size'),
    fields: [0, 1, 2, 3].map(index => `spec.selectableFields[${index}].jsonPath`),
  },
  {
    name: 'an unknown field, twice one',
    version: selectable('.spec.x', '.spec.size', '.spec.size'),
    fields: ['spec.selectableFields[0].jsonPath', 'spec.selectableFields[2].jsonPath'],
  },
  { name: 'a warning without deprecation', version: { deprecationWarning: 'x' }, fields: ['spec.versions[0].deprecationWarning'] },
  {
    name: 'a warning of two lines',
    version: { deprecated: true, deprecationWarning: 'x\ny' },
    fields: ['spec.versions[0].deprecationWarning'],
  },
]
for (const { name, version, fields } of versions) {
  test(`customResourceDefinition validates ${name}`, () => {
    assert.deepEqual(validateNew(customResourceDefinition, withVersion(version)).fields, fields)
  })
}

test('customResourceDefinition allows at the root what the status subresource leaves whole', () => {
  const definition = withVersion({ subresources: { status: {} } })
  assert.deepEqual(validateNew(customResourceDefinition, definition).fields, [])
  const schema = definition.spec.versions[0]?.schema?.openAPIV3Schema ?? {}
  Object.assign(schema, { maxProperties: 3 })
  assert.deepEqual(validateNew(customResourceDefinition, definition).fields, [root])
  Object.assign(schema, { type: 'array' })
  assert.deepEqual(validateNew(customResourceDefinition, definition).fields.slice(0, 1), [`${root}.type`])
  Object.assign(schema, { $schema: 'x' })
  assert.deepEqual(validateNew(customResourceDefinition, definition).fields.slice(0, 1), [root])
})

test('customResourceDefinition in a group of Kubernetes needs an approval, except on update', () => {
  const definition = newDefinition()
  definition.metadata.name = 'crons.x.k8s.io'
  definition.spec.group = 'x.k8s.io'
  const field = 'metadata.annotations[api-approved.kubernetes.io]'
  const validated = (approval: string) =>
    validateNew(customResourceDefinition, {
      ...definition,
      metadata: { ...definition.metadata, annotations: { [field.slice(21, -1)]: approval } },
    })
  assert.deepEqual(validateNew(customResourceDefinition, definition).fields, [field])
  assert.deepEqual(validated('me').fields, [field])
  assert.deepEqual(validated('unapproved, experimental').fields, [])
  assert.deepEqual(validated('https://github.com/kubernetes/kubernetes/pull/1').fields, [])
  const { object: stored } = validateNew(customResourceDefinition, definition)
  assert.deepEqual(validateUpdate(customResourceDefinition, stored, next => Object.assign(next.spec, { scope: 'Cluster' })).fields, [])
})

test('customResourceDefinition keeps its group and plural, and what was once accepted', () => {
  const odd = newDefinition(list({ type: 'object' }, { 'x-kubernetes-list-type': 'set' }))
  const { object: stored } = validateNew(customResourceDefinition, odd)
  assert.deepEqual(
    validateUpdate(customResourceDefinition, stored, next => Object.assign(next.spec.names, { categories: ['all'] })).fields,
    [],
  )
  assert.deepEqual(
    validateUpdate(customResourceDefinition, stored, next => {
      next.spec.group = 'example.org'
      next.spec.names.plural = 'others'
    }).fields,
    ['spec.group', 'spec.names.plural'],
  )
})

const conversion = (more: object) => ({
  strategy: 'Webhook',
  webhook: { clientConfig: { url: 'https://a.io/x' }, conversionReviewVersions: ['v1'], ...more },
})
for (const [name, given, fields] of [
  ['a webhook', conversion({}), []],
  ['unknown reviews', conversion({ conversionReviewVersions: ['v9'] }), ['spec.conversion.conversionReviewVersions']],
  ['twice a review', conversion({ conversionReviewVersions: ['v1', 'v1'] }), ['spec.conversion.conversionReviewVersions[1]']],
  ['no webhook', { strategy: 'Webhook' }, ['spec.conversion.webhookClientConfig', 'spec.conversion.conversionReviewVersions']],
] as const) {
  test(`customResourceDefinition validates a conversion by ${name}`, () => {
    const definition = newDefinition()
    Object.assign(definition.spec, { conversion: given })
    assert.deepEqual(validateNew(customResourceDefinition, definition).fields, fields)
  })
}

test('customResourceDefinition that is served rejects an unreadable CA bundle if the old one was readable', () => {
  const trusting = (caBundle: string | undefined, established: boolean) => {
    const { object } = validateNew(customResourceDefinition, newDefinition())
    Object.assign(object.spec, { conversion: conversion({ clientConfig: { url: 'https://a.io/x', ...(caBundle && { caBundle }) } }) })
    Object.assign(object.status ?? {}, { conditions: established ? [{ type: 'Established', status: 'True' }] : [] })
    return object
  }
  const readable = pemOf('CERTIFICATE', ecCertificate)
  const unreadable = Buffer.from('nobody').toString('base64')
  const validated = (before: string | undefined, now: string | undefined, established = true) =>
    validateUpdate(customResourceDefinition, trusting(before, established), next => Object.assign(next, trusting(now, established))).fields
  const field = 'spec.conversion.webhookClientConfig.caBundle'
  assert.deepEqual(
    [validated(readable, unreadable), validated(undefined, unreadable), validated(readable, pemOf('CERTIFICATE', 'AAAA'))],
    [[field], [field], [field]],
  )
  assert.deepEqual(
    [validated(unreadable, unreadable), validated(readable, undefined), validated(readable, unreadable, false)],
    [[], [], []],
  )
})
