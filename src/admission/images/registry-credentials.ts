// Credentials with which the part `artifacts` reads the cluster's own registry: those of the ServiceAccount whose pods are admitted, so that
// it reads for nobody what they may not pull.
import { isReason } from '../../api/status.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import type { PullCredential } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'

export interface RegistryCredentialsParts {
  /** As in image references. */
  readonly hosts: readonly string[]
  /** A token of the account for the registry alone. Rejects with ApiError NotFound if there is no such account. */
  issue(namespace: string, account: string, signal: AbortSignal): Promise<string>
  /** Milliseconds since the epoch. */
  now(): number
}

/** Half of the lifetime of such a token. */
export const reusedMs = 300_000
const maxAccounts = 2000

export class RegistryCredentials {
  readonly #parts: RegistryCredentialsParts
  readonly #hosts: ReadonlySet<string>
  readonly #known = new BoundedCache<{ readonly token: string; readonly until: number }>(maxAccounts)

  constructor(parts: RegistryCredentialsParts) {
    this.#parts = parts
    this.#hosts = new Set(parts.hosts)
  }

  /** Whether the cluster's own registry has the image. */
  has(image: string): boolean {
    return this.#hosts.has(repositoryOf(image)?.split('/', 1)[0] ?? '')
  }

  /** For those of the images that the cluster's own registry has; none without the account. */
  async of(namespace: string, account: string, images: readonly string[], signal: AbortSignal): Promise<PullCredential[]> {
    const own = images.filter(image => this.has(image))
    if (own.length === 0) return []
    const password = await this.#token(namespace, account, signal)
    if (password === undefined) return []
    return own.map(image => ({ location: repositoryOf(image) ?? '', username: account, password }))
  }

  async #token(namespace: string, account: string, signal: AbortSignal): Promise<string | undefined> {
    const key = `${namespace}/${account}`
    const known = this.#known.get(key)
    const now = this.#parts.now()
    if (known !== undefined && now < known.until && known.until <= now + reusedMs) return known.token
    try {
      const token = await this.#parts.issue(namespace, account, signal)
      this.#known.set(key, { token, until: now + reusedMs })
      return token
    } catch (err) {
      if (isReason(err, 'NotFound')) return undefined
      throw err
    }
  }
}
