import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { resources } from './index.ts'

const here = new URL('./', import.meta.url)
const folders = readdirSync(here, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)

for (const folder of folders) {
  test(`${folder}/index.ts lists every kind that the folder defines`, async () => {
    const files = readdirSync(new URL(`${folder}/`, here)).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    const defining = files.filter(name => readFileSync(new URL(`${folder}/${name}`, here), 'utf8').includes('defineResource<'))
    const index = readFileSync(new URL(`${folder}/index.ts`, here), 'utf8')
    const imported = [...index.matchAll(/ from '\.\/([\w-]+\.ts)'/g)].map(([, name]) => name)
    assert.deepEqual(imported.sort(), defining.sort())
    const exported: Record<string, unknown> = await import(`./${folder}/index.ts`)
    const list = exported[`${folder}Resources`]
    assert.ok(Array.isArray(list), `${folder}Resources is exported`)
    const optional = exported[`${folder}AlphaResources`] ?? []
    assert.ok(Array.isArray(optional))
    assert.equal(list.length + optional.length, defining.length)
  })
}

/** Upstream prints only their name and creation time. */
const unprinted = ['LimitRange', 'ClusterRole', 'Role', 'CSIStorageCapacity', 'CustomResourceDefinition']

for (const { group, version, kind, columns, virtual } of resources) {
  test(`${kind} of ${group || 'core'}/${version} prints its name and distinct column names`, () => {
    const names = columns.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    if (unprinted.includes(kind)) assert.deepEqual(names, [])
    else if (virtual !== true) assert.ok(names.includes('Name'))
    // Events are identified by what they report, so their name is last.
    if (names.length > 0 && kind !== 'Event') assert.equal(names[0], 'Name')
  })
}
