import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { controllers } from '../controllers/index.ts'

const path = join(import.meta.dirname, '../access/bootstrap-policy/generated/controller-grants.json')

test("controller-grants.json equals the controllers' own permissions; `UPDATE=1` writes it", () => {
  const identities = [...new Set(controllers.map(({ identity }) => identity))].sort((a, b) => (a.account < b.account ? -1 : 1))
  // One line for each rule, so that a review shows what a change grants.
  const oneLine = (_all: string, content: string) => `{ ${content.replace(/\s+/g, ' ')} }`
  const text = `${JSON.stringify(identities, null, 1).replace(/\{\s+("verbs"[^{}]*?)\s+\}/g, oneLine)}\n`
  if (process.env['UPDATE'] === '1') writeFileSync(path, text)
  else assert.equal(readFileSync(path, 'utf8'), text, 'UPDATE=1 writes it anew')
})

test('an account is described once: controllers that share it share the description', () => {
  const accounts = [...new Set(controllers.map(({ identity }) => identity))].map(({ account }) => account)
  assert.equal(new Set(accounts).size, accounts.length)
})
