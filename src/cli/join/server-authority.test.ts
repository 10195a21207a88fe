import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { authorityDigest, fetchAuthority, parseDigest } from './server-authority.ts'

const signal = new AbortController().signal

async function serve(withAuthority: boolean) {
  const signer = createMemorySigner()
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'kube-apiserver' })
  const authority = await signer.authority('serving', signal)
  const names = { dnsNames: [], ipAddresses: ['127.0.0.1'] }
  const certificate = await signer.issueCertificate(
    { authority: 'serving', csr, commonName: 'kube-apiserver', organizations: [], ...names, lifetimeSeconds: 3600 },
    signal,
  )
  let bytes = 0
  const server = createServer({ key: keyPem, cert: withAuthority ? `${certificate}\n${authority}` : certificate, minVersion: 'TLSv1.3' })
  server.on('secureConnection', socket => socket.on('data', chunk => (bytes += chunk.length)).on('error', () => socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { authority, url: new URL(`https://127.0.0.1:${port}`), sent: () => bytes, [Symbol.dispose]: () => server.close() }
}

test('fetchAuthority() returns the authority with the digest, and sends nothing', async () => {
  using server = await serve(true)
  const found = await fetchAuthority(server.url, authorityDigest(server.authority))
  assert.equal(authorityDigest(found), authorityDigest(server.authority))
  assert.equal(server.sent(), 0)
})

test('fetchAuthority() refuses a server of another authority, and one that sends none', async () => {
  using server = await serve(true)
  using bare = await serve(false)
  for (const [url, digest] of [
    [server.url, authorityDigest(bare.authority)],
    [bare.url, authorityDigest(bare.authority)],
  ] as const)
    await assert.rejects(fetchAuthority(url, digest), {
      name: 'UserError',
      message: /is not the one of this ticket: its authority is sha256:/,
    })
})

test('fetchAuthority() names an address at which nothing listens', async () => {
  const server = await serve(true)
  server[Symbol.dispose]()
  await assert.rejects(fetchAuthority(server.url, `sha256:${'0'.repeat(64)}`), {
    name: 'UserError',
    message: /^Cannot reach the API server at https:\/\/127\.0\.0\.1:\d+ from this machine \(nothing listens there\)/,
  })
})

test('parseDigest() accepts a whole digest only', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  assert.equal(parseDigest(digest), digest)
  for (const text of ['', 'sha256:', 'a'.repeat(64), `${digest}b`, digest.toUpperCase()])
    assert.throws(() => parseDigest(text), { name: 'UserError', message: /--ca-digest must be "sha256:" and 64/ })
})
