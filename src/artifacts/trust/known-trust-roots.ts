// The trust roots as they count now: the objects, what their TUF repositories said, and whether they are older than what was there before.
import { createHash } from 'node:crypto'
import { acceptAnnotation, acceptanceOf, accepts, floorOf, rollbackMessage, rollbacksOf } from '../../api/resources/supply/trust-floor.ts'
import type { TrustRoot, TrustRootStatus } from '../../api/types/supply-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { FollowedTuf } from '../../supply-chain/signatures/trust-root.ts'
import type { Followed } from '../policy-state.ts'
import type { RememberedRoot, RememberedTuf, TrustMemory } from './trust-memory.ts'
import { clockProblem, followedTuf } from './tuf-state.ts'

export interface KnownTrustRoot {
  readonly object: TrustRoot
  /** The same object as long as nothing changes. */
  readonly tuf?: FollowedTuf
  /** Why nothing of it counts. */
  readonly unusable?: string
}

export interface KnownTrustRootsParts {
  readonly roots: Followed<TrustRoot>
  readonly memory: TrustMemory
  readonly clock: Clock
  readonly log: Logger
}

export class KnownTrustRoots {
  readonly #parts: KnownTrustRootsParts
  readonly #known = new Map<string, KnownTrustRoot>()
  /** What this process has accepted binds, not the status, which is written later. */
  readonly #fresh = new Set<string>()
  /** While an object is written to memory, the next change of it waits. */
  readonly #writing = new Map<string, Promise<void>>()

  constructor(parts: KnownTrustRootsParts) {
    this.#parts = parts
  }

  get(name: string): KnownTrustRoot | undefined {
    const object = this.#parts.roots.get('', name)
    if (object === undefined) return undefined
    const known = this.#known.get(name)
    // An object that came a moment ago: nobody has looked at it yet.
    const current = known?.object === object ? known : this.#look(name, object)
    return this.#inTime(name, current)
  }

  /** By name. */
  all(): ReadonlyMap<string, KnownTrustRoot> {
    const found = new Map<string, KnownTrustRoot>()
    for (const { metadata } of this.#parts.roots.list()) {
      const root = this.get(metadata.name ?? '')
      if (root !== undefined) found.set(metadata.name ?? '', root)
    }
    return found
  }

  /** Changes whenever verdicts by this trust root may. */
  revisionOf(name: string): string {
    const root = this.get(name)
    if (root === undefined) return ''
    const { object, tuf, unusable } = root
    const { uid, generation } = object.metadata
    const trusted = tuf !== undefined && 'trustedRoot' in tuf ? [digestOf(tuf), this.#parts.clock.now() > tuf.expires] : [tuf?.problem]
    return writeJson([name, uid, generation, unusable, ...trusted])
  }

  rememberedTuf(name: string): RememberedTuf | undefined {
    return this.#parts.memory.get(name)?.tuf
  }

  /** What the cluster has recorded of the TUF repository and binds still. */
  recordedStatus({ metadata: { name = '' }, status }: TrustRoot): TrustRootStatus | undefined {
    const { accepted, tuf } = this.#parts.memory.get(name) ?? {}
    if (tuf === undefined) return accepted === undefined ? status : undefined
    return this.#fresh.has(name) || tuf.rootVersion > (status?.tufVersion ?? 0) ? recordedIn(tuf) : status
  }

  /** What an administrator sets to accept an older trust root or repository. */
  acceptance(name: string): string | undefined {
    const remembered = this.#parts.memory.get(name)
    return remembered === undefined ? undefined : acceptanceOf(remembered.floor)
  }

  /** An object came or changed: what it says is remembered, unless it is older than what was there. Never rejects. */
  async observe(object: TrustRoot): Promise<void> {
    const { name = '' } = object.metadata
    await this.#inTurn(name, async () => {
      const before = this.#parts.memory.get(name)
      const after = observed(object, before)
      if (after !== undefined && writeJson(after) !== writeJson(before)) await this.#parts.memory.set(name, after)
    })
    this.#known.delete(name)
  }

  /** Rejects if it cannot be kept; nothing has changed then. */
  async accepted(name: string, tuf: RememberedTuf): Promise<void> {
    const before = this.#parts.memory.get(name)
    await this.#parts.memory.set(name, { floor: { revoked: [] }, ...before, tuf })
    this.#fresh.add(name)
    this.#known.delete(name)
  }

  deleted(name: string): void {
    this.#known.delete(name)
  }

  #look(name: string, object: TrustRoot): KnownTrustRoot {
    const remembered = this.#parts.memory.get(name)
    const before = this.#known.get(name)
    const tuf = followedTuf(object.spec, this.recordedStatus(object), remembered?.tuf)
    const same = writeJson(tuf) === writeJson(before?.tuf) ? before?.tuf : tuf
    const unusable = rollbackOf(object, remembered)
    const known = { object, ...(same === undefined ? {} : { tuf: same }), ...(unusable === undefined ? {} : { unusable }) }
    this.#known.set(name, known)
    return known
  }

  /** Metadata that has expired must not look fresh because the clock was set back. */
  #inTime(name: string, known: KnownTrustRoot): KnownTrustRoot {
    const updated = this.#parts.memory.get(name)?.tuf?.updated
    if (updated === undefined || known.tuf === undefined) return known
    const problem = clockProblem(this.#parts.clock.now(), updated)
    return problem === undefined ? known : { ...known, tuf: { problem } }
  }

  async #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const previous = this.#writing.get(name)
    const next = (async () => {
      await previous
      try {
        await work()
      } catch (err) {
        // Without it, an older object is not noticed after a restart; what counts now does not change.
        this.#parts.log.error('cannot keep the state of a trust root', { trustRoot: name, err })
      }
    })()
    this.#writing.set(name, next)
    await next
    if (this.#writing.get(name) === next) this.#writing.delete(name)
  }
}

const recordedIn = ({ rootVersion, versions }: RememberedTuf): TrustRootStatus => ({
  tufVersion: rootVersion,
  ...{ tufTimestamp: versions.timestamp, tufSnapshot: versions.snapshot, tufTargets: versions.targets },
})

const digestOf = (tuf: FollowedTuf): string => createHash('sha256').update(writeJson(tuf)).digest('hex')

/** Why the object is older than what is remembered; undefined if it is not, or if that was accepted. */
export function rollbackOf(object: TrustRoot, remembered: RememberedRoot | undefined): string | undefined {
  if (remembered === undefined) return undefined
  const rollbacks = rollbacksOf(object, remembered.floor)
  return rollbacks.length === 0 ? undefined : rollbackMessage(rollbacks, remembered.floor)
}

/** What to remember of an object; undefined if it is older than what is remembered. */
export function observed(object: TrustRoot, before: RememberedRoot | undefined): RememberedRoot | undefined {
  if (before === undefined) return { floor: floorOf(object) }
  const { floor, tuf, accepted } = before
  // An annotation that stays on the object gives up what it names once.
  if (accepted !== acceptedOf(object) && accepts(object, floor)) return { floor: floorOf(object), accepted: acceptedOf(object) }
  if (rollbackOf(object, before) !== undefined) return undefined
  return { floor: floorOf(object, floor), ...(accepted === undefined ? {} : { accepted }), ...(tuf === undefined ? {} : { tuf }) }
}

/** Which object has accepted which floor. */
const acceptedOf = ({ metadata }: TrustRoot): string => `${metadata.uid ?? ''} ${metadata.annotations?.[acceptAnnotation] ?? ''}`
