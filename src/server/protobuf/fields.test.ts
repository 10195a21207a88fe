import assert from 'node:assert/strict'
import { test } from 'node:test'
import schema from '../../api/schema/generated/types.json' with { type: 'json' }
import { builtinKinds, schemaFor, structByKey } from '../../api/schema/model.ts'
import data from './fields.json' with { type: 'json' }

const messages: Record<string, unknown[][] | undefined> = data

/** Structs without protobuf form: Tables have none upstream, and only this server has its own kinds. */
const without = (key: string): boolean => /^(?:bulkhead|supply)\/|^meta\/v1\.Table(?!Options)/.test(key)

/** The JSON members of a message, including those of embedded structs. */
const members = (message: string): unknown[] =>
  (messages[message] ?? []).flatMap(([, name, type, shape]) => (shape === 'i' ? members(String(type)) : [name]))

test('fields.json has a number for every field of every struct of the schema', () => {
  const missing = Object.keys(schema.structs)
    .filter(key => !without(key))
    .flatMap(key => {
      if (messages[key] === undefined) return [key]
      const known = members(key)
      const type = structByKey(key)
      // Both are in the envelope, not in the message of a kind.
      const fields = type?.fields.filter(({ name }) => !(type.isKind && (name === 'kind' || name === 'apiVersion'))) ?? []
      return fields.filter(({ name }) => !known.includes(name)).map(({ name }) => `${key}.${name}`)
    })
  assert.deepEqual(missing, [])
})

test('fields.json has a message for every built-in kind, each number of it once, and no type that is unknown', () => {
  const kinds = builtinKinds().map(({ group, version, kind }) => schemaFor(group, version, kind)?.key ?? kind)
  assert.ok(kinds.length > 100)
  assert.deepEqual(
    kinds.filter(key => !without(key) && messages[key] === undefined),
    [],
  )
  for (const [name, rows = []] of Object.entries(messages)) assert.equal(new Set(rows.map(([number]) => number)).size, rows.length, name)
  const types = new Set(
    Object.values(messages)
      .flatMap(rows => rows ?? [])
      .map(([, , type]) => String(type))
      .filter(type => messages[type] === undefined),
  )
  const scalars = ['bool', 'bytes', 'double', 'int32', 'int64', 'intOrString', 'quantity', 'raw', 'string']
  const special = ['schemaOrArray', 'schemaOrBool', 'schemaOrStrings']
  assert.deepEqual([...types].sort(), [...scalars, ...special].sort())
})
