// Documents of servers that do all but answer: the fetch ends, at the latest with its signal.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { fetchDocument } from './fetch-document.ts'

suite('fetchDocument()', () => {
  let url = ''
  let authorities = ''
  let serve: (socket: TLSSocket) => void = () => undefined
  let close = async (): Promise<void> => undefined

  before(async () => {
    await using signer = createMemorySigner()
    const signal = new AbortController().signal
    const { keyPem, csr } = await createKeyAndCsr({ commonName: 'issuer' })
    const names = { commonName: 'issuer', organizations: [], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
    const cert = await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, signal)
    authorities = await signer.authority('serving', signal)
    const sockets = new Set<TLSSocket>()
    const server = createServer({ key: keyPem, cert }, socket => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => serve(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = `https://localhost:${typeof address === 'object' && address ? address.port : 0}/keys`
    close = async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  })
  after(async () => await close())

  const fetched = (signal = new AbortController().signal) => fetchDocument({ url, authorities, maxBytes: 1 << 20 }, signal)
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  const rows: readonly [what: string, bytes: string, ends: boolean, wanted: RegExp][] = [
    [
      'changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      false,
      /the answer must have status 200, got 101/,
    ],
    ['ends the connection', '', true, /socket hang up/],
    ['ends within its body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', true, /aborted|cut/],
    ['sends crumbs', chunked + '1\r\nx\r\n'.repeat(100_000), false, /the answer comes in too many pieces/],
    [
      'sends too much',
      `HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n${'x'.repeat(2_000_000)}`,
      true,
      /the answer is larger than 1048576 bytes/,
    ],
    ['sends a header without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`, false, /Header overflow/],
  ]
  for (const [what, bytes, ends, wanted] of rows) {
    test(`rejects if the server ${what}`, async () => {
      serve = socket => void (ends ? socket.end(bytes) : socket.write(bytes))
      await assert.rejects(fetched(), wanted)
    })
  }

  test('ends with its signal if the server sends interim responses without end, or if it was aborted before', async () => {
    const stop = new AbortController()
    serve = socket => {
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100))
      stop.abort(new Error('the time is over'))
    }
    await assert.rejects(fetched(stop.signal), /the time is over|aborted/)
    await assert.rejects(fetched(stop.signal), /the time is over|aborted/)
  })

  test('resolves with the document', async () => {
    serve = socket => void socket.end(`${chunked}2\r\n{}\r\n0\r\n\r\n`)
    assert.equal((await fetched()).toString(), '{}')
  })
})
