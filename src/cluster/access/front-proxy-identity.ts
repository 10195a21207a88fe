// The client certificate that proves to aggregated servers that the names in request headers come from this server. Its key is created on
// first use, stays in this process, and is replaced before it expires.
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { renewalTime, validityOf } from '../../base/async/renewal.ts'
import type { Clock } from '../../base/clock.ts'
import type { Signer } from '../../signer/signer.ts'
import { frontProxyName } from '../bootstrap/extension-authentication.ts'

export interface FrontProxyIdentity {
  readonly certificate: string
  readonly key: string
}

const lifetimeSeconds = 30 * 86_400

/** Rejects if the signer issues none and the previous one has expired. */
export function frontProxyIdentity(signer: Signer, clock: Clock): (signal: AbortSignal) => Promise<FrontProxyIdentity> {
  let current: Promise<FrontProxyIdentity> | undefined
  let due = 0
  return async signal => {
    if (current === undefined || clock.now() >= due) {
      const before = current
      // One attempt for all concurrent requests; after a failure the next request retries.
      due = Number.POSITIVE_INFINITY
      current = issue(signer, AbortSignal.timeout(30_000)).then(
        made => {
          due = renewalTime(validityOf(made.certificate), 0)
          return made
        },
        (err: unknown) => {
          due = 0
          current = before
          throw err
        },
      )
      // The old one is used until the new one is there.
      if (before !== undefined) {
        current.catch(() => undefined)
        return await before
      }
    }
    signal.throwIfAborted()
    return await current
  }
}

async function issue(signer: Signer, signal: AbortSignal): Promise<FrontProxyIdentity> {
  const { keyPem, csr } = await createKeyAndCsr({ commonName: frontProxyName })
  const names = { organizations: [], dnsNames: [], ipAddresses: [] }
  const certificate = await signer.issueCertificate(
    { authority: 'front-proxy', csr, commonName: frontProxyName, ...names, lifetimeSeconds },
    signal,
  )
  return { certificate, key: keyPem }
}
