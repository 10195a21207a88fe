import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { cataloguers } from './index.ts'

test('cataloguers has every file of the folder, by its name', () => {
  const files = readdirSync(import.meta.dirname).filter(name => !/\.(?:test|fuzz|fixture)\.ts$/.test(name) && name !== 'index.ts')
  assert.deepEqual(cataloguers.map(({ name }) => `${name}.ts`).sort(), files.sort())
})
