// Follows the TUF repositories of trust roots: reads newer metadata, keeps what is accepted, and says in the status, by events and in the log when
// a repository falls behind. It contacts the URLs that TrustRoot objects name, and nobody else.
import type { TrustRoot } from '../../api/types/supply-v1.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { RegistryUnavailable } from '../../supply-chain/oci/registry/registry-error.ts'
import { readJsonObject } from '../../supply-chain/signatures/read-json.ts'
import { readTrustedRoot } from '../../supply-chain/signatures/trust-root.ts'
import { httpsTufFiles } from '../../supply-chain/signatures/tuf/https-tuf-files.ts'
import { type TufFiles, updateTuf } from '../../supply-chain/signatures/tuf/update-tuf.ts'
import type { KnownTrustRoots } from './known-trust-roots.ts'
import type { TrustStatusWriter } from './trust-status.ts'
import { chainOf, clockProblem, defaultTarget, rememberedUpdate, requireNotBelow, startOf } from './tuf-state.ts'

export type OpenTuf = (url: string, authorities: string | undefined) => TufFiles & Disposable

export interface FollowTufParts {
  readonly known: KnownTrustRoots
  readonly status: TrustStatusWriter
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1), for jitter. */
  readonly random: () => number
  readonly open?: OpenTuf
  /** Called when what a trust root says has changed. Must not throw. */
  onChange(): void
}

/** Trust roots that are followed; those after them, by name, say so in their status. */
export const maxFollowed = 50
/** Metadata of sigstore is valid for days. */
export const refreshMs = 3_600_000
export const firstRetryMs = 30_000
/** For one update, with all its files. */
export const updateMs = 60_000

const openHttps: OpenTuf = (url, authorities) => httpsTufFiles({ url, ...(authorities === undefined ? {} : { authorities }) })

interface Following {
  /** What is followed: another URL, root or target is followed anew. */
  readonly of: string
  readonly stop: AbortController
}

export class TufFollower {
  readonly #parts: FollowTufParts
  readonly #following = new Map<string, Following>()
  readonly #running = new Set<Promise<void>>()

  constructor(parts: FollowTufParts) {
    this.#parts = parts
  }

  /** To be called with all trust roots after each change, until the signal. */
  follow(roots: readonly TrustRoot[], signal: AbortSignal): void {
    const wanted = roots.filter(({ spec }) => spec.tuf?.url !== undefined).toSorted(byName)
    const named = new Map(wanted.slice(0, maxFollowed).map(root => [root.metadata.name ?? '', followed(root)]))
    for (const [name, { of, stop }] of this.#following) {
      if (named.get(name) === of) continue
      stop.abort(new Error(`trust root ${name} is not followed any more`))
      this.#following.delete(name)
    }
    for (const root of wanted.slice(maxFollowed))
      this.#parts.status.current(root, {
        status: 'False',
        reason: 'TooMany',
        message: `At most ${maxFollowed} TUF repositories are followed`,
      })
    for (const [name, of] of named) {
      if (this.#following.has(name) || signal.aborted) continue
      const stop = new AbortController()
      this.#following.set(name, { of, stop })
      const running = this.#keepCurrent(name, AbortSignal.any([signal, stop.signal])).finally(() => this.#running.delete(running))
      this.#running.add(running)
    }
  }

  /** Resolves when nothing is followed any more, after the signal. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  async #keepCurrent(name: string, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      const isCurrent = await this.#update(name, signal)
      const base = isCurrent ? refreshMs : retryMs
      retryMs = isCurrent ? firstRetryMs : Math.min(retryMs * 2, refreshMs)
      await this.#pauseUntilExpiry(name, base * (1 + 0.1 * random()), clock.now(), signal)
    }
  }

  /** When metadata expires meanwhile, images are evaluated again at that time. */
  async #pauseUntilExpiry(name: string, ms: number, now: number, signal: AbortSignal): Promise<void> {
    const { clock, known, onChange } = this.#parts
    const left = (known.rememberedTuf(name)?.expires ?? Number.POSITIVE_INFINITY) - now
    if (left < 0 || left > ms) return pause(clock, ms, signal)
    await pause(clock, left + 1, signal)
    if (!signal.aborted) onChange()
  }

  /** Never rejects. */
  async #update(name: string, signal: AbortSignal): Promise<boolean> {
    const { known, status, log, onChange } = this.#parts
    const object = known.get(name)?.object
    const url = object?.spec.tuf?.url
    if (object === undefined || url === undefined) return false
    try {
      await this.#read(name, object, url, signal)
      const accepted = known.rememberedTuf(name)
      if (accepted !== undefined) status.accepted(object, accepted)
      return true
    } catch (err) {
      if (signal.aborted) return false
      const unreachable = err instanceof RegistryUnavailable || (err instanceof Error && err.name === 'TimeoutError')
      const message = unreachable && !(err instanceof UserError) ? `${url} did not answer in ${updateMs / 1000} s` : messageOf(err)
      if (!(err instanceof UserError) && !unreachable) log.error('cannot follow a TUF repository', { trustRoot: name, err })
      const hint = message.includes('older than the accepted') ? this.#hint(name) : ''
      status.current(object, { status: 'False', reason: unreachable ? 'Unreachable' : 'Refused', message: `${message}${hint}` })
      return false
    } finally {
      if (!signal.aborted) onChange()
    }
  }

  #hint(name: string): string {
    const acceptance = this.#parts.known.acceptance(name)
    return acceptance === undefined
      ? ''
      : `. If you really want the older one, set the annotation supply.bulkhead.dev/accept-rollback="${acceptance}" on the TrustRoot`
  }

  async #read(name: string, root: TrustRoot, url: string, signal: AbortSignal): Promise<void> {
    const { known, clock, open = openHttps } = this.#parts
    const { tuf } = root.spec
    if (tuf === undefined) return
    const status = known.recordedStatus(root)
    const remembered = known.rememberedTuf(name)
    const now = clock.now()
    const problem = remembered === undefined ? undefined : clockProblem(now, remembered.updated)
    if (problem !== undefined) throw new UserError(`Cannot tell whether TUF metadata has expired: ${problem}`)
    using files = open(url, tuf.authorities)
    const until = AbortSignal.any([signal, AbortSignal.timeout(updateMs)])
    const update = await updateTuf(startOf(tuf, status, remembered), files, tuf.target ?? defaultTarget, now, until)
    requireNotBelow(update, status)
    const trustedRoot = readJsonObject(update.target, `Target "${tuf.target ?? defaultTarget}"`)
    readTrustedRoot(trustedRoot, `Target "${tuf.target ?? defaultTarget}"`)
    signal.throwIfAborted()
    await known.accepted(name, rememberedUpdate(tuf, update, trustedRoot, now))
  }
}

const byName = (a: TrustRoot, b: TrustRoot): number => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)

const followed = ({ metadata, spec: { tuf } }: TrustRoot): string =>
  writeJson([
    metadata.uid,
    tuf?.url,
    tuf?.authorities,
    tuf === undefined ? '' : chainOf(tuf),
    metadata.annotations?.['supply.bulkhead.dev/accept-rollback'],
  ])
