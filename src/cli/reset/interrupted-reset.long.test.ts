// A reset that ends at each of its changes of the disk, one after the other, and is run again.
import assert from 'node:assert/strict'
import fs, { existsSync, readdirSync, readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { takeDataDirectory } from '../up/data-directory.ts'
import { canary, dataDirectory, run } from './reset.testing.ts'

/** Throws at the `step`-th change of the disk and at every later one, as nothing more happens after a kill. */
function endAtStep(step: number): { readonly steps: () => number; readonly restore: () => void } {
  let count = 0
  const names = ['unlinkSync', 'rmdirSync', 'renameSync', 'writeSync', 'fsyncSync'] as const
  const originals = names.map(name => [name, fs[name]] as const)
  for (const [name, original] of originals)
    Object.assign(fs, {
      [name]: (...args: unknown[]) => {
        if (++count >= step) throw new Error('killed')
        return Reflect.apply(original, fs, args)
      },
    })
  syncBuiltinESMExports()
  return {
    steps: () => count,
    restore() {
      for (const [name, original] of originals) Object.assign(fs, { [name]: original })
      syncBuiltinESMExports()
    },
  }
}

test('reset can be repeated wherever it was interrupted: no key outlives the first destroyed one as a usable cluster', async t => {
  let interrupted = 0
  for (let step = 1; ; step++) {
    using made = await dataDirectory()
    const kept = join(made.root, 'kept')
    const flags = { yes: true, keepAudit: kept }
    const end = endAtStep(step)
    t.after(end.restore)
    const outcome = await run(made.path, flags).then(
      () => 'done',
      (err: unknown) => String(err),
    )
    end.restore()
    if (outcome === 'done') {
      assert.deepEqual(readdirSync(made.root), ['kept'])
      break
    }
    interrupted++
    const names = existsSync(join(made.path, 'signer')) ? readdirSync(join(made.path, 'signer')) : []
    const isWhole = ['audit-head.json', 'audit.key', 'client-ca.key', 'encryption-1.key'].every(name => names.includes(name))
    if (!isWhole && readdirSync(made.path).length > 0)
      await assert.rejects(
        takeDataDirectory(made.path, undefined),
        /was being reset, and its keys are destroyed: finish that with/,
        `step ${step}`,
      )
    // The store's keys go first: no other key is gone while one of them is there.
    if (names.includes('encryption-1.key') && readFileSync(join(made.path, 'signer', 'encryption-1.key'), 'utf8') === canary)
      assert.ok(isWhole && existsSync(join(made.path, 'admin.pem')), `step ${step}`)
    const { text } = await run(made.path, flags)
    if (text.includes('is empty')) fs.rmdirSync(made.path)
    assert.deepEqual(readdirSync(made.root), ['kept'], `step ${step}`)
    assert.deepEqual(readdirSync(kept).sort(), ['audit-00000001.log', 'audit-00000002.log', 'audit-head.json', 'audit.pub'], `step ${step}`)
  }
  assert.ok(interrupted > 40, String(interrupted))
})
