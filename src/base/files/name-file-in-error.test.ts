import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namingFile } from './name-file-in-error.ts'

const failures: readonly [name: string, err: Error, message: string][] = [
  [
    'names the file of a failed sync',
    Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' }),
    "EIO: i/o error, fsync '/data/key'",
  ],
  ['names none twice', Object.assign(new Error("ENOENT, open '/other'"), { code: 'ENOENT', path: '/other' }), "ENOENT, open '/other'"],
  ['leaves other failures alone', new Error('no'), 'no'],
]
for (const [name, err, message] of failures) {
  test(`namingFile() ${name}`, async () => {
    await assert.rejects(
      namingFile('/data/key', () => Promise.reject(err)),
      rejected => rejected === err && err.message === message,
    )
  })
}
