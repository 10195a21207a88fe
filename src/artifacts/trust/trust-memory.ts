// What the part remembers of trust roots beside their objects, so that nothing older is accepted after a restart, and after an object was deleted
// and created again.

import type { TrustFloor } from '../../api/resources/supply/trust-floor.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import type { JsonObject } from '../../supply-chain/signatures/read-json.ts'
import type { TufVersions } from '../../supply-chain/signatures/tuf/update-tuf.ts'

export interface RememberedRoot {
  readonly floor: TrustFloor
  /** The last rollback that was accepted explicitly: what it gave up, and for which object. */
  readonly accepted?: string
  readonly tuf?: RememberedTuf
}

/** The last metadata that was accepted from a TUF repository. */
export interface RememberedTuf {
  /** Digest of the object's first trusted root, and of the target's name: another one is another chain. */
  readonly chain: string
  readonly root: JsonObject
  readonly rootVersion: number
  readonly versions: TufVersions
  readonly trustedRoot: JsonObject
  /** Milliseconds since the epoch, as `updated`. */
  readonly expires: number
  readonly updated: number
}

export interface TrustMemory {
  get(name: string): RememberedRoot | undefined
  /** Resolves when a restart would find it. Rejects if it cannot be kept; what was there before stays then. */
  set(name: string, remembered: RememberedRoot): Promise<void>
}

/** For clusters without a data directory. */
export function volatileTrustMemory(): TrustMemory {
  const kept = new Map<string, RememberedRoot>()
  return {
    get: name => kept.get(name),
    async set(name, remembered) {
      kept.set(name, remembered)
    },
  }
}

/** Of what `set` was given, read from JSON. Throws a UserError that names the field. */
export function parseRemembered(value: unknown): RememberedRoot {
  const { floor, accepted, tuf } = objectOf(value, 'the state')
  return {
    floor: parseFloor(floor),
    ...(accepted === undefined ? {} : { accepted: textOf(accepted, 'accepted') }),
    ...(tuf === undefined ? {} : { tuf: parseTuf(tuf) }),
  }
}

function parseFloor(value: unknown): TrustFloor {
  const { version, tufRoot, imported, before, revoked } = objectOf(value, 'floor')
  if (!Array.isArray(revoked)) throw new UserError('floor.revoked must be a list')
  const roles = imported === undefined ? undefined : Object.entries(objectOf(imported, 'floor.imported'))
  return {
    ...(version === undefined ? {} : { version: numberOf(version, 'floor.version') }),
    ...(tufRoot === undefined ? {} : { tufRoot: numberOf(tufRoot, 'floor.tufRoot') }),
    ...(roles === undefined ? {} : { imported: Object.fromEntries(roles.map(([role, of]) => [role, numberOf(of, 'floor.imported')])) }),
    ...(before === undefined ? {} : { before: numberOf(before, 'floor.before') }),
    revoked: revoked.map(entry => textOf(entry, 'floor.revoked')),
  }
}

function parseTuf(value: unknown): RememberedTuf {
  const { chain, root, rootVersion, versions, trustedRoot, expires, updated } = objectOf(value, 'tuf')
  const { timestamp, snapshot, targets } = objectOf(versions, 'tuf.versions')
  return {
    chain: textOf(chain, 'tuf.chain'),
    root: objectOf(root, 'tuf.root'),
    rootVersion: numberOf(rootVersion, 'tuf.rootVersion'),
    versions: {
      timestamp: numberOf(timestamp, 'tuf.versions.timestamp'),
      snapshot: numberOf(snapshot, 'tuf.versions.snapshot'),
      targets: numberOf(targets, 'tuf.versions.targets'),
    },
    trustedRoot: objectOf(trustedRoot, 'tuf.trustedRoot'),
    expires: numberOf(expires, 'tuf.expires'),
    updated: numberOf(updated, 'tuf.updated'),
  }
}

function objectOf(value: unknown, at: string): JsonObject {
  if (!isJsonObject(value)) throw new UserError(`${at} must be an object`)
  return value
}

function textOf(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new UserError(`${at} must be a text`)
  return value
}

function numberOf(value: unknown, at: string): number {
  if (typeof value !== 'number') throw new UserError(`${at} must be a number`)
  return value
}
