import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createServer } from 'node:tls'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { silentLogger } from '../../base/log.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { connectBackend } from './backend-connection.ts'
import { NodeTunnels } from './tunnel/node-tunnel.ts'

const pod: Pod = { metadata: { namespace: 'd', name: 'p', uid: 'u' }, spec: { nodeName: 'n1', containers: [] } }

const refused = 'error trying to reach service: tls: failed to verify certificate: x509:'

/** A backend with a certificate of the cluster's serving CA, and a client that connects to it under a name. */
async function backend(t: TestContext) {
  const signal = AbortSignal.timeout(60_000)
  await using signer = createMemorySigner()
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 's' })
  const names = { commonName: 's', organizations: [], dnsNames: ['s.d.svc'], ipAddresses: ['10.0.0.1'] }
  const cert = await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, signal)
  const server = createServer({ key: keyPem, cert }, socket => socket.on('error', () => undefined).end('hello'))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const tunnels = new NodeTunnels(silentLogger)
  tunnels.register('n1', async () => ({ status: 200, contentType: '', stream: connect({ port, host: '127.0.0.1' }) }))
  const authorities = await signer.authority('serving', signal)
  const ask = async (serverName: string, verify: boolean, ca = authorities): Promise<string> => {
    const target = { pod, port: 443, tls: true, host: '10.0.0.1:443', serverName }
    const stream = await connectBackend(tunnels, target, { authorities: ca, verify }, signal)
    let text = ''
    for await (const chunk of stream) text += chunk
    return text
  }
  return { ask, cert }
}

test('connectBackend() verifies the name of the service or the address of the pod', async t => {
  const { ask } = await backend(t)
  assert.equal(await ask('s.d.svc', true), 'hello')
  assert.equal(await ask('10.0.0.1', true), 'hello')
  for (const [name, valid] of [
    ['other.d.svc', 's.d.svc'],
    ['10.0.0.2', '10.0.0.1'],
  ] as const)
    await assert.rejects(ask(name, true), { message: `${refused} certificate is valid for ${valid}, not ${name}` })
})

test('connectBackend() refuses other authorities, and accepts any without verification', async t => {
  const { ask } = await backend(t)
  await using other = createMemorySigner()
  const foreign = await other.authority('serving', AbortSignal.timeout(60_000))
  await assert.rejects(ask('s.d.svc', true, foreign), { message: `${refused} certificate signed by unknown authority` })
  assert.equal(await ask('other.d.svc', false, foreign), 'hello')
})

test('connectBackend() trusts a given leaf certificate, and no other of its authority', async t => {
  const { ask, cert } = await backend(t)
  assert.equal(await ask('s.d.svc', true, cert), 'hello')
  await using signer = createMemorySigner()
  const { csr } = await createKeyAndCsr({ commonName: 's' })
  const names = { commonName: 's', organizations: [], dnsNames: ['s.d.svc'], ipAddresses: [] }
  const twin = await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, AbortSignal.timeout(60_000))
  await assert.rejects(ask('s.d.svc', true, twin), { message: `${refused} certificate signed by unknown authority` })
})
