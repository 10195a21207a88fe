import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { createKeyAndCsr } from '../access/pki/key-and-csr.ts'
import { silentLogger } from '../base/log.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import { Listener } from './server.ts'

test('Listener closes a connection beyond its limits before the handshake', async () => {
  const listener = new Listener({
    ...{ host: '127.0.0.1', port: 0, serving: { certificate: '', key: '' }, clientAuthorities: '', log: silentLogger },
    handle: () => Promise.reject(new Error('nobody gets that far')),
    connections: { total: 10, perAddress: 1, perLoopbackAddress: 1 },
  })
  const { port }: AddressInfo = await listener.listen()
  const first = connect(port, '127.0.0.1')
  await once(first, 'connect')
  const beyond = connect(port, '127.0.0.1')
  await once(beyond.resume(), 'close')
  assert.equal(first.destroyed, false)
  first.destroy()
  await listener[Symbol.asyncDispose]()
})

test('Listener.renew() gives new connections the new certificate and lets open ones go on', async () => {
  const signal = AbortSignal.timeout(60_000)
  await using signer = createMemorySigner()
  const [ca, clientAuthorities] = await Promise.all([signer.authority('serving', signal), signer.authority('client', signal)])
  const certify = async () => {
    const { keyPem, csr } = await createKeyAndCsr({ commonName: 'kube-apiserver' })
    const names = { commonName: 'kube-apiserver', organizations: [], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
    return {
      certificate: await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, signal),
      key: keyPem,
    }
  }
  await using listener = new Listener({
    ...{ host: '127.0.0.1', port: 0, serving: await certify(), clientAuthorities, log: silentLogger },
    handle: async () => ({
      ...{ status: 200, contentType: 'text/plain', body: Buffer.from('ok'), auditId: 'a', warnings: [] },
      done: () => undefined,
    }),
  })
  const { port } = await listener.listen()
  const dial = async (): Promise<TLSSocket> => {
    const socket = connectTls({ host: '127.0.0.1', port, ca, ALPNProtocols: ['http/1.1'] })
    await once(socket, 'secureConnect')
    assert.equal(socket.authorized, true)
    return socket
  }
  const ask = async (socket: TLSSocket): Promise<string> => {
    socket.write('GET /version HTTP/1.1\r\nhost: localhost\r\n\r\n')
    return String((await once(socket, 'data'))[0])
  }
  const older = await dial()
  assert.match(await ask(older), /^HTTP\/1\.1 200 /)
  listener.renew(await certify())
  const newer = await dial()
  assert.notEqual(newer.getPeerCertificate().serialNumber, older.getPeerCertificate().serialNumber)
  for (const socket of [older, newer]) {
    assert.match(await ask(socket), /^HTTP\/1\.1 200 /)
    socket.destroy()
  }
})
