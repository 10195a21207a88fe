// The keys that an issuer publishes, as far as tokens may be verified with them.
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import { getOwn } from '../../base/own-property.ts'

export interface VerificationKey {
  /** The key itself as text: a key that is published again is the same. */
  readonly identity: string
  readonly keyId: string
  /** The only one that it is for; undefined where the issuer does not say. */
  readonly algorithm: string | undefined
  /** `RSA`, or the name of its curve. */
  readonly type: string
  readonly key: KeyObject
}

/** A set of more is refused whole. */
const maxKeys = 100
const minRsaBits = 2048
/** Verifying takes the longer the larger it is. */
const maxRsaBits = 8192

/** Keys for other purposes, of other kinds or of no use are left out. Throws an Error where it is no set of keys. */
export function readKeySet(value: unknown): VerificationKey[] {
  const keys = isJsonObject(value) ? getOwn(value, 'keys') : undefined
  if (!Array.isArray(keys)) throw new Error('the issuer publishes no set of keys')
  if (keys.length > maxKeys) throw new Error(`the issuer publishes ${keys.length} keys, at most ${maxKeys} are read`)
  return keys.flatMap((item: unknown) => readKey(item) ?? [])
}

function readKey(item: unknown): VerificationKey | undefined {
  if (!isJsonObject(item)) return undefined
  const member = (name: string): string | undefined => {
    const given = getOwn(item, name)
    return typeof given === 'string' ? given : undefined
  }
  if ((member('use') ?? 'sig') !== 'sig') return undefined
  const [type, jwk] = publicPart(member)
  const key = jwk && importKey(jwk)
  if (type === undefined || key === undefined) return undefined
  const [keyId = '', algorithm] = [member('kid'), member('alg')]
  return { identity: JSON.stringify([keyId, algorithm ?? '', jwk]), keyId, algorithm, type, key }
}

function publicPart(member: (name: string) => string | undefined): [] | [type: string, jwk: JsonWebKey] {
  const [kty, n, e, crv, x, y] = ['kty', 'n', 'e', 'crv', 'x', 'y'].map(member)
  if (kty === 'RSA' && n !== undefined && e !== undefined) return ['RSA', { kty, n, e }]
  if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined) return [crv, { kty, crv, x, y }]
  return []
}

/** Undefined where it is none, or one too weak or too large. */
function importKey(jwk: JsonWebKey): KeyObject | undefined {
  let key: KeyObject
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    // Of the many ways in which a key can be broken none matters: with it nothing can be verified.
    return undefined
  }
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec') return key
  if (modulusLength === undefined || modulusLength < minRsaBits || modulusLength > maxRsaBits) return undefined
  return publicExponent !== undefined && publicExponent > 1n && publicExponent < 2n ** 32n && publicExponent % 2n === 1n ? key : undefined
}
