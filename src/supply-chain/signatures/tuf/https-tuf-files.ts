// A TUF repository at an HTTPS URL: metadata beside each other, targets in `targets/`, as sigstore's is. Contacted only where a TrustRoot says so.
import { UserError } from '../../../base/user-error.ts'
import { HttpsTransport, type TransportOptions } from '../../oci/registry/https-transport.ts'
import { discard, wholeBody } from '../../oci/registry/read-body.ts'
import { RegistryUnavailable } from '../../oci/registry/registry-error.ts'
import type { TufFiles } from './update-tuf.ts'

export interface HttpsTufOptions extends Omit<TransportOptions, 'origin'> {
  /** https; what follows its last slash is left out. */
  readonly url: string
}

/** Throws a UserError if the URL is none of https. Follows no redirect. */
export function httpsTufFiles({ url, ...options }: HttpsTufOptions): TufFiles & Disposable {
  const base = URL.canParse(url) ? new URL(url) : undefined
  if (base?.protocol !== 'https:') throw new UserError(`"${url}" is no https URL of a TUF repository`)
  const transport = new HttpsTransport({ origin: base, ...options })
  const read = async (at: URL, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const answer = await transport.send(
      { method: 'GET', url: at, headers: { accept: 'application/json, */*', 'user-agent': 'bulkhead' } },
      signal,
    )
    const { statusCode = 0 } = answer
    if (statusCode === 200) return await wholeBody(answer, maxBytes, `TUF file ${at.href}`, signal)
    await discard(answer)
    // Object stores answer 403 for names that they do not have.
    if (statusCode === 404 || statusCode === 403) return undefined
    throw new RegistryUnavailable(`TUF repository ${base.host} answers ${at.href} with status ${statusCode}`)
  }
  return {
    metadata: async (name, maxBytes, signal) => await read(within(base, name), maxBytes, signal),
    target: async (path, maxBytes, signal) => await read(within(base, `targets/${path}`), maxBytes, signal),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  }
}

/** Names come from signed metadata; they must not lead out of the repository. */
function within(base: URL, path: string): URL {
  const url = new URL(path.split('/').map(encodeURIComponent).join('/'), base)
  if (!url.href.startsWith(new URL('.', base).href)) throw new UserError(`TUF file "${path.slice(0, 200)}" is outside of the repository`)
  return url
}
