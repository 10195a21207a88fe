// Decides what a trust root that follows a TUF repository says now, and from where its next update begins. Pure.
import { createHash } from 'node:crypto'
import type { TrustRootSpec, TrustRootStatus, TufTrust } from '../../api/types/supply-v1.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { FollowedTuf } from '../../supply-chain/signatures/trust-root.ts'
import { carriedVersions, type TufTrusted, type TufUpdate, type TufVersions } from '../../supply-chain/signatures/tuf/update-tuf.ts'
import type { RememberedTuf } from './trust-memory.ts'

export const defaultTarget = 'trusted_root.json'
/** A clock that goes back by less is a correction. */
export const clockToleranceMs = 5 * 60_000

export const chainOf = ({ root, target = defaultTarget }: TufTrust): string =>
  createHash('sha256')
    .update(writeJson([root, target]))
    .digest('hex')

/**
 * Undefined: what `spec.sigstore` says counts, as the repository was never read, or none is followed. What was accepted once is never followed by
 * an older object.
 */
export function followedTuf(
  { tuf, sigstore }: TrustRootSpec,
  status: TrustRootStatus | undefined,
  remembered: RememberedTuf | undefined,
): FollowedTuf | undefined {
  if (tuf?.url === undefined) return undefined
  if (remembered !== undefined && remembered.chain === chainOf(tuf))
    return isOlder(remembered, status)
      ? { problem: 'the TUF metadata that was kept is older than what the cluster has recorded; it is read again' }
      : { trustedRoot: remembered.trustedRoot, expires: remembered.expires }
  if (status?.tufVersion !== undefined || remembered !== undefined)
    return { problem: 'its TUF metadata was accepted before and is not there any more; it is read again' }
  return sigstore === undefined ? { problem: 'its TUF repository was not read yet' } : undefined
}

/** Whether the disk is older than the cluster: it was restored from a copy. */
function isOlder({ rootVersion, versions }: RememberedTuf, status: TrustRootStatus | undefined): boolean {
  if (status?.tufVersion === undefined || rootVersion > status.tufVersion) return false
  return rootVersion < status.tufVersion || Object.entries(recorded(status)).some(([role, version]) => versions[roleOf(role)] < version)
}

const roleOf = (role: string): keyof TufVersions => (role === 'timestamp' || role === 'snapshot' ? role : 'targets')

const recorded = ({ tufTimestamp = 0, tufSnapshot = 0, tufTargets = 0 }: TrustRootStatus): TufVersions => ({
  timestamp: tufTimestamp,
  snapshot: tufSnapshot,
  targets: tufTargets,
})

/** The newest state from which an update may begin. Throws a UserError if `tuf.root` is no root metadata. */
export function startOf(tuf: TufTrust, status: TrustRootStatus | undefined, remembered: RememberedTuf | undefined): TufTrusted {
  const pinned = tuf.root
  if (!isJsonObject(pinned)) throw new UserError('spec.tuf.root is no object')
  if (remembered === undefined) return { root: pinned }
  const { root, versions } = remembered
  if (remembered.chain === chainOf(tuf) && !isOlder(remembered, status)) return { root, versions }
  return { root: pinned, versions: carriedVersions({ root, versions }, pinned) }
}

/** Throws a UserError if the repository is older than what the cluster has recorded, which matters where the memory was lost. */
export function requireNotBelow({ rootVersion, trusted: { versions } }: TufUpdate, status: TrustRootStatus | undefined): void {
  const { tufVersion = 0 } = status ?? {}
  if (rootVersion < tufVersion)
    throw new UserError(
      `TUF: the repository's newest root.json has version ${rootVersion}, which is older than the accepted version ${tufVersion}`,
    )
  if (rootVersion > tufVersion || status === undefined) return
  for (const [role, version] of Object.entries(recorded(status)))
    if (versions[roleOf(role)] < version)
      throw new UserError(`TUF: ${role}.json has version ${versions[roleOf(role)]}, which is older than the accepted version ${version}`)
}

/** What to keep of an update. */
export const rememberedUpdate = (
  tuf: TufTrust,
  { trusted, rootVersion, expires }: TufUpdate,
  trustedRoot: RememberedTuf['trustedRoot'],
  now: number,
): RememberedTuf => ({ chain: chainOf(tuf), ...trusted, rootVersion, trustedRoot, expires, updated: now })

/** Undefined if the clock may be right: it was not set back behind the last update, by which expired metadata would look fresh. */
export const clockProblem = (now: number, updated: number): string | undefined =>
  now >= updated - clockToleranceMs
    ? undefined
    : `the clock says ${new Date(now).toISOString()}, which is before the last update of its TUF metadata, ${new Date(updated).toISOString()}`
