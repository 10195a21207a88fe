// The pull credentials with which images were admitted last, in memory alone: newer images of a private repository are looked for with them. Each
// namespace has its own, so that no tenant learns by those of another which tags a repository has, and none takes another's place.
import type { Clock } from '../../base/clock.ts'
import type { PullCredential } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import { KeptResults } from '../kept-results.ts'

export const recentLimits = { namespaces: 500, repositories: 50, each: 8 }
/** A credential is forgotten when no pod was admitted with it for so long. */
export const rememberedMs = 7 * 86_400_000

export class RecentCredentials {
  readonly #clock: Clock
  /** By namespace; the longest unused first. */
  readonly #namespaces = new Map<string, KeptResults<readonly PullCredential[]>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `credentials` are those for the repository of the image; without any, those from before stay. */
  note(namespace: string, image: string, credentials: readonly PullCredential[]): void {
    const repository = repositoryOf(image)
    if (repository === undefined || credentials.length === 0) return
    const own = this.#namespaces.get(namespace) ?? new KeptResults({ entries: recentLimits.repositories }, this.#clock)
    own.set(repository, credentials.slice(0, recentLimits.each))
    this.#namespaces.delete(namespace)
    this.#namespaces.set(namespace, own)
    for (const oldest of this.#namespaces.keys()) {
      if (this.#namespaces.size <= recentLimits.namespaces) break
      this.#namespaces.delete(oldest)
    }
  }

  of(namespace: string, repository: string): readonly PullCredential[] {
    return this.#namespaces.get(namespace)?.get(repository, rememberedMs) ?? []
  }
}
