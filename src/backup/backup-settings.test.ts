import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { parseBackupSettings, withFileContents } from './backup-settings.ts'
import { targetKinds } from './targets/index.ts'

const identity = await generateX25519Identity()
const recipient = await identityToRecipient(identity)
const target = { name: 'disk', folder: '/mnt/backup' }

test('parseBackupSettings() takes recipients and targets', () => {
  const { recipients, targets } = parseBackupSettings({ recipients: [recipient], targets: [target] }, 'f')
  assert.deepEqual([recipients, targets.map(({ name }) => name)], [[recipient], ['disk']])
})

const refused: readonly [string, unknown, RegExp][] = [
  ['a private key', { recipients: [identity], targets: [target] }, /recipients\[0\] is a private key, which must not be on this machine/],
  ['another recipient', { recipients: ['age1x'], targets: [target] }, /must be an X25519 recipient of age/],
  ['no recipient', { recipients: [], targets: [target] }, /a list of 1 to 16 recipients/],
  ['no target', { recipients: [recipient], targets: [] }, /a list of 1 to 16 targets/],
  ['two targets of a name', { recipients: [recipient], targets: [target, target] }, /two targets have the name "disk"/],
  ['a target of no kind', { recipients: [recipient], targets: [{ name: 'x' }] }, /must have exactly one of folder, oci, s3, sftp/],
  ['a target of two kinds', { recipients: [recipient], targets: [{ ...target, oci: {} }] }, /must have exactly one of/],
  ['a relative path', { recipients: [recipient], targets: [{ name: 'x', folder: 'x' }] }, /folder must be an absolute path/],
  ['an unknown field', { recipients: [recipient], targets: [{ ...target, key: 1 }] }, /unknown field "key"/],
  [
    'S3 without TLS',
    { recipients: [recipient], targets: [{ name: 'x', s3: { endpoint: 'http://a', bucket: 'abc', credentials: 'x' } }] },
    /must be an https URL/,
  ],
  ['a slow target', { recipients: [recipient], targets: [{ ...target, bytesPerSecond: 1 }] }, /at least 1024/],
  ['a list', [], /must be a mapping/],
]

for (const [name, value, want] of refused)
  test(`parseBackupSettings() refuses ${name}`, () => {
    assert.throws(() => parseBackupSettings(value, 'f'), { name: 'UserError', message: want })
  })

test('withFileContents() replaces names of files by their contents', async () => {
  const read = async (path: string) => `content of ${path}`
  const value = { targets: [{ name: 'x', s3: { credentialsFile: 'a', bucket: 'b' } }] }
  assert.deepEqual(await withFileContents(value, read), { targets: [{ name: 'x', s3: { credentials: 'content of a', bucket: 'b' } }] })
})

test('targetKinds has each kind once, in the order of its field', () => {
  const fields = targetKinds.map(({ field }) => field)
  assert.deepEqual(fields, [...new Set(fields)].sort())
})
