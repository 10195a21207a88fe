// supply.bulkhead.dev/v1 TrustRoot: whom image policies may trust.
import { createPublicKey } from 'node:crypto'
import { isJsonObject } from '../../../base/json.ts'
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import type { Revocation, TrustedKey, TrustRoot, TrustRootSpec, TrustRootStatus } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { boundedList, boundedText, maxPem, pemText, requiredText } from './bounded-fields.ts'
import { accepts, floorOf, rollbackMessage, rollbacksOf, type TrustFloor } from './trust-floor.ts'

export const maxKeys = 100
export const maxRevocations = 1000
const maxThreshold = 10
const leastRsaBits = 2048
const curves: readonly string[] = ['prime256v1', 'secp384r1']

export const trustRoot = defineResource<TrustRoot>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'TrustRoot',
  plural: 'trustroots',
  shortNames: ['troot'],
  namespaced: false,
  countsGeneration: true,
  subresources: [statusSubresource<TrustRoot>()],
  columns: [
    nameColumn,
    { name: 'Keys', type: 'integer', cell: ({ spec }) => (spec.keys ?? []).length },
    { name: 'Sigstore', type: 'string', cell: ({ spec }) => (spec.tuf ? 'tuf' : spec.sigstore ? 'fixed' : 'none') },
    { name: 'Revoked', type: 'integer', cell: ({ spec }) => (spec.revoked ?? []).length },
    { name: 'Expires', type: 'string', cell: ({ spec, status }) => spec.notAfter ?? status?.tufExpires ?? 'never' },
    { name: 'Message', type: 'string', priority: 1, cell: ({ status }) => faultOf(status) ?? '' },
    ageColumn,
  ],
  prepareForCreate(object) {
    delete object.status
    remember(object, undefined)
  },
  prepare(object, old) {
    keepStatus(object, old)
    const floor = floorBefore(old)
    const givesUp = accepts(object, floor)
    if (givesUp) object.status = withoutTuf(object.status)
    remember(object, givesUp ? undefined : floor)
  },
  validate: ({ spec }) => validate(spec),
  validateUpdate(object, old) {
    const floor = floorBefore(old)
    const rollbacks = rollbacksOf(object, floor)
    return rollbacks.length === 0 ? [] : [forbiddenField('spec', rollbackMessage(rollbacks, floor))]
  },
})

/** What an administrator reads first. */
const faultOf = (status: TrustRootStatus | undefined): string | undefined =>
  status?.conditions?.find(condition => condition.status === 'False')?.message ?? status?.message

/** Versions that were accepted before bind no more. */
function withoutTuf(status: TrustRootStatus | undefined): TrustRootStatus {
  const { tufVersion: _1, tufTimestamp: _2, tufSnapshot: _3, tufTargets: _4, tufExpires: _5, ...others } = status ?? {}
  return others
}

const floorBefore = (old: TrustRoot): TrustFloor => floorOf(old, { revoked: old.status?.revoked ?? [] })

/** What was revoked once stays in the status, also when the key is taken out of the object. */
function remember(object: TrustRoot, floor: TrustFloor | undefined): void {
  const { revoked } = floorOf(object, floor)
  if (revoked.length > 0 || object.status?.revoked !== undefined) object.status = { ...object.status, revoked: [...revoked] }
}

function validate(spec: TrustRootSpec | undefined): FieldError[] {
  const { version, keys = [], sigstore, tuf, notBefore, notAfter, revoked } = spec ?? {}
  const seen = new Set<string>()
  const unique = ({ name }: TrustedKey, at: string): FieldError[] => {
    if (seen.has(name)) return [duplicate(`${at}.name`, name)]
    seen.add(name)
    return []
  }
  return [
    ...(keys.length === 0 && sigstore === undefined && tuf === undefined ? [required('spec', 'must have keys, sigstore or tuf')] : []),
    ...boundedList('spec.keys', keys, maxKeys, (key, at) => [...unique(key, at), ...validateKey(key, at)]),
    ...(sigstore === undefined ? [] : validateSigstore(sigstore)),
    ...(tuf === undefined ? [] : validateTuf(tuf)),
    ...(tuf === undefined || tuf.url !== undefined || sigstore !== undefined
      ? []
      : [required('spec.sigstore', 'without spec.tuf.url nobody asks the repository: "bulkhead trust import" writes what it found there')]),
    ...(version === undefined || version >= 0 ? [] : [invalidValue('spec.version', version, 'must be at least 0')]),
    ...period('spec', notBefore, notAfter),
    ...boundedList('spec.revoked', revoked, maxRevocations, (entry, at) => validateRevocation(entry, at, seen)),
  ]
}

function validateKey({ name, publicKey, notBefore, notAfter }: TrustedKey, at: string): FieldError[] {
  const pem = pemText(`${at}.publicKey`, publicKey)
  const problem = pem.length > 0 ? undefined : keyProblem(publicKey)
  return [
    ...requiredText(`${at}.name`, name, 253),
    ...pem,
    ...(problem === undefined ? [] : [invalidValue(`${at}.publicKey`, publicKey.slice(0, 32), problem)]),
    ...period(at, notBefore, notAfter),
  ]
}

/** Undefined for a key that is accepted. */
function keyProblem(pem: string): string | undefined {
  const accepted = 'must be a public key in PEM (SPKI): ECDSA P-256 or P-384, Ed25519, or RSA of at least 2048 bits'
  // Node would take the public half of a private key, which must not be in an object that many may read.
  if (!pem.includes('PUBLIC KEY-----')) return accepted
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: { namedCurve = '', modulusLength = 0 } = {} } = createPublicKey(pem)
    if (type === 'ed25519' || (type === 'ec' && curves.includes(namedCurve)) || (type === 'rsa' && modulusLength >= leastRsaBits))
      return undefined
    return `${accepted}, got ${type ?? 'another'} ${namedCurve || modulusLength || ''}`.trimEnd()
  } catch {
    // OpenSSL's message names its own source lines; what is accepted is more useful.
    return accepted
  }
}

function validateSigstore({ trustedRoot, thresholds = {} }: NonNullable<TrustRootSpec['sigstore']>): FieldError[] {
  const at = 'spec.sigstore'
  return [
    ...(isJsonObject(trustedRoot) ? [] : [required(`${at}.trustedRoot`, 'must be the JSON object of trusted_root.json')]),
    ...Object.entries(thresholds).flatMap(([name, value]) =>
      value >= 0 && value <= maxThreshold ? [] : [invalidValue(`${at}.thresholds.${name}`, value, `must be 0 to ${maxThreshold}`)],
    ),
  ]
}

function validateTuf({ root, target, url, authorities }: NonNullable<TrustRootSpec['tuf']>): FieldError[] {
  const at = 'spec.tuf'
  return [
    ...(isJsonObject(root) ? [] : [required(`${at}.root`, 'must be the JSON object of the first trusted root.json')]),
    ...boundedText(`${at}.target`, target, 512),
    ...(url === undefined ? [] : validateUrl(`${at}.url`, url)),
    ...(authorities === undefined ? [] : pemText(`${at}.authorities`, authorities)),
    ...boundedText(`${at}.authorities`, authorities, maxPem),
  ]
}

function validateUrl(field: string, url: string): FieldError[] {
  const { protocol = '', username = '', password = '' } = URL.canParse(url) ? new URL(url) : {}
  if (protocol === 'https:' && username === '' && password === '') return boundedText(field, url, 2048)
  return [invalidValue(field, url.slice(0, 200), 'must be an https URL without a user')]
}

function validateRevocation({ key, identity, before, reason }: Revocation, at: string, keys: ReadonlySet<string>): FieldError[] {
  return [
    ...(key === undefined && identity === undefined && before === undefined ? [required(at, 'must have key, identity or before')] : []),
    ...(key === undefined || keys.has(key) ? [] : [invalidValue(`${at}.key`, key, 'must be the name of a key of this trust root')]),
    ...(identity === undefined ? [] : requiredText(`${at}.identity.subject`, identity.subject)),
    ...boundedText(`${at}.identity.issuer`, identity?.issuer),
    ...boundedText(`${at}.reason`, reason),
  ]
}

function period(at: string, notBefore: string | undefined, notAfter: string | undefined): FieldError[] {
  if (notBefore === undefined || notAfter === undefined || Date.parse(notBefore) < Date.parse(notAfter)) return []
  return [invalidValue(`${at}.notAfter`, notAfter, `must be after notBefore, which is ${notBefore}`)]
}
