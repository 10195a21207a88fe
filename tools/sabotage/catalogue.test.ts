import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { plugins } from '../../src/admission/plugins/index.ts'
import { proofs } from '../../src/assess/proofs/index.ts'
import { settingChecks } from '../../src/base/config/config.ts'
import { messageOf } from '../../src/base/user-error.ts'
import { catalogue } from '../../test/sabotage/index.ts'
import { switches } from '../../test/sabotage/switches.ts'
import { root } from './changes.ts'
import { type Entry, entriesOf } from './plan.ts'
import { transform } from './transform.ts'

const entries = entriesOf(catalogue)
const ids = proofs.map(({ id }) => id)

test('the catalogue has the rows of all files of the folder', () => {
  const others = ['index.ts', 'sabotage.ts', 'switches.ts']
  const files = readdirSync(join(root, 'test', 'sabotage')).filter(name => !others.includes(name))
  const rows = new Set(files.map(name => name.replace(/(?:-.*)?\.ts$/, '').toUpperCase()))
  assert.deepEqual(Object.keys(catalogue).toSorted(), [...rows].toSorted())
  assert.ok(rows.size > 0)
})

test('each sabotage changes one place of its file, which still parses', () => {
  assert.deepEqual(entries.flatMap(faultOf), [])
})

function faultOf(entry: Entry): string[] {
  try {
    stripTypeScriptTypes(transform(readFileSync(join(root, entry.file), 'utf8'), entry))
    return entry.from === entry.to ? [`${entry.row} "${entry.name}" changes nothing`] : []
  } catch (err) {
    return [`${entry.row} "${entry.name}": ${messageOf(err)}`]
  }
}

test('names of sabotages are unique in their row', () => {
  const names = entries.map(({ row, name }) => `${row} ${name}`)
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  )
})

test('an entry that has not run is not listed as missed', t => {
  const missed = entries.filter(({ knownMissed }) => knownMissed !== undefined)
  const untried = entries.filter(entry => entry.untried)
  t.diagnostic(`${entries.length} sabotages, of which no proof can see ${missed.length}, and ${untried.length} have not run`)
  assert.deepEqual(
    missed.filter(entry => entry.untried).map(({ row, name }) => `${row} ${name}`),
    [],
  )
})

test('no change counts twice in its row', () => {
  const changes = entries.map(({ row, file, from, to }) => JSON.stringify([row, file, from, to]))
  assert.deepEqual(
    changes.filter((change, index) => changes.indexOf(change) !== index),
    [],
  )
})

test('the proofs of sabotages and switches exist', () => {
  const named = [...entries, ...switches].flatMap(entry => entry.proofs)
  assert.deepEqual(
    named.filter(id => !ids.includes(id)),
    [],
  )
})

test('switches lists every --insecure-* flag with every value', () => {
  const flags = Object.keys(settingChecks).filter(name => name.startsWith('insecure'))
  assert.deepEqual(flags, ['insecureDisableAdmissionPlugins'], 'a new flag needs its rows in test/sabotage/switches.ts')
  const protections = plugins.filter(({ guard }) => guard !== undefined).map(({ name }) => name)
  assert.deepEqual(switches.map(({ value }) => value).toSorted(), protections.toSorted())
})

test('a switch has proofs that fail, or says why none does', () => {
  const wrong = switches.filter(({ proofs: red, knownMissed }) => red.length > 0 === (knownMissed !== undefined))
  assert.deepEqual(
    wrong.map(({ value }) => value),
    [],
  )
})

test('transform() refuses text that does not occur once', () => {
  const change = { name: 'n', file: 'f', from: 'a', to: '$&' }
  assert.equal(transform('bab', change), 'b$&b')
  assert.throws(() => transform('aa', change), /must occur once in f, and occurs 2 times/)
  assert.throws(() => transform('b', change), /occurs 0 times/)
  assert.throws(() => transform('b', { ...change, from: '' }), /occurs 0 times/)
})
