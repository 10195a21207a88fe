// The keys that an issuer publishes, as far as tokens can be verified with them.
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'

export interface VerificationKey {
  /** The key as a string: equal for a key that is published again. */
  readonly identity: string
  readonly keyId: string
  /** The only algorithm of the key; undefined if the issuer does not restrict it. */
  readonly algorithm: string | undefined
  /** `RSA`, or the name of its curve. */
  readonly type: string
  readonly key: KeyObject
}

/** A larger set is refused as a whole. */
const maxKeys = 100
const minRsaBits = 2048
/** Verification takes longer with larger keys. */
const maxRsaBits = 8192

/** Keys for other purposes, of other types or without use are left out. Throws an Error if it is not a key set. */
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
  return { identity: writeJson([keyId, algorithm ?? '', jwk]), keyId, algorithm, type, key }
}

function publicPart(member: (name: string) => string | undefined): [] | [type: string, jwk: JsonWebKey] {
  const [kty, n, e, crv, x, y] = ['kty', 'n', 'e', 'crv', 'x', 'y'].map(member)
  if (kty === 'RSA' && n !== undefined && e !== undefined) return ['RSA', { kty, n, e }]
  if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined) return [crv, { kty, crv, x, y }]
  return []
}

/** Undefined if it is invalid, too weak or too large. */
function importKey(jwk: JsonWebKey): KeyObject | undefined {
  let key: KeyObject
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    // The kind of fault does not matter: nothing can be verified with this key.
    return undefined
  }
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec') return key
  if (modulusLength === undefined || modulusLength < minRsaBits || modulusLength > maxRsaBits) return undefined
  return publicExponent !== undefined && publicExponent > 1n && publicExponent < 2n ** 32n && publicExponent % 2n === 1n ? key : undefined
}
