import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { silentLogger } from '../../base/log.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import type { Signer } from '../../signer/signer.ts'
import { Listener, type ServingCertificate } from './listener.ts'

test('Listener closes a connection beyond its limits before the handshake', async () => {
  const listener = new Listener({
    hosts: ['127.0.0.1'],
    ...{ port: 0, serving: { certificate: '', key: '' }, clientAuthorities: '', log: silentLogger },
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

/** A new serving certificate. */
async function certify(signer: Signer, signal: AbortSignal): Promise<ServingCertificate> {
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'kube-apiserver' })
  const names = { commonName: 'kube-apiserver', organizations: [], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  return {
    certificate: await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, signal),
    key: keyPem,
  }
}

test('Listener closes a connection whose handshake does not end, even if bytes keep arriving', async () => {
  const signal = AbortSignal.timeout(60_000)
  await using signer = createMemorySigner()
  await using listener = new Listener({
    hosts: ['127.0.0.1'],
    ...{ port: 0, serving: await certify(signer, signal), log: silentLogger, handshakeMs: 2000 },
    clientAuthorities: await signer.authority('client', signal),
    handle: () => Promise.reject(new Error('nobody gets that far')),
  })
  const { port } = await listener.listen()
  const whole = connectTls({ host: '127.0.0.1', port, ca: await signer.authority('serving', signal) })
  await once(whole, 'secureConnect')
  const silent = connect(port, '127.0.0.1')
  const slow = connect(port, '127.0.0.1')
  slow.on('error', () => undefined)
  await once(slow, 'connect')
  // The head of a ClientHello that is to have 508 bytes more.
  slow.write(Buffer.from('1603010200010001fc0303', 'hex'))
  const more = setInterval(() => slow.write(Buffer.alloc(1)), 20)
  await Promise.all([once(silent.resume(), 'close'), new Promise(resolve => slow.resume().once('close', resolve))])
  clearInterval(more)
  assert.equal(whole.closed, false)
  whole.destroy()
})

test('Listener.renew() gives new connections the new certificate and keeps open ones', async () => {
  const signal = AbortSignal.timeout(60_000)
  await using signer = createMemorySigner()
  const [ca, clientAuthorities] = await Promise.all([signer.authority('serving', signal), signer.authority('client', signal)])
  await using listener = new Listener({
    hosts: ['127.0.0.1'],
    ...{ port: 0, serving: await certify(signer, signal), clientAuthorities, log: silentLogger },
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
  listener.renew(await certify(signer, signal))
  const newer = await dial()
  assert.notEqual(newer.getPeerCertificate().serialNumber, older.getPeerCertificate().serialNumber)
  for (const socket of [older, newer]) {
    assert.match(await ask(socket), /^HTTP\/1\.1 200 /)
    socket.destroy()
  }
})
