// The credentials of a request: those of its connection, which are read once, and its Authorization header.
import type { TLSSocket } from 'node:tls'
import type { Credentials } from '../../access/access.ts'

/** The socket of an HTTP/2 session is a proxy that does not support `in`, so this checks for the method. */
export function peerCredentials(socket: Partial<Pick<TLSSocket, 'getPeerX509Certificate' | 'remoteAddress'>>): Credentials {
  const raw = socket.getPeerX509Certificate?.()?.raw
  return { remoteAddress: socket.remoteAddress ?? '', ...(raw ? { peerCertificate: raw } : {}) }
}

export function withAuthorization(peer: Credentials, authorization: string | undefined): Credentials {
  return authorization === undefined ? peer : { ...peer, authorization }
}
