import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkFile, checkGraph, layers, rooms } from './check-layers.ts'

test('the table of folders in ARCHITECTURE.md is the one that is kept', () => {
  const document = readFileSync(join(import.meta.dirname, '..', 'ARCHITECTURE.md'), 'utf8')
  const found: Record<string, string[]> = {}
  const above: string[] = []
  for (const [, folders = '', may = ''] of document.matchAll(/^\| (\[src\/.*?) \| [^|]* \| [^|]* \|(.*)\|$/gm)) {
    const named = [...folders.matchAll(/\(src\/([a-z-]+)\)/g)].map(([, folder = '']) => folder)
    const arrows = may.trim() === 'all of the above' ? [...above] : may.split(',').flatMap(folder => folder.trim() || [])
    for (const folder of named) found[folder] = arrows.sort()
    above.push(...named)
  }
  assert.deepEqual(found, Object.fromEntries(Object.entries(layers).map(([folder, arrows]) => [folder, [...arrows].sort()])))
})

test("the table of the server's rooms in ARCHITECTURE.md is the one that is kept", () => {
  const document = readFileSync(join(import.meta.dirname, '..', 'ARCHITECTURE.md'), 'utf8')
  const named = [...document.matchAll(/^\| \[src\/server\/([a-z0-9-]+)\]\(src\/server\/\1\) \|/gm)].map(([, room]) => room)
  assert.deepEqual(named, rooms['server'])
})

test('checkFile() reports an import from a room above', () => {
  assert.deepEqual(checkFile('src/server/http/x.ts', "import type { A } from '../verbs/a.ts'\n"), [
    'src/server/http/x.ts: http may not import verbs, which stands above it (../verbs/a.ts)',
  ])
  assert.deepEqual(checkFile('src/server/proxy/streams/x.ts', "import { a } from '../../pipeline.ts'\n"), [
    'src/server/proxy/streams/x.ts: proxy may not import what puts the rooms of server together (../../pipeline.ts)',
  ])
  assert.deepEqual(checkFile('src/server/stray/x.ts', "import { a } from '../http/a.ts'\n"), [
    'src/server/stray/x.ts: room "stray" is not in the list of server\'s rooms (../http/a.ts)',
  ])
  for (const [path, target] of [
    ['src/server/verbs/x.ts', '../http/a.ts'],
    ['src/server/proxy/x.ts', './streams/a.ts'],
    ['src/server/proxy/streams/x.ts', '../a.ts'],
    ['src/server/pipeline.ts', './verbs/a.ts'],
    ['src/server/pipeline.ts', './api-server.ts'],
  ] as const)
    assert.deepEqual(checkFile(path, `import { a } from '${target}'\n`), [], path)
})

test('checkGraph() reports circles of files and pairs of folders', () => {
  const edge = (from: string, to: string) => ({ from, to, isValue: true })
  assert.deepEqual(checkGraph([edge('src/a/x.ts', 'src/a/y.ts'), edge('src/a/y.ts', 'src/a/x.ts')]), [
    "src/a/x.ts, src/a/y.ts: these files need each other's values",
  ])
  assert.deepEqual(checkGraph([edge('src/a/x.ts', 'src/b/y.ts'), edge('src/b/z.ts', 'src/a/w.ts')]), [
    'src/a <-> src/b: these folders import each other',
  ])
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

test('checkFile() names test support that production code imports', () => {
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

test('checkFile() names JSON that is not written by base/write-json.ts', () => {
  for (const text of ['const a = JSON.stringify(value)\n', 'const all = values.map(JSON.stringify)\n'])
    assert.match(checkFile('src/client/x.ts', text).join(), /writeJson\(\)/)
  for (const path of ['src/base/write-json.ts', 'src/client/x.test.ts'])
    assert.deepEqual(checkFile(path, 'const a = JSON.stringify(value)\n'), [])
  assert.deepEqual(checkFile('src/client/x.ts', '// As JSON.stringify writes it.\n'), [])
})

test('checkFile() refuses a folder without a row', () => {
  assert.match(checkFile('src/stray/x.ts', '').join(), /no row/)
})
