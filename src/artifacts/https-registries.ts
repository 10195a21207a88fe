// Registries over HTTPS: a client for each repository and credential, kept for a while, so that its connection and its token serve again.
import type { Clock } from '../base/clock.ts'
import { UserError } from '../base/user-error.ts'
import type { ImageSource } from '../supply-chain/oci/image-source.ts'
import { RegistryClient } from '../supply-chain/oci/registry/registry-client.ts'
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
  /** PEM of one registry, instead; undefined for those of all. */
  authoritiesOf?(host: string): string | undefined
}

export function httpsRegistries({ clock, authorities: common, own, authoritiesOf }: HttpsRegistriesOptions): Registries & Disposable {
  /** The longest unused first. */
  const clients = new Map<string, RegistryClient>()
  const clientFor = (repository: string, credentials: readonly PullCredential[]): RegistryClient => {
    const [credential] = credentials
    const key = `${repository}\n${fingerprintOf(credential === undefined ? [] : [credential])}`
    const client = clients.get(key) ?? newClient(repository, credential)
    clients.delete(key)
    clients.set(key, client)
    for (const [oldest, unused] of clients) {
      if (clients.size <= maxClients) break
      clients.delete(oldest)
      unused[Symbol.dispose]()
    }
    return client
  }
  return {
    open: (repository, credentials): ImageSource => clientFor(repository, credentials),
    tags: (repository, signal) => clientFor(repository, []).tags(signal),
    [Symbol.dispose]() {
      for (const client of clients.values()) client[Symbol.dispose]()
      clients.clear()
    },
  }

  function newClient(repository: string, credential: PullCredential | undefined): RegistryClient {
    const slash = repository.indexOf('/')
    if (slash < 0) throw new UserError(`"${repository}" is no repository of a registry`)
    const host = repository.slice(0, slash)
    const trusted = own?.hosts.includes(host) === true ? own.authority : (authoritiesOf?.(host) ?? common)
    return new RegistryClient({
      host,
      repository: repository.slice(slash + 1),
      clock,
      ...(credential === undefined ? {} : { credentials: { username: credential.username, password: credential.password } }),
      ...(trusted === undefined ? {} : { authorities: trusted }),
    })
  }
}
