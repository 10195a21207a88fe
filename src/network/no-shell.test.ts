import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgram } from './command.ts'

const root = join(import.meta.dirname, '../..')
const sources = globSync(['src/**/*.ts', 'bin/*.mjs'], { cwd: root }).filter(
  path => !/\.(test|testing|fixture|contract|fuzz)\.ts$/.test(path),
)

/** The imports that may start a program: each takes an argument vector. */
const withVector = /^(type |)(spawn|spawnSync|execFile|ChildProcess|fork)$/

/** Their script is a constant, and what comes from outside is a positional parameter. */
const constantScript = new Set(['src/assess/scratch-cluster.ts'])

test('no program is started through a shell, so that no name, path or log query of a user becomes a command', () => {
  const starting = sources.filter(path => readFileSync(join(root, path), 'utf8').includes('child_process'))
  assert.ok(starting.includes('src/network/command.ts') && starting.length > 5, starting.join())
  for (const path of starting) {
    const text = readFileSync(join(root, path), 'utf8')
    const imports = [...text.matchAll(/import (?:\{([^}]*)\}|[^{]+?) from '(?:node:)?child_process'/g)]
    assert.equal(imports.length, 1, `${path}: one import by name`)
    for (const name of (imports[0]?.[1] ?? '').split(',').map(part => part.trim())) assert.match(name, withVector, path)
    assert.doesNotMatch(text, /\bshell\s*:/, path)
    if (constantScript.has(path)) assert.match(text, /spawn\('\/bin\/sh', \['-c', guarded, 'sh', \.\.\./, path)
    else assert.doesNotMatch(text, /['"](?:\/bin\/|\/usr\/bin\/)?(?:ba|da)?sh['"],\s*\[/, path)
  }
})

test('runProgram() passes each argument unchanged', async () => {
  const hostile = ['$(touch x)', '`id`', ';id', 'a\nb', '-o', '--', '\'"', '..\\..\\x', '%PATH%', '$PATH', '*', '']
  const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))'
  assert.deepEqual(JSON.parse(await runProgram(process.execPath, ['-e', script, '--', ...hostile])), hostile)
})
