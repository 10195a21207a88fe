// A trust root as it is used: its keys, authorities and logs parsed, its times as numbers.
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { type TrustMaterial, toTrustMaterial } from '@sigstore/verify'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import { isJsonObject } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { FieldReader } from './field-reader.ts'
import { parsePublicKey, type SignatureKey } from './public-key.ts'
import type { JsonObject } from './read-json.ts'
import type { SigstoreThresholds } from './trust-root-spec.ts'

export interface TrustRoot {
  readonly name: string
  readonly keys: ReadonlyMap<string, TrustedSignatureKey>
  /** Unset: no keyless signature is trusted. */
  readonly sigstore?: SigstoreRoot
  /** Why there are no authorities now, although the object names where they come from. */
  readonly withoutSigstore?: string
  /** Why nothing of it is trusted, if so. */
  readonly unusable?: string
  readonly validity: Validity
  readonly revoked: readonly ParsedRevocation[]
}

/** Milliseconds since the epoch, both inclusive. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

export interface TrustedSignatureKey extends SignatureKey {
  readonly validity: Validity
}

export interface SigstoreRoot {
  readonly material: TrustMaterial
  readonly thresholds: Required<SigstoreThresholds>
  /** When the TUF metadata that it is from expires, in milliseconds since the epoch; nothing is verified by it afterwards. */
  readonly expires?: number
}

/** What the TUF repository that a trust root follows says, or why it says nothing that can be used. */
export type FollowedTuf = { readonly trustedRoot: JsonObject; readonly expires: number } | { readonly problem: string }

export interface ParsedRevocation {
  readonly key?: string
  readonly issuer?: string
  readonly subject?: string
  /** Milliseconds since the epoch. */
  readonly before?: number
  readonly reason?: string
}

export const maxKeys = 100
export const maxRevocations = 1000
/** Authorities and logs of one kind; the public good instance of sigstore has two of each. */
export const maxAuthorities = 50
const maxThreshold = 8

const mediaType = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\.v\d+\.\d+\+json|\+json;version=\d+\.\d+)$/

/**
 * `spec` is a TrustRootSpec from a client or a file. `tuf` is what the repository of `spec.tuf.url` says, where somebody follows it. Throws a
 * UserError that names the field.
 */
export function parseTrustRoot(name: string, spec: unknown, tuf?: FollowedTuf): TrustRoot {
  const fields = new FieldReader(spec, 'spec', ['version', 'keys', 'sigstore', 'tuf', 'notBefore', 'notAfter', 'revoked'])
  const keys = new Map<string, TrustedSignatureKey>()
  for (const { keyName, path, key } of fields.list('keys', maxKeys, readKey)) {
    if (keys.has(keyName)) throw new UserError(`${path}.name: "${keyName}" is the name of another key`)
    keys.set(keyName, key)
  }
  fields.optionalCount('version', Number.MAX_SAFE_INTEGER)
  const revoked = fields.list('revoked', maxRevocations, readRevocation)
  for (const { key } of revoked)
    if (key !== undefined && !keys.has(key)) throw new UserError(`spec.revoked names the key "${key}", which spec.keys does not have`)
  if (fields.has('tuf')) requireTuf(new FieldReader(fields.get('tuf'), fields.at('tuf'), ['root', 'target', 'url', 'authorities']))
  const problem = tuf !== undefined && 'problem' in tuf ? tuf.problem : undefined
  const followed = tuf !== undefined && 'trustedRoot' in tuf ? tuf : undefined
  const sigstore = problem === undefined ? readSigstore(fields, followed?.trustedRoot) : undefined
  if (keys.size === 0 && sigstore === undefined && !fields.has('tuf')) throw new UserError('spec must have keys, sigstore or tuf')
  const why = problem ?? (fields.has('tuf') ? notFollowed : undefined)
  return {
    name,
    keys,
    ...(sigstore === undefined ? {} : { sigstore: { ...sigstore, ...(followed === undefined ? {} : { expires: followed.expires }) } }),
    ...(sigstore === undefined && why !== undefined ? { withoutSigstore: why } : {}),
    validity: readValidity(fields),
    revoked,
  }
}

/** A trust root of which nothing is trusted, for the message. */
export const unusableTrustRoot = (name: string, why: string): TrustRoot => ({
  ...{ name, keys: new Map(), revoked: [], unusable: why },
  validity: { notBefore: Number.NEGATIVE_INFINITY, notAfter: Number.POSITIVE_INFINITY },
})

const notFollowed = 'only a cluster follows its TUF repository: "bulkhead trust import" reads a copy'

function readValidity(fields: FieldReader): Validity {
  const notBefore = fields.optionalTime('notBefore') ?? Number.NEGATIVE_INFINITY
  const notAfter = fields.optionalTime('notAfter') ?? Number.POSITIVE_INFINITY
  if (notAfter < notBefore) throw new UserError(`${fields.at('notAfter')} is before notBefore`)
  return { notBefore, notAfter }
}

function readKey(value: unknown, path: string): { readonly keyName: string; readonly path: string; readonly key: TrustedSignatureKey } {
  const fields = new FieldReader(value, path, ['name', 'publicKey', 'notBefore', 'notAfter'])
  const key = parsePublicKey(fields.text('publicKey'), fields.at('publicKey'))
  return { keyName: fields.text('name'), path, key: { ...key, validity: readValidity(fields) } }
}

function readRevocation(value: unknown, path: string): ParsedRevocation {
  const fields = new FieldReader(value, path, ['key', 'identity', 'before', 'reason'])
  const [key, before, reason] = [fields.optionalText('key'), fields.optionalTime('before'), fields.optionalText('reason')]
  const identity = fields.has('identity')
    ? new FieldReader(fields.get('identity'), fields.at('identity'), ['issuer', 'subject'])
    : undefined
  const [issuer, subject] = [identity?.optionalText('issuer'), identity?.text('subject')]
  if (key === undefined && subject === undefined && before === undefined) throw new UserError(`${path} must have key, identity or before`)
  if (key !== undefined && subject !== undefined) throw new UserError(`${path} must not have both key and identity`)
  return {
    ...(key === undefined ? {} : { key }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(subject === undefined ? {} : { subject }),
    ...(before === undefined ? {} : { before }),
    ...(reason === undefined ? {} : { reason }),
  }
}

function requireTuf(tuf: FieldReader): void {
  if (!isJsonObject(tuf.get('root'))) throw new UserError(`${tuf.at('root')} must be the object of the first trusted root.json`)
  const url = tuf.optionalText('url')
  if (url !== undefined && (!URL.canParse(url) || new URL(url).protocol !== 'https:'))
    throw new UserError(`${tuf.at('url')} must be an https URL, got "${url.slice(0, 200)}"`)
  tuf.optionalText('target')
  tuf.optionalText('authorities')
}

function readSigstore(fields: FieldReader, fromTuf: JsonObject | undefined): Omit<SigstoreRoot, 'expires'> | undefined {
  if (!fields.has('sigstore'))
    return fromTuf === undefined ? undefined : withThresholds(readTrustedRoot(fromTuf, 'the trusted root'), {}, 'spec.tuf')
  const sigstore = new FieldReader(fields.get('sigstore'), 'spec.sigstore', ['trustedRoot', 'thresholds'])
  const material = readTrustedRoot(fromTuf ?? sigstore.get('trustedRoot'), sigstore.at('trustedRoot'))
  const names = ['transparencyLogs', 'certificateLogs', 'timestamps'] as const
  const thresholds = new FieldReader(sigstore.get('thresholds') ?? {}, sigstore.at('thresholds'), names)
  const set = Object.fromEntries(names.map(name => [name, thresholds.optionalCount(name, maxThreshold)]))
  return withThresholds(material, set, 'spec.sigstore')
}

function withThresholds(
  material: TrustMaterial,
  set: Readonly<Record<string, number | undefined>>,
  path: string,
): Omit<SigstoreRoot, 'expires'> {
  const thresholds = {
    transparencyLogs: set['transparencyLogs'] ?? (material.tlogs.length > 0 ? 1 : 0),
    certificateLogs: set['certificateLogs'] ?? (material.ctlogs.length > 0 ? 1 : 0),
    timestamps: set['timestamps'] ?? (material.tlogs.length > 0 ? 0 : 1),
  }
  if (thresholds.transparencyLogs + thresholds.timestamps === 0)
    throw new UserError(
      `${path}.thresholds: one log entry or timestamp is needed at least, since it proves when the signer's certificate was used`,
    )
  return { material, thresholds }
}

/**
 * The same trusted root gives the same material, whatever else of its object changes: what was verified by it stays verified. sigstore's own has
 * 7 KB.
 */
const materials = new BoundedCache<TrustMaterial>(20)
const maxCachedText = 256 * 1024

/** Throws a UserError that begins with `where`. */
export function readTrustedRoot(value: unknown, where: string): TrustMaterial {
  if (!isJsonObject(value)) throw new UserError(`${where} must be the object of a trusted_root.json`)
  if (typeof value['mediaType'] !== 'string' || !mediaType.test(value['mediaType']))
    throw new UserError(`${where}.mediaType must be "application/vnd.dev.sigstore.trustedroot+json;version=0.1" or a later version`)
  for (const list of ['tlogs', 'certificateAuthorities', 'ctlogs', 'timestampAuthorities']) {
    const entries = value[list] ?? []
    if (!Array.isArray(entries) || entries.length > maxAuthorities)
      throw new UserError(`${where}.${list} must be a list of at most ${maxAuthorities} entries`)
  }
  const text = writeJson(value)
  const known = materials.get(text)
  if (known !== undefined) return known
  try {
    const material = toTrustMaterial(TrustedRoot.fromJSON(value), noKey)
    if (text.length <= maxCachedText) materials.set(text, material)
    return material
  } catch (err) {
    throw new UserError(`${where} cannot be read: ${messageOf(err)}`, { cause: err })
  }
}

/** Signatures by keys are verified by the keys of the trust root alone. */
function noKey(): never {
  throw new UserError('it is signed with a key, not with a certificate')
}
