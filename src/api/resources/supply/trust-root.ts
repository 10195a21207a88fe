// supply.bulkhead.dev/v1 TrustRoot: whom image policies may trust.
import { createPublicKey } from 'node:crypto'
import { isJsonObject } from '../../../base/json.ts'
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import type { Revocation, TrustedKey, TrustRoot, TrustRootSpec } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { boundedList, boundedText, maxPem, pemText, requiredText } from './bounded-fields.ts'

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
    { name: 'Message', type: 'string', priority: 1, cell: ({ status }) => status?.message ?? '' },
    ageColumn,
  ],
  prepareForCreate(object) {
    delete object.status
  },
  prepare: keepStatus,
  validate: ({ spec }) => validate(spec),
})

function validate(spec: TrustRootSpec | undefined): FieldError[] {
  const { keys = [], sigstore, tuf, notBefore, notAfter, revoked } = spec ?? {}
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
    ...(tuf === undefined || sigstore !== undefined
      ? []
      : [required('spec.sigstore', 'the cluster reads no TUF repository: "bulkhead trust import" writes what it found there')]),
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
    ...(url === undefined
      ? []
      : [forbiddenField(`${at}.url`, 'the cluster fetches from no TUF repository yet: "bulkhead trust import" reads a copy of it')]),
    ...(authorities === undefined ? [] : pemText(`${at}.authorities`, authorities)),
    ...boundedText(`${at}.authorities`, authorities, maxPem),
  ]
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
