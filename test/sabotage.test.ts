// A random sample of the sabotages, another at each run: each must be seen by the proof of its control.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository, run } from './cluster.ts'

const limitMs = 900_000

test('the proofs see a random sample of the sabotages', async () => {
  const seed = randomInt(2 ** 31)
  const { code, stdout, stderr } = await run(
    process.execPath,
    [join(repository, 'tools', 'sabotage', 'run.ts'), '--sample', String(seed)],
    {
      hangMs: limitMs,
    },
  )
  assert.equal(code, 0, `npm run sabotage -- --sample ${seed}\n${stdout}${stderr}`)
})
