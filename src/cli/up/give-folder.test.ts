import assert from 'node:assert/strict'
import { chownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { giveFolder } from './give-folder.ts'

const user = 64_701
const skip = process.getuid?.() !== 0 && 'only root gives files away'

function copied(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'give-'))
  t.after(() => rmSync(path, { recursive: true }))
  mkdirSync(join(path, 'signer', 'keys'), { recursive: true })
  writeFileSync(join(path, 'signer', 'keys', 'one'), '')
  writeFileSync(join(path, 'beside'), '')
  symlinkSync('../beside', join(path, 'signer', 'link'))
  return path
}

const owners = (path: string, ...names: string[]) => names.map(name => lstatSync(join(path, name)).uid)

test('giveFolder() gives a part the folder that root copied, with all that is in it, and nothing that a link leads to', {
  skip,
}, async t => {
  const path = copied(t)
  await giveFolder(join(path, 'signer'), user)
  assert.deepEqual(owners(path, 'signer', 'signer/keys', 'signer/keys/one', 'signer/link', 'beside'), [user, user, user, user, 0])
})

test('giveFolder() leaves what is in a folder that the part has already', { skip }, async t => {
  const path = copied(t)
  chownSync(join(path, 'signer'), user, user)
  await giveFolder(join(path, 'signer'), user)
  assert.deepEqual(owners(path, 'signer', 'signer/keys/one'), [user, 0])
})

test('giveFolder() refuses the folder of somebody else, and says how to give it', { skip }, async t => {
  const path = copied(t)
  const folder = join(path, 'signer')
  chownSync(folder, 1000, 1000)
  await assert.rejects(
    giveFolder(folder, user),
    err =>
      err instanceof UserError &&
      err.message.includes(
        `belongs to user 1000, but the part that uses it runs as user ${user}. If it is from this cluster, run "chown -R`,
      ),
  )
  assert.deepEqual(owners(path, 'signer', 'signer/keys/one'), [1000, 0])
})
