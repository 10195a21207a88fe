// The client certificate by which servers behind APIServices know that the names in a request's headers come from this server. Its key is made when the
// first of them is asked, lives in this process, and is replaced before it expires.
import { createKeyAndCsr } from '../access/pki/key-and-csr.ts'
import type { Clock } from '../base/clock.ts'
import { renewalTime, validityOf } from '../base/renewal.ts'
import type { Signer } from '../signer/signer.ts'
import { frontProxyName } from './extension-authentication.ts'

export interface FrontProxyIdentity {
  readonly certificate: string
  readonly key: string
}

const lifetimeSeconds = 30 * 86_400

/** Rejects where the signer gives none and the one before has expired. */
export function frontProxyIdentity(signer: Signer, clock: Clock): (signal: AbortSignal) => Promise<FrontProxyIdentity> {
  let current: Promise<FrontProxyIdentity> | undefined
  let due = 0
  return async signal => {
    if (current === undefined || clock.now() >= due) {
      const before = current
      // One attempt for all that ask meanwhile; where it fails the next request tries again.
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
      // Until the new one is there the old one does.
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
