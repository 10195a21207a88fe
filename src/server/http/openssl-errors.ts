// OpenSSL keeps a queue of errors per thread, and a TLS read takes a left-over one for its own: a client certificate with a wrong signature would
// then end the next connection that has data, whoever's it is. Node leaves the errors of a client's chain behind when it is told not to judge it.
import { generateKeyPairSync, sign, verify } from 'node:crypto'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const nothing = Buffer.alloc(0)
const signature = sign('sha256', nothing, privateKey)

/** Empties the queue: Node clears it when a one-shot verification returns. */
export function clearOpenSslErrors(): void {
  verify('sha256', nothing, publicKey, signature)
}
