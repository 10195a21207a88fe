import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { parsePkcs11, readPkcs11Key } from './pkcs11-key.ts'

test('parsePkcs11() asks for the public key, and names it after its object', () => {
  assert.deepEqual(parsePkcs11('pkcs11:token=team;object=release%20key'), {
    name: 'release key',
    uri: 'pkcs11:token=team;object=release%20key;type=public',
  })
  assert.equal(parsePkcs11('pkcs11:object=a?module-path=/usr/lib/x.so').uri, 'pkcs11:object=a;type=public?module-path=/usr/lib/x.so')
  assert.equal(parsePkcs11('pkcs11:object=a;type=public').uri, 'pkcs11:object=a;type=public')
})

const bad: readonly (readonly [string, RegExp])[] = [
  ['pkcs11:token=team', /must name the key/],
  ['pkcs11:object=', /must name the key/],
  ['pkcs11:object=a;type=private', /type must be public/],
  ['pkcs11:object=a?pin-value=1234', /^"pkcs11:object=a": leave out the PIN/],
  ['pkcs11:object=a?pin-source=/etc/pin', /leave out the PIN/],
  ['pkcs11:object=a b', /is no PKCS#11 URI/],
  ['pkcs11:object=a\n-out=/etc/passwd', /is no PKCS#11 URI/],
  ['pkcs11:object=%zz', /malformed percent code/],
  [`pkcs11:object=${'a'.repeat(1100)}`, /more than 1024 characters/],
]
for (const [uri, message] of bad)
  test(`parsePkcs11() refuses ${JSON.stringify(uri.slice(0, 40))}`, () => {
    assert.throws(
      () => parsePkcs11(uri),
      (err: unknown) => err instanceof UserError && message.test(err.message),
    )
  })

test('readPkcs11Key() says what it needs where there is no such token', async () => {
  const key = parsePkcs11('pkcs11:token=bulkhead-none;object=none')
  await assert.rejects(readPkcs11Key(key, AbortSignal.timeout(30_000)), /Cannot read "pkcs11:token=bulkhead-none.*provider pkcs11 \(Debian/)
})
