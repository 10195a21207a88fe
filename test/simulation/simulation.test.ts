// Some minutes of a simulated cluster, twice: nothing is broken, and the seed repeats the run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../cluster.ts'

const script = fileURLToPath(new URL('simulate.ts', import.meta.url))

test('a simulated cluster keeps its promises under faults, comes to rest after them, and a seed repeats it', async () => {
  const outcomes = await Promise.all([1, 2].map(() => run(process.execPath, [script, '--seed', '1', '--hours', '0.15', '--quiet'])))
  for (const { code, stdout, stderr } of outcomes) assert.equal(code, 0, `${stdout}${stderr}`)
  const [first, second] = outcomes.map(({ stdout }) => /^digest ([0-9a-f]{64})$/m.exec(stdout)?.[1])
  assert.ok(first !== undefined)
  assert.equal(first, second)
})
