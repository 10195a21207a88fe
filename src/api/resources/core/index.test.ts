import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { coreResources } from './index.ts'

test('coreResources lists every kind that the folder defines', () => {
  const here = new URL('./', import.meta.url)
  const defined = readdirSync(here)
    .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map(name => readFileSync(new URL(name, here), 'utf8'))
    .filter(text => text.includes('defineResource<'))
    .map(text => /kind: '(\w+)',\n {2}plural/.exec(text)?.[1])
  assert.deepEqual(coreResources.map(({ kind }) => kind).sort(), defined.sort())
})

test('coreResources are sorted by plural name', () => {
  const plurals = coreResources.map(({ plural }) => plural)
  assert.deepEqual(plurals, plurals.toSorted())
})
