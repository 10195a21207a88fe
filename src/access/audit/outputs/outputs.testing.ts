// For tests: HTTPS and TLS servers on loopback with a certificate of their own authority.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createMemorySigner } from '../../../signer/memory-signer.ts'
import { createKeyAndCsr } from '../../pki/key-and-csr.ts'

const signal = new AbortController().signal

export interface TestCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export async function testCertificate(): Promise<TestCertificate> {
  const signer = createMemorySigner()
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'test' })
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  const cert = await signer.issueCertificate(
    { authority: 'serving', csr, commonName: 'test', organizations: [], ...names, lifetimeSeconds: 3600 },
    signal,
  )
  return { ca: await signer.authority('serving', signal), cert, key: keyPem }
}

export interface TestHttps extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

export async function serveHttps(
  certificate: TestCertificate,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestHttps> {
  const server = createServer({ cert: certificate.cert, key: certificate.key }, handle)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ url: `https://localhost:${port}`, port },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
