// A bare HTTP/2 server of Node: a map in memory with a store behind it, and kept bytes of the sizes of Bulkhead's lists. No access control, no admission,
// no field management, no events; lists are not looked up. Its argument is the file of its store. Sends its credentials once it listens, and ends with its parent.
import { createSecureServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { newTestKey, testAuthority, testCertificate } from '../src/access/pki/certificate.fixture.ts'
import { toPem } from '../src/access/pki/key-and-csr.ts'
import { BareObjects } from './bare-objects.ts'
import type { Credentials } from './load/connections.ts'
import { pod } from './load/objects.ts'

/** The bytes of a stored pod, including defaults and managed fields. */
const podBytes = 4080

const list = (count: number) => Buffer.from(`{"items":[${Array.from({ length: count }, (_, i) => pod(i).padEnd(podBytes)).join(',')}]}`)
const ten = list(10)
const all = list(10_000)

const address = '127.0.0.1'
const subjectAltName = { oid: '551d11', critical: false, value: Buffer.from([0x30, 0x06, 0x87, 0x04, 127, 0, 0, 1]) }
const authority = testAuthority()
const pemOf = (usage: 'client' | 'server') => {
  const key = newTestKey()
  const certificate = testCertificate(authority, { commonName: address, usage, extensions: [subjectAltName] }, key)
  return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: toPem('CERTIFICATE', certificate) }
}

const server = createSecureServer({ ...pemOf('server'), ca: authority.pem, requestCert: true, minVersion: 'TLSv1.3' })
const objects = new BareObjects(process.argv[2] ?? '')
server.on('stream', (stream, headers) => {
  const [path = '', query = ''] = (headers[':path'] ?? '').split('?', 2)
  const method = headers[':method'] ?? ''
  if (method === 'GET') {
    stream.resume()
    const found = path.endsWith('/pods') ? (query.includes('labelSelector=') ? ten : all) : objects.get(path)
    answer(stream, found === undefined ? 404 : 200, found)
    return
  }
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.once('end', () =>
    objects.write(method, path, Buffer.concat(chunks), bytes => {
      answer(stream, method === 'POST' ? 201 : 200, bytes)
    }),
  )
})

function answer(stream: ServerHttp2Stream, status: number, body: Buffer | undefined): void {
  stream.respond({ ':status': status, 'content-type': 'application/json' })
  stream.end(body)
}

server.listen(0, address, () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ server: `https://${address}:${port}`, ca: authority.pem, ...pemOf('client') } satisfies Credentials)
})
process.once('disconnect', () => process.exit())
