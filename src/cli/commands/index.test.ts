import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as library from '../../index.ts'
import { commands, hiddenCommands } from './index.ts'

const folder = import.meta.dirname
const shown = Object.keys(commands).filter(name => !(name in hiddenCommands))
/** As it is written on a command line. */
const verb = (name: string) => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

test('commands has every file of the folder, by its name', () => {
  const files = readdirSync(folder).filter(name => !name.endsWith('.test.ts') && !['index.ts', 'part.ts'].includes(name))
  assert.deepEqual(shown.map(name => `${verb(name)}.ts`).sort(), files.sort())
})

test('README.md names every command', () => {
  const readme = readFileSync(join(folder, '../../../README.md'), 'utf8')
  for (const name of shown) assert.match(readme, new RegExp(`^\\|[^|]*\`(?:bulkhead )?${verb(name)}\\b`, 'm'), name)
})

test('nothing of ours unpacks what a container sends: no command and no call of the library copies files, and what reads archives reaches no disk', async () => {
  assert.deepEqual(
    shown.filter(name => /cp|copy|extract|unpack/i.test(name)),
    [],
  )
  assert.deepEqual(Object.keys(library).sort(), ['ApiError', 'Client', 'isReason', 'resourceRef', 'resources', 'startCluster'])
  assert.deepEqual(
    Object.getOwnPropertyNames(library.Client.prototype).filter(name => /cp|copy|extract|unpack/i.test(name)),
    [],
  )
  const tar = join(folder, '../../supply-chain/oci/tar')
  for (const name of readdirSync(tar)) assert.doesNotMatch(readFileSync(join(tar, name), 'utf8'), /'node:(?:fs|child_process)/, name)
})
