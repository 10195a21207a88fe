// OpenSSL has a queue of errors per thread, and a TLS read takes an old error for its own: a client certificate with a wrong signature would
// then end the next connection that has data, of any client. Node leaves such errors in the queue if it does not reject unverified certificates.
import { generateKeyPairSync, sign, verify } from 'node:crypto'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const nothing = Buffer.alloc(0)
const signature = sign('sha256', nothing, privateKey)

/** Clears the queue: Node does so when a one-shot verification returns. */
export function clearOpenSslErrors(): void {
  verify('sha256', nothing, publicKey, signature)
}
