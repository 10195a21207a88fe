// Bound service account tokens for projected volumes, requested by TokenRequest and renewed long before they expire.
import type { Pod } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import { serviceAccounts } from '../../client/resources.ts'
import { podUid } from '../pod/pod-containers.ts'
import type { TokenSource } from '../volumes/volume-files.ts'

interface TokenAnswer {
  readonly status?: { readonly token?: string; readonly expirationTimestamp?: string }
}

interface Held {
  readonly token: string
  readonly renewAt: number
}

/** Upstream renews at 80 % of the lifetime, and at the latest after a day. */
const renewShare = 0.8
const maxHoldMs = 24 * 3600 * 1000

export class PodTokens implements TokenSource {
  readonly #client: Client
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  async token(pod: Pod, audience: string, expirationSeconds: number, signal: AbortSignal): Promise<string> {
    const key = writeJson([podUid(pod), audience, expirationSeconds])
    const now = this.#clock.now()
    const held = this.#held.get(key)
    if (held && now < held.renewAt) return held.token
    const { namespace = '', name = '', uid = '' } = pod.metadata
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
      },
    }
    const account = pod.spec.serviceAccountName || 'default'
    const { status } = await this.#client.subresource<TokenAnswer>('POST', serviceAccounts, namespace, account, 'token', request, signal)
    const token = status?.token
    if (token === undefined) throw new Error(`failed to fetch token: the API server answered without one for service account "${account}"`)
    const end = Date.parse(status?.expirationTimestamp ?? '') || now + expirationSeconds * 1000
    this.#held.set(key, { token, renewAt: now + Math.min((end - now) * renewShare, maxHoldMs) })
    return token
  }

  /** Drops the tokens of all other pods. */
  keep(uids: ReadonlySet<string>): void {
    for (const key of this.#held.keys()) {
      const [uid] = parseJson(key) as string[]
      if (!uids.has(uid ?? '')) this.#held.delete(key)
    }
  }
}
