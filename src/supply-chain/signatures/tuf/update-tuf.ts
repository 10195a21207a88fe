// The client workflow of TUF (specification 1.0.33, section 5): from a trusted root to the newest metadata and one target. Formats and
// signatures are read by @tufjs/models; what is trusted is data that the caller keeps.
import { createHash } from 'node:crypto'
import { Metadata, MetadataKind, type Root, type Snapshot, type TargetFile, type Targets, type Timestamp } from '@tufjs/models'
import { messageOf, UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { type JsonObject, readJsonObject } from '../read-json.ts'

/** What a client must keep between updates, so that it accepts nothing older. */
export interface TufTrusted {
  /** The newest accepted root metadata. */
  readonly root: JsonObject
  /** The newest accepted versions; unset before the first update. */
  readonly versions?: TufVersions
}

export interface TufVersions {
  readonly timestamp: number
  readonly snapshot: number
  readonly targets: number
}

export interface TufUpdate {
  readonly trusted: Required<TufTrusted>
  readonly rootVersion: number
  /** The content of the target. */
  readonly target: Buffer
  /** When the first of the metadata expires, in milliseconds since the epoch: from then on the repository is not believed. */
  readonly expires: number
}

/** Files of a repository. Resolves with undefined if there is none of that name; rejects if it is larger. */
export interface TufFiles {
  metadata(name: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>
  target(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>
}

/** As other clients of TUF limit them. */
export const tufLimits = {
  rotations: 64,
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: 5_000_000,
  target: 4 * 1024 * 1024,
} as const

/**
 * Versions that were accepted by one root, as far as they still bind after another one: keys of a role that were rotated begin anew (5.3.11), so
 * that a stolen key cannot stop updates by a high version. Throws a UserError if a root cannot be read.
 */
export function carriedVersions({ root, versions }: TufTrusted, to: JsonObject): TufVersions {
  const [before, after] = [parsed('the trusted root', root, MetadataKind.Root), parsed('the trusted root', to, MetadataKind.Root)]
  return versionsAfterRotation(versions, before.signed, after.signed)
}

/** `now` in milliseconds since the epoch. Rejects with a UserError that says which attack or fault it is. */
export async function updateTuf(
  trusted: TufTrusted,
  files: TufFiles,
  targetName: string,
  now: number,
  signal: AbortSignal,
): Promise<TufUpdate> {
  const reference = new Date(now)
  const first = parsed('the trusted root', trusted.root, MetadataKind.Root)
  requireSigned('the trusted root', first, MetadataKind.Root, first)
  const { root, json } = await newestRoot(first, trusted.root, files, signal)
  requireFresh('root.json', root, reference)
  const atLeast = versionsAfterRotation(trusted.versions, first.signed, root.signed)

  const timestamp = await fetched(files, 'timestamp.json', tufLimits.timestamp, signal, MetadataKind.Timestamp)
  requireSigned('timestamp.json', root, MetadataKind.Timestamp, timestamp.metadata)
  requireNotOlder('timestamp.json', timestamp.metadata.signed.version, atLeast.timestamp)
  requireFresh('timestamp.json', timestamp.metadata, reference)

  const { snapshotMeta } = timestamp.metadata.signed
  requireNotOlder('snapshot.json in timestamp.json', snapshotMeta.version, atLeast.snapshot)
  const consistent = root.signed.consistentSnapshot
  const snapshotName = consistent ? `${snapshotMeta.version}.snapshot.json` : 'snapshot.json'
  const snapshot = await fetched(
    files,
    snapshotName,
    Math.min(snapshotMeta.length ?? tufLimits.snapshot, tufLimits.snapshot),
    signal,
    MetadataKind.Snapshot,
  )
  requireHash(snapshotName, () => snapshotMeta.verify(snapshot.bytes))
  requireSigned(snapshotName, root, MetadataKind.Snapshot, snapshot.metadata)
  requireVersion(snapshotName, snapshot.metadata.signed.version, snapshotMeta.version)
  requireFresh(snapshotName, snapshot.metadata, reference)

  const targetsMeta = Object.hasOwn(snapshot.metadata.signed.meta, 'targets.json')
    ? snapshot.metadata.signed.meta['targets.json']
    : undefined
  if (targetsMeta === undefined) throw new UserError('TUF: snapshot.json does not name targets.json')
  requireNotOlder('targets.json in snapshot.json', targetsMeta.version, atLeast.targets)
  const targetsName = consistent ? `${targetsMeta.version}.targets.json` : 'targets.json'
  const targets = await fetched(
    files,
    targetsName,
    Math.min(targetsMeta.length ?? tufLimits.targets, tufLimits.targets),
    signal,
    MetadataKind.Targets,
  )
  requireHash(targetsName, () => targetsMeta.verify(targets.bytes))
  requireSigned(targetsName, root, MetadataKind.Targets, targets.metadata)
  requireVersion(targetsName, targets.metadata.signed.version, targetsMeta.version)
  requireFresh(targetsName, targets.metadata, reference)

  const all: readonly Metadata<Root | Timestamp | Snapshot | Targets>[] = [root, timestamp.metadata, snapshot.metadata, targets.metadata]
  return {
    trusted: {
      root: json,
      versions: { timestamp: timestamp.metadata.signed.version, snapshot: snapshotMeta.version, targets: targetsMeta.version },
    },
    rootVersion: root.signed.version,
    target: await fetchTarget(targets.metadata.signed, targetName, consistent, files, signal),
    expires: Math.min(...all.map(({ signed }) => Date.parse(signed.expires))),
  }
}

/** 5.3: each next root must be signed by the last one and by itself. */
async function newestRoot(
  first: Metadata<Root>,
  trusted: JsonObject,
  files: TufFiles,
  signal: AbortSignal,
): Promise<{ root: Metadata<Root>; json: JsonObject }> {
  let root = first
  let json = trusted
  for (let rotation = 0; rotation < tufLimits.rotations; rotation++) {
    const name = `${root.signed.version + 1}.root.json`
    const bytes = await files.metadata(name, tufLimits.root, signal)
    if (bytes === undefined) return { root, json }
    const nextJson = readJsonObject(bytes, `TUF: ${name}`)
    const next = parsed(name, nextJson, MetadataKind.Root)
    requireSigned(name, root, MetadataKind.Root, next)
    requireSigned(name, next, MetadataKind.Root, next)
    requireVersion(name, next.signed.version, root.signed.version + 1)
    root = next
    json = nextJson
  }
  throw new UserError(`TUF: the repository has more than ${tufLimits.rotations} newer roots`)
}

interface Fetched<T extends Root | Timestamp | Snapshot | Targets> {
  readonly bytes: Buffer
  readonly metadata: Metadata<T>
}

async function fetched(
  files: TufFiles,
  name: string,
  maxBytes: number,
  signal: AbortSignal,
  kind: MetadataKind.Timestamp,
): Promise<Fetched<Timestamp>>
async function fetched(
  files: TufFiles,
  name: string,
  maxBytes: number,
  signal: AbortSignal,
  kind: MetadataKind.Snapshot,
): Promise<Fetched<Snapshot>>
async function fetched(
  files: TufFiles,
  name: string,
  maxBytes: number,
  signal: AbortSignal,
  kind: MetadataKind.Targets,
): Promise<Fetched<Targets>>
async function fetched(
  files: TufFiles,
  name: string,
  maxBytes: number,
  signal: AbortSignal,
  kind: MetadataKind,
): Promise<Fetched<Root | Timestamp | Snapshot | Targets>> {
  const bytes = await files.metadata(name, maxBytes, signal)
  if (bytes === undefined) throw new UserError(`TUF: the repository has no ${name}`)
  return { bytes: Buffer.from(bytes), metadata: parsed(name, readJsonObject(bytes, `TUF: ${name}`), kind) }
}

function parsed(name: string, json: JsonObject, kind: MetadataKind.Root): Metadata<Root>
function parsed(name: string, json: JsonObject, kind: MetadataKind): Metadata<Root | Timestamp | Snapshot | Targets>
function parsed(name: string, json: JsonObject, kind: MetadataKind): Metadata<Root | Timestamp | Snapshot | Targets> {
  // The models change the objects that they are given.
  const copy = structuredClone(json) as Parameters<typeof Metadata.fromJSON>[1]
  try {
    switch (kind) {
      case MetadataKind.Root:
        return Metadata.fromJSON(kind, copy)
      case MetadataKind.Timestamp:
        return Metadata.fromJSON(kind, copy)
      case MetadataKind.Snapshot:
        return Metadata.fromJSON(kind, copy)
      case MetadataKind.Targets:
        return Metadata.fromJSON(kind, copy)
    }
  } catch (err) {
    throw new UserError(`TUF: ${name} cannot be read: ${messageOf(err)}`, { cause: err })
  }
}

function requireSigned(
  name: string,
  by: Metadata<Root>,
  role: MetadataKind,
  metadata: Metadata<Root | Timestamp | Snapshot | Targets>,
): void {
  try {
    by.verifyDelegate(role, metadata)
  } catch (err) {
    throw new UserError(`TUF: ${name} is not signed by enough keys of root version ${by.signed.version}: ${messageOf(err)}`, { cause: err })
  }
}

function requireFresh(name: string, { signed }: Metadata<Root | Timestamp | Snapshot | Targets>, reference: Date): void {
  if (signed.isExpired(reference))
    throw new UserError(
      `TUF: ${name} expired at ${signed.expires}; it is ${reference.toISOString()}. Either the repository is no longer kept, or somebody withholds its newer metadata`,
    )
}

function requireNotOlder(name: string, version: number, atLeast: number): void {
  if (version < atLeast) throw new UserError(`TUF: ${name} has version ${version}, which is older than the accepted version ${atLeast}`)
}

function requireVersion(name: string, version: number, expected: number): void {
  if (version !== expected) throw new UserError(`TUF: ${name} has version ${version}, not ${expected}`)
}

function requireHash(name: string, verify: () => void): void {
  try {
    verify()
  } catch (err) {
    throw new UserError(`TUF: ${name} has other content than is signed: ${messageOf(err)}`, { cause: err })
  }
}

function versionsAfterRotation(versions: TufVersions | undefined, before: Root, after: Root): TufVersions {
  const { timestamp = 0, snapshot = 0, targets = 0 } = versions ?? {}
  const same = (role: string): boolean => keysOf(before, role) === keysOf(after, role)
  const isKept = same(MetadataKind.Timestamp) && same(MetadataKind.Snapshot)
  return { timestamp: isKept ? timestamp : 0, snapshot: isKept ? snapshot : 0, targets: isKept && same(MetadataKind.Targets) ? targets : 0 }
}

const keysOf = ({ roles }: Root, role: string): string => writeJson([...(roles[role]?.keyIDs ?? [])].sort())

async function fetchTarget({ targets }: Targets, name: string, consistent: boolean, files: TufFiles, signal: AbortSignal): Promise<Buffer> {
  const target = Object.hasOwn(targets, name) ? targets[name] : undefined
  if (target === undefined) {
    const names = Object.keys(targets)
      .slice(0, 20)
      .map(each => `"${each}"`)
    throw new UserError(`TUF: targets.json has no target "${name}"; it has ${names.join(', ') || 'none'}`)
  }
  if (target.length > tufLimits.target) throw new UserError(`TUF: target "${name}" has ${target.length} bytes, at most ${tufLimits.target}`)
  const paths = consistent ? Object.values(target.hashes).map(hash => prefixed(name, hash)) : [name]
  for (const path of paths) {
    const bytes = await files.target(path, target.length, signal)
    if (bytes === undefined) continue
    requireTarget(name, target, bytes)
    return Buffer.from(bytes)
  }
  throw new UserError(`TUF: the repository has no file for target "${name}"`)
}

/** `a/b.json` is in `a/<hash>.b.json`. */
function prefixed(name: string, hash: string): string {
  const slash = name.lastIndexOf('/') + 1
  return `${name.slice(0, slash)}${hash}.${name.slice(slash)}`
}

function requireTarget(name: string, { length, hashes }: TargetFile, bytes: Uint8Array): void {
  if (bytes.length !== length) throw new UserError(`TUF: target "${name}" has ${bytes.length} bytes, not ${length}`)
  const known = ['sha256', 'sha512'].filter(algorithm => Object.hasOwn(hashes, algorithm))
  if (known.length === 0) throw new UserError(`TUF: target "${name}" has no hash of sha256 or sha512`)
  for (const algorithm of known)
    if (createHash(algorithm).update(bytes).digest('hex') !== hashes[algorithm])
      throw new UserError(`TUF: target "${name}" has other content than is signed`)
}
