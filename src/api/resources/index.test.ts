import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { groupVersion } from '../object.ts'
import { nameIsDnsSubdomain } from '../validation/names.ts'
import { optionalResources, resources } from './index.ts'

const here = new URL('./', import.meta.url)

test('resources lists the kinds of every group folder', async () => {
  const folders = readdirSync(here, { withFileTypes: true }).filter(entry => entry.isDirectory())
  assert.ok(folders.length > 10)
  for (const { name } of folders) {
    const group: Record<string, unknown> = await import(new URL(`${name}/index.ts`, here).href)
    const lists = Object.values(group).filter(Array.isArray)
    const optional = [...optionalResources.values()]
    const usual = lists.filter(list => !optional.includes(list))
    assert.equal(usual.length, 1, `${name}/index.ts exports one list of what is always served`)
    for (const definition of usual.flat()) assert.ok(resources.includes(definition), `${name}: ${definition.kind} is listed`)
  }
})

test('optionalResources belong to the group version that enables them, and are not served without it', () => {
  for (const [name, definitions] of optionalResources) {
    for (const definition of definitions) {
      assert.equal(groupVersion(definition.group, definition.version), name)
      assert.ok(!resources.includes(definition))
    }
  }
})

test('resources names each kind and each path once', () => {
  const unique = (keys: readonly string[]): void => assert.deepEqual(keys, [...new Set(keys)])
  unique(resources.map(({ group, version, kind }) => `${groupVersion(group, version)} ${kind}`))
  unique(resources.map(({ group, version, plural }) => `${groupVersion(group, version)} ${plural}`))
})

test('resources are complete: names, verbs, and a Name column first', () => {
  for (const { kind, plural, singular, listKind, verbs, columns } of [...resources, ...[...optionalResources.values()].flat()]) {
    assert.equal(singular, kind.toLowerCase())
    assert.equal(plural, plural.toLowerCase())
    assert.equal(listKind, `${kind}List`)
    assert.ok(verbs.length > 0, kind)
    if (columns.length > 0)
      assert.ok(
        columns.some(({ name, format }) => name === 'Name' && format === 'name'),
        kind,
      )
  }
})

test("resources accept only names of one path segment: the object's storage key contains it", () => {
  for (const { kind, nameRule = nameIsDnsSubdomain } of [...resources, ...[...optionalResources.values()].flat()]) {
    for (const name of ['.', '..', 'a/b', 'a%b']) assert.notDeepEqual(nameRule(name, false), [], `${kind} ${name}`)
    for (const prefix of ['a/', 'a%']) assert.notDeepEqual(nameRule(prefix, true), [], `${kind} ${prefix}`)
  }
})
