// The public key with which a server answers a TLS handshake. Whether its certificate is valid does not count: the key is pinned.
import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { UserError } from '../base/user-error.ts'

export interface PinnedServer {
  readonly host: string
  readonly port: number
  /** Default: the host, if it is a name. */
  readonly serverName?: string
}

/** A server far away needs some hundred milliseconds. */
export const handshakeMs = 10_000

/** SHA-256 of its SPKI in hexadecimal. Sends nothing but the handshake. Rejects with a UserError that says why there is none, or with the signal's reason. */
export function observedKey({ host, port, serverName }: PinnedServer, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const name = serverName ?? (isIP(host) === 0 ? host : undefined)
    // The handshake proves that the server has the key of its certificate, whoever issued that.
    const socket = connect({
      host,
      port,
      ...(name === undefined ? {} : { servername: name }),
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    })
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', aborted)
      socket.destroy()
      settle()
    }
    const aborted = (): void => end(() => reject(signal.reason))
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    socket.setTimeout(handshakeMs, () => end(() => reject(new UserError(`no TLS handshake within ${handshakeMs / 1000} s`))))
    socket.on('error', err => end(() => reject(new UserError(`no TLS handshake: ${err.message}`, { cause: err }))))
    socket.on('close', () => end(() => reject(new UserError('no TLS handshake: the server closed the connection'))))
    socket.on('secureConnect', () => {
      const { raw } = socket.getPeerCertificate()
      end(() => {
        if (!(raw instanceof Uint8Array)) return reject(new UserError('it presents no certificate'))
        const { publicKey } = new X509Certificate(raw)
        resolve(
          createHash('sha256')
            .update(publicKey.export({ format: 'der', type: 'spki' }))
            .digest('hex'),
        )
      })
    })
  })
}
