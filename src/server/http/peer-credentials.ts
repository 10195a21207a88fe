// The credentials of a request: those of its connection, which are read once, and its own.
import type { TLSSocket } from 'node:tls'
import type { Credentials } from '../../access/access.ts'

/** A session's socket is a proxy that has no answer to `in`, so the method is asked for. */
export function peerCredentials(socket: Partial<Pick<TLSSocket, 'getPeerX509Certificate' | 'remoteAddress'>>): Credentials {
  const raw = socket.getPeerX509Certificate?.()?.raw
  return { remoteAddress: socket.remoteAddress ?? '', ...(raw ? { peerCertificate: raw } : {}) }
}

export function withAuthorization(peer: Credentials, authorization: string | undefined): Credentials {
  return authorization === undefined ? peer : { ...peer, authorization }
}
