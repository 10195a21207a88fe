// What the part does with trust roots: notices older ones, follows TUF repositories, and writes what it finds into their status.
import type { TrustRoot } from '../../api/types/supply-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Informer } from '../../client/cache/informer.ts'
import type { Client } from '../../client/client.ts'
import { EventRecorder } from '../../client/event-recorder.ts'
import { type OpenTuf, TufFollower } from './follow-tuf.ts'
import { KnownTrustRoots } from './known-trust-roots.ts'
import { type TrustMemory, volatileTrustMemory } from './trust-memory.ts'
import { TrustStatusWriter } from './trust-status.ts'

export interface FollowTrustRootsParts {
  readonly client: Client
  readonly roots: Informer<TrustRoot>
  readonly trustMemory?: TrustMemory
  readonly openTuf?: OpenTuf
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Verdicts may have changed. Must not throw. */
  onChange(): void
}

export interface FollowedTrustRoots extends AsyncDisposable {
  readonly known: KnownTrustRoots
  /** Resolves when all objects that are there were compared with what is remembered. */
  synced(): Promise<void>
  /** Until the signal. */
  run(): Promise<void>
}

export function followTrustRoots(parts: FollowTrustRootsParts, signal: AbortSignal): FollowedTrustRoots {
  const { client, roots, clock, log, random, openTuf, trustMemory: memory = volatileTrustMemory(), onChange } = parts
  const events = new EventRecorder({ client, component: 'artifacts', clock, log, random })
  const known = new KnownTrustRoots({ roots, memory, clock, log })
  const status = new TrustStatusWriter({ client, roots, events, clock, log })
  const follower = new TufFollower({ known, status, clock, log, random, onChange, ...(openTuf === undefined ? {} : { open: openTuf }) })
  let isFollowing = false
  const observing = new Set<Promise<void>>()
  const observe = (object: TrustRoot) => {
    const done = known.observe(object).then(() => {
      observing.delete(done)
      status.usable(object, known.get(object.metadata.name ?? '')?.unusable)
      if (isFollowing) follower.follow(roots.list(), signal)
      onChange()
    })
    observing.add(done)
  }
  roots.onChange({
    add(object) {
      observe(object)
      onChange()
    },
    update(object, old) {
      // The part writes the status itself.
      if (object.metadata.generation === old.metadata.generation && sameAnnotations(object, old)) return onChange()
      observe(object)
      onChange()
    },
    delete({ metadata }) {
      known.deleted(metadata.name ?? '')
      if (isFollowing) follower.follow(roots.list(), signal)
      onChange()
    },
  })
  return {
    known,
    async synced() {
      while (observing.size > 0) await Promise.all(observing)
    },
    async run() {
      isFollowing = true
      follower.follow(roots.list(), signal)
      await status.run(signal)
      await follower.ended()
    },
    [Symbol.asyncDispose]: () => events[Symbol.asyncDispose](),
  }
}

const sameAnnotations = (a: TrustRoot, b: TrustRoot): boolean => writeJson(a.metadata.annotations) === writeJson(b.metadata.annotations)
