// Registries over HTTPS: a client for each repository and credential, kept for a while, so that its connection and its token serve again.
import type { Clock } from '../base/clock.ts'
import { UserError } from '../base/user-error.ts'
import type { Mirrors } from '../client/followed-mirrors.ts'
import type { ImageSource } from '../supply-chain/oci/image-source.ts'
import { mirroredSource } from '../supply-chain/oci/registry/mirrored-source.ts'
import { RegistryClient } from '../supply-chain/oci/registry/registry-client.ts'
import { type RepositoryCandidate, repositoryCandidates } from '../supply-chain/oci/registry/repository-candidates.ts'
import type { PullCredential } from '../supply-chain/policy/image-question.ts'
import { fingerprintOf } from './credentials-for.ts'
import type { Registries } from './image-verifier.ts'

/** Clients that are kept; each may have a few connections. */
export const maxClients = 100

export interface HttpsRegistriesOptions {
  readonly clock: Clock
  /** PEM; undefined for the system's authorities. */
  readonly authorities?: string
  /** The cluster's own registry: its names in image references, and PEM of its authority. */
  readonly own?: { readonly hosts: readonly string[]; readonly authority: string } | undefined
  /** Where images of registries are read instead. Default: nowhere. */
  readonly mirrors?: Mirrors
  /** PEM of one registry, instead; undefined for those of all. */
  authoritiesOf?(host: string): string | undefined
}

export interface HttpsRegistries extends Required<Registries>, Disposable {}

export function httpsRegistries({ clock, authorities: common, own, mirrors, authoritiesOf }: HttpsRegistriesOptions): HttpsRegistries {
  /** The longest unused first. */
  const clients = new Map<string, RegistryClient>()
  const clientFor = (candidate: RepositoryCandidate): RegistryClient => {
    const { host, repository, credentials, authorities } = candidate
    const secret = credentials === undefined ? '' : fingerprintOf([{ location: host, ...credentials }])
    const key = [host, repository, secret, authorities ?? ''].join('\n')
    const client = clients.get(key) ?? newClient(candidate)
    clients.delete(key)
    clients.set(key, client)
    for (const [oldest, unused] of clients) {
      if (clients.size <= maxClients) break
      clients.delete(oldest)
      unused[Symbol.dispose]()
    }
    return client
  }
  const candidatesOf = (full: string, credential: PullCredential | undefined): RepositoryCandidate[] => {
    const slash = full.indexOf('/')
    if (slash < 0) throw new UserError(`"${full}" is no repository of a registry`)
    const [registry, repository] = [full.slice(0, slash), full.slice(slash + 1)]
    const credentials = credential && { username: credential.username, password: credential.password }
    return repositoryCandidates(registry, repository, mirrors?.of(registry), mirror => mirrors?.credentials(mirror)).map(candidate =>
      candidate.origin && credentials !== undefined ? { ...candidate, credentials } : candidate,
    )
  }
  return {
    open(repository, [credential]): ImageSource {
      const [first, ...others] = candidatesOf(repository, credential)
      if (first?.origin === true && others.length === 0) return clientFor(first)
      const all = first === undefined ? [] : [first, ...others]
      // Opened when it is used: most are never asked.
      return mirroredSource(all.map(candidate => ({ ...candidate, name: candidate.host, source: lazySource(() => clientFor(candidate)) })))
    },
    async tags(repository, [credential], signal) {
      const [first] = candidatesOf(repository, credential).filter(({ resolvesTags }) => resolvesTags)
      return first === undefined ? [] : await clientFor(first).tags(signal)
    },
    [Symbol.dispose]() {
      for (const client of clients.values()) client[Symbol.dispose]()
      clients.clear()
    },
  }

  function newClient({ host, repository, credentials, authorities }: RepositoryCandidate): RegistryClient {
    const trusted = own?.hosts.includes(host) === true ? own.authority : (authorities ?? authoritiesOf?.(host) ?? common)
    return new RegistryClient({
      ...{ host, repository, clock },
      ...(credentials === undefined ? {} : { credentials }),
      ...(trusted === undefined ? {} : { authorities: trusted }),
    })
  }
}

const lazySource = (open: () => ImageSource): ImageSource => ({
  manifest: (tagOrDigest, signal) => open().manifest(tagOrDigest, signal),
  blob: (descriptor, signal) => open().blob(descriptor, signal),
  referrers: (digest, signal) => open().referrers(digest, signal),
})
