// A bare HTTP/2 server of Node that answers kept bytes of the sizes of Bulkhead's answers: no access control, no store, nothing is looked up or parsed.
// Sends its credentials once it listens, and ends with its parent.
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { newTestKey, testAuthority, testCertificate } from '../src/access/pki/certificate.fixture.ts'
import { toPem } from '../src/access/pki/key-and-csr.ts'
import type { Credentials } from './load/connections.ts'
import { configMap, pod } from './load/objects.ts'

/** The bytes of a stored pod, in which defaults and field management stand too. */
const podBytes = 4080

const list = (count: number) => Buffer.from(`{"items":[${Array.from({ length: count }, (_, i) => pod(i).padEnd(podBytes)).join(',')}]}`)
const one = Buffer.from(configMap(0))
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
server.on('stream', (stream, headers) => {
  const path = headers[':path'] ?? ''
  const body = path.includes('labelSelector=') ? ten : path.includes('/pods') ? all : one
  stream.resume()
  stream.respond({ ':status': headers[':method'] === 'POST' ? 201 : 200, 'content-type': 'application/json' })
  stream.end(body)
})
server.listen(0, address, () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ server: `https://${address}:${port}`, ca: authority.pem, ...pemOf('client') } satisfies Credentials)
})
process.once('disconnect', () => process.exit())
