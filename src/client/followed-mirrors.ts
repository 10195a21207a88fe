// The RegistryMirror objects of the cluster and the credentials for mirrors, as they are now.
import { parseImageReference } from '../api/image-reference.ts'
import { credentialsFor } from '../api/pods/pull-credentials.ts'
import { type MirrorAddress, type MirroredRegistry, mirrorCredentials, mirroredRegistries, registryName } from '../api/registry-mirrors.ts'
import type { Secret } from '../api/types/core-v1.ts'
import type { RegistryMirror } from '../api/types/supply-v1.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { Informer } from './cache/informer.ts'
import type { Client } from './client.ts'
import { registryMirrors, secrets } from './resources.ts'

export interface FollowMirrorsOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

export interface BasicCredentials {
  readonly username: string
  readonly password: string
}

/** What the readers of mirrors need, without the following. */
export interface Mirrors {
  /** `registry` as in image references; undefined for one without mirrors. */
  of(registry: string): MirroredRegistry | undefined
  credentials(mirror: Pick<MirrorAddress, 'host' | 'path'>): BasicCredentials | undefined
}

export class FollowedMirrors implements Mirrors {
  readonly #objects: Informer<RegistryMirror>
  readonly #secrets: Informer<Secret>
  readonly #handlers = new Set<() => void>()
  #known: ReadonlyMap<string, MirroredRegistry> | undefined

  constructor(options: FollowMirrorsOptions) {
    const { namespace, name } = mirrorCredentials
    this.#objects = new Informer({ ...options, resource: registryMirrors })
    this.#secrets = new Informer({ ...options, resource: secrets, namespace, fieldSelector: `metadata.name=${name}` })
    const changed = (): void => {
      this.#known = undefined
      for (const handler of this.#handlers) handler()
    }
    for (const informer of [this.#objects, this.#secrets]) informer.onChange({ add: changed, update: changed, delete: changed })
  }

  of(registry: string): MirroredRegistry | undefined {
    return this.all().get(registryName(registry))
  }

  /** By the name of the registry. */
  all(): ReadonlyMap<string, MirroredRegistry> {
    this.#known ??= mirroredRegistries(this.#objects.list())
    return this.#known
  }

  credentials({ host, path }: Pick<MirrorAddress, 'host' | 'path'>): BasicCredentials | undefined {
    const reference = parseImageReference(`${host}/${path === '' ? 'any' : path}`)
    if (reference === undefined) return undefined
    const [found] = credentialsFor(reference, this.#secrets.list())
    return found === undefined || found.username === '' ? undefined : { username: found.username, password: found.password }
  }

  /** Called after each change. Must not throw. */
  onChange(handler: () => void): void {
    this.#handlers.add(handler)
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#objects.synced(signal), this.#secrets.synced(signal)])
  }

  /** Resolves after the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#objects.run(signal), this.#secrets.run(signal)])
  }
}
