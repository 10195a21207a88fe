import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { test } from 'node:test'
import { parseJson } from '../base/json.ts'
import { libtrustKeyId, upstreamTokens } from './upstream-token.ts'

test('libtrustKeyId() is twelve groups of four letters, of the key alone', () => {
  const spki = createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey).export({ type: 'spki', format: 'der' })
  assert.match(libtrustKeyId(spki), /^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/)
  assert.equal(libtrustKeyId(spki), libtrustKeyId(Buffer.from(spki)))
})

test('upstreamTokens() signs the access of one request, for a minute', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const token = upstreamTokens(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const access = [{ type: 'repository', name: 'shop/web', actions: ['pull'] }] as const
  const [head = '', body = '', signature = ''] = token(access, 1_000_000).split('.')
  const claims = parseJson(Buffer.from(body, 'base64url').toString()) as Readonly<Record<string, unknown>>
  assert.deepEqual([claims['access'], claims['exp'], claims['iss']], [access, 1060, 'bulkhead-registry'])
  assert.ok(
    verify('sha256', Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')),
  )
})
