// What a trust root may not fall below: its versions, and what it has revoked once. An older object, applied again by mistake or by somebody who
// holds a revoked key, would otherwise bring back whom it trusted. Pure: the API server compares updates, the part `artifacts` objects that were
// deleted and created again, each with what it remembers.
import { createHash, createPublicKey } from 'node:crypto'
import { getOwn } from '../../../base/data/own-property.ts'
import { isJsonObject } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { KubeObject } from '../../object.ts'
import type { Revocation, TrustRoot, TrustRootSpec } from '../../types/supply-v1.ts'

export interface TrustFloor {
  /** `spec.version`. */
  readonly version?: number
  /** The version of `spec.tuf.root`. */
  readonly tufRoot?: number
  /** The annotation by which `bulkhead trust import` says which metadata it read, by role. */
  readonly imported?: Readonly<Record<string, number>>
  /** The last time of a revocation that is for all signers, in milliseconds since the epoch. */
  readonly before?: number
  /** `key sha256:…`, `identity …`: revoked without a condition. */
  readonly revoked: readonly string[]
}

/** `bulkhead trust import` writes it: `timestamp=1,snapshot=2,targets=3`. */
export const importedVersions = 'supply.bulkhead.dev/tuf-versions'
/** The explicit act: its value names the floor that is given up, so that it cannot stay behind and accept the next rollback too. */
export const acceptAnnotation = 'supply.bulkhead.dev/accept-rollback'
/** Beyond it the first are forgotten. */
export const maxFloorRevocations = 2000

/** The floor of an object, not below `before`. */
export function floorOf({ metadata, spec }: TrustRoot, before?: TrustFloor): TrustFloor {
  const imported = parseImported(metadata.annotations?.[importedVersions])
  const revoked = [...new Set([...(before?.revoked ?? []), ...revocationsOf(spec)])].slice(-maxFloorRevocations)
  const floor = {
    version: highest(before?.version, spec.version),
    tufRoot: highest(before?.tufRoot, tufRootVersion(spec)),
    imported: imported ?? before?.imported,
    before: highest(before?.before, ...(spec.revoked ?? []).filter(isForAll).map(({ before: time }) => Date.parse(time ?? ''))),
    revoked,
  }
  const { version, tufRoot, before: time } = floor
  return {
    ...(version === undefined ? {} : { version }),
    ...(tufRoot === undefined ? {} : { tufRoot }),
    ...(floor.imported === undefined ? {} : { imported: floor.imported }),
    ...(time === undefined ? {} : { before: time }),
    revoked,
  }
}

/** In which ways the object is older than the floor: sentences. Empty if it is not, or if it accepts the rollback explicitly. */
export function rollbacksOf(object: TrustRoot, floor: TrustFloor): string[] {
  if (accepts(object, floor)) return []
  const { spec } = object
  const found: string[] = []
  if (floor.version !== undefined && (spec.version ?? 0) < floor.version)
    found.push(`spec.version is ${spec.version ?? 'not set'}, and was ${floor.version}`)
  const tufRoot = tufRootVersion(spec)
  if (floor.tufRoot !== undefined && tufRoot !== undefined && tufRoot < floor.tufRoot)
    found.push(`spec.tuf.root has version ${tufRoot}, and had ${floor.tufRoot}`)
  // With a later root, keys of other roles may have been rotated, and their versions begin anew.
  const imported = tufRoot === floor.tufRoot ? parseImported(object.metadata.annotations?.[importedVersions]) : undefined
  for (const [role, version] of Object.entries(floor.imported ?? {})) {
    const now = imported?.[role]
    if (now !== undefined && now < version) found.push(`its imported ${role}.json has version ${now}, and had ${version}`)
  }
  const times = (spec.revoked ?? []).filter(isForAll).map(({ before }) => Date.parse(before ?? ''))
  if (floor.before !== undefined && !times.some(time => time >= (floor.before ?? 0)))
    found.push(`all signatures before ${new Date(floor.before).toISOString()} were revoked, and are not`)
  return [...found, ...comebacks(spec, floor.revoked)]
}

/** Whether the object names this floor as the one that it gives up. */
export const accepts = ({ metadata }: KubeObject, floor: TrustFloor): boolean =>
  metadata.annotations?.[acceptAnnotation] === acceptanceOf(floor)

/** What the annotation must have as its value. */
export const acceptanceOf = (floor: TrustFloor): string => createHash('sha256').update(writeJson(floor)).digest('hex').slice(0, 16)

/** What an administrator reads. */
export const rollbackMessage = (rollbacks: readonly string[], floor: TrustFloor): string =>
  `it is older than the trust root that it replaces: ${rollbacks.slice(0, 5).join('; ')}. If you really want it, set the annotation ${acceptAnnotation}="${acceptanceOf(floor)}"`

/** Revoked keys and identities that would count again. */
function comebacks(spec: TrustRootSpec, revoked: readonly string[]): string[] {
  const now = new Set(revocationsOf(spec))
  const keys = new Map((spec.keys ?? []).map(({ name, publicKey }) => [`key ${fingerprintOf(publicKey) ?? ''}`, name]))
  const hasAuthorities = spec.sigstore !== undefined || spec.tuf !== undefined
  return revoked.flatMap(entry => {
    if (now.has(entry)) return []
    if (entry.startsWith('key ')) {
      const name = keys.get(entry)
      return name === undefined ? [] : [`key "${name}" was revoked, and is not`]
    }
    return hasAuthorities ? [`${entry} was revoked, and is not`] : []
  })
}

const isForAll = ({ key, identity, before }: Revocation): boolean => key === undefined && identity === undefined && before !== undefined

/** Those without a time: what is revoked for some signatures only may be changed. */
function revocationsOf({ keys = [], revoked = [] }: TrustRootSpec): string[] {
  return revoked.flatMap(({ key, identity, before }) => {
    if (before !== undefined) return []
    if (identity !== undefined) return [`identity "${identity.subject}" of ${identity.issuer ?? 'any issuer'}`]
    const fingerprint = fingerprintOf(keys.find(({ name }) => name === key)?.publicKey ?? '')
    return fingerprint === undefined ? [] : [`key ${fingerprint}`]
  })
}

/** Of the key, whatever its name and the form of its PEM text. Undefined for what is no key. */
function fingerprintOf(pem: string): string | undefined {
  try {
    return `sha256:${createHash('sha256')
      .update(createPublicKey(pem).export({ format: 'der', type: 'spki' }))
      .digest('hex')}`
  } catch {
    // Validation reports it.
    return undefined
  }
}

function tufRootVersion({ tuf }: TrustRootSpec): number | undefined {
  const signed = isJsonObject(tuf?.root) ? getOwn(tuf.root, 'signed') : undefined
  const version = isJsonObject(signed) ? getOwn(signed, 'version') : undefined
  return typeof version === 'number' && Number.isSafeInteger(version) ? version : undefined
}

function parseImported(text: string | undefined): Readonly<Record<string, number>> | undefined {
  const [, timestamp, snapshot, targets] = /^timestamp=(\d{1,10}),snapshot=(\d{1,10}),targets=(\d{1,10})$/.exec(text ?? '') ?? []
  return timestamp === undefined ? undefined : { timestamp: Number(timestamp), snapshot: Number(snapshot), targets: Number(targets) }
}

function highest(...numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter(number => number !== undefined).filter(Number.isFinite)
  return known.length === 0 ? undefined : Math.max(...known)
}
