// No field of a pod is accepted but ignored: the table in pod-fields.testing.ts has all fields of the schema, and its statements are
// checked.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fieldPaths } from '../../../api/schema/field-paths.testing.ts'
import { type FieldRow, fieldRows } from './pod-fields.testing.ts'

const lists: Readonly<Record<string, readonly string[]>> = {
  C: ['containers', 'initContainers'],
  A: ['containers', 'initContainers', 'ephemeralContainers'],
}
const root = join(import.meta.dirname, '../../../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const expand = (field: string): string[] => {
  const list = /^[CA](?=\[\])/.exec(field)?.[0]
  return list === undefined ? [field] : (lists[list] ?? []).map(name => `${name}${field.slice(1)}`)
}

interface Entry {
  readonly row: FieldRow
  readonly field: string
  readonly path: string
}
const entries: readonly Entry[] = fieldRows.flatMap(row => row.fields.flatMap(field => expand(field).map(path => ({ row, field, path }))))
const schema = fieldPaths('core/v1.PodSpec').map(({ path }) => path)
const covers = ({ path }: Entry, field: string): boolean => (path.endsWith('*') ? field.startsWith(path.slice(0, -1)) : field === path)
/** The most specific entry for the field; a wildcard covers the rest. */
const entryOf = (field: string): Entry | undefined =>
  entries.filter(entry => covers(entry, field)).toSorted((a, b) => b.path.length - a.path.length)[0]

test('every field of a pod has a row, and every row a field', () => {
  assert.deepEqual(
    schema.filter(field => entryOf(field) === undefined),
    [],
    'without a row',
  )
  assert.deepEqual(
    entries.filter(entry => !schema.some(field => entryOf(field) === entry)).map(({ path }) => path),
    [],
    'without a field',
  )
})

test('no field has two rows, except if one names it and the other all beside it', () => {
  const twice = schema.filter(field => entries.filter(({ path }) => path === field).length > 1)
  assert.deepEqual(twice, [])
})

test('the file of a row names its fields, or why it refuses them', () => {
  const wrong = fieldRows.flatMap(({ fields, by, refusedBy, droppedBy, without }) => {
    const said = [by, refusedBy, droppedBy, without].filter(value => value !== undefined)
    if (said.length !== 1) return [`${fields[0]}: has ${said.length} outcomes`]
    if (without !== undefined) return []
    if (by !== undefined)
      return fields.filter(field => !new RegExp(`\\b${lastName(field)}\\b`).test(read(by))).map(field => `${field}: not in ${by}`)
    const [file, text] = refusedBy ?? droppedBy ?? ['', '']
    return read(file).includes(text) ? [] : [`${fields[0]}: ${file} does not say ${JSON.stringify(text)}`]
  })
  assert.deepEqual(wrong, [])
})

/** For `a[].b.*` it is `b`. */
const lastName = (field: string): string => field.replace(/\.\*$/, '').replaceAll('[]', '').split('.').at(-1) ?? ''
