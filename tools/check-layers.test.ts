import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkFile, layers } from './check-layers.ts'

test('the table of folders in ARCHITECTURE.md is the one that is kept', () => {
  const document = readFileSync(join(import.meta.dirname, '..', 'ARCHITECTURE.md'), 'utf8')
  const told: Record<string, string[]> = {}
  const above: string[] = []
  for (const [, folders = '', may = ''] of document.matchAll(/^\| (\[src\/.*?) \| [^|]* \| [^|]* \|(.*)\|$/gm)) {
    const named = [...folders.matchAll(/\(src\/([a-z]+)\)/g)].map(([, folder = '']) => folder)
    const arrows = may.trim() === 'all of the above' ? [...above] : may.split(',').flatMap(folder => folder.trim() || [])
    for (const folder of named) told[folder] = arrows.sort()
    above.push(...named)
  }
  assert.deepEqual(told, Object.fromEntries(Object.entries(layers).map(([folder, arrows]) => [folder, [...arrows].sort()])))
})

test('checkFile() names an import against the arrows', () => {
  assert.deepEqual(checkFile('src/api/x.ts', "import { a } from '../server/a.ts'\n"), [
    'src/api/x.ts: api may not import server (../server/a.ts)',
  ])
  assert.deepEqual(checkFile('src/server/verbs/x.ts', "import { a } from '../../store/store.ts'\n"), [])
  assert.deepEqual(checkFile('src/node/x.ts', "const a = await import('../store/store.ts')\n"), [
    'src/node/x.ts: node may not import store (../store/store.ts)',
  ])
})

test('checkFile() names what is for tests alone where something else imports it', () => {
  for (const name of ['x.fixture.ts', 'x.testing.ts', 'testing.ts', 'fake-x.ts'])
    for (const [path, problems] of [
      ['src/store/a.ts', [`src/store/a.ts: ./${name} is for tests alone`]],
      ['src/store/a.test.ts', []],
      ['src/store/a.fixture.ts', []],
    ] as const)
      assert.deepEqual(checkFile(path, `import { a } from './${name}'\n`), problems)
  for (const target of ['./fake/fake-a.ts', '../api/schema/model.ts'])
    assert.deepEqual(checkFile('src/node/x.ts', `import { a } from '${target}'\n`), [], target)
})

test('checkFile() names a long file and a stray exit', () => {
  for (const path of ['src/api/x.ts', 'src/api/x.test.ts', 'test/x.test.ts', 'tools/x.mjs'])
    assert.match(checkFile(path, 'a\n'.repeat(401)).join(), /401 lines/, path)
  assert.match(checkFile('src/api/x.ts', 'process.exit(1)\n').join(), /process\.exit/)
  for (const path of ['src/cli/main.ts', 'tools/x.mjs']) assert.deepEqual(checkFile(path, 'process.exit(1)\n'), [], path)
})

test('checkFile() names JSON that is not read by base/json.ts', () => {
  for (const text of ['const a = JSON.parse(text)\n', 'const all = texts.map(JSON.parse)\n', '// why\nconst a = await response.json()\n'])
    assert.match(checkFile('src/client/x.ts', text).join(), /parseJson\(\)/)
  assert.deepEqual(checkFile('src/base/json.ts', 'const a = JSON.parse(text)\n'), [])
  assert.deepEqual(checkFile('src/client/x.test.ts', 'const a = JSON.parse(text)\n'), [])
  assert.deepEqual(checkFile('src/client/x.ts', '// As JSON.parse reads it.\n/**\n * Not JSON.parse.\n */\n'), [])
})

test('checkFile() refuses a folder without a row', () => {
  assert.match(checkFile('src/stray/x.ts', '').join(), /no row/)
})
