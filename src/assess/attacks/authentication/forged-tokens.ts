// Tokens that differ from a genuine one in one thing (RFC 8725, 2.1 to 2.10): some need only that token, others the cluster's key, with which they are signed.
import { createHash, createHmac, createPublicKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { newSigningKey } from '../../forged-certificate.ts'

type Fields = Readonly<Record<string, unknown>>

export interface ForgedToken {
  readonly name: string
  readonly token: string
}

const encode = (value: Fields): string => Buffer.from(writeJson(value)).toString('base64url')

/** What anybody with one genuine token can make. `publicKeys` (SPKI PEM) are the cluster's, for algorithm confusion. */
export function forgedTokens(genuine: string, publicKeys: readonly string[]): ForgedToken[] {
  const [head = '', body = '', signature = ''] = genuine.split('.')
  const header = decode(head)
  const claims = decode(body)
  const key = newSigningKey()
  const signed = (h: Fields): string => signedBy(key, h, claims)
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const thumbprint = createHash('sha256').update(writeJson(jwk)).digest('base64url')
  const der = Buffer.concat([Buffer.from([0x30, 68, 2, 32]), halfOf(signature, 0), Buffer.from([2, 32]), halfOf(signature, 1)])
  return [
    { name: 'signed by another key with the same key id', token: signed(header) },
    { name: 'signed by another key with an unknown key id', token: signed({ ...header, kid: thumbprint }) },
    { name: 'signed by the key in its own header (jwk)', token: signed({ ...header, jwk, kid: thumbprint }) },
    { name: 'signed by a key that its header links (jku)', token: signed({ ...header, jku: 'https://bulkhead-prove.invalid/keys' }) },
    { name: 'signed by a key of a certificate in its header (x5c)', token: signed({ ...header, x5c: ['AAAA'] }) },
    { name: 'signed by another key without a key id', token: signed({ ...header, kid: undefined }) },
    {
      name: 'with another subject',
      token: `${head}.${encode({ ...claims, sub: 'system:serviceaccount:kube-system:namespace-controller' })}.${signature}`,
    },
    { name: 'with a longer life', token: `${head}.${encode({ ...claims, exp: Number(claims['exp']) + 86_400 })}.${signature}` },
    { name: 'with one bit of its claims changed', token: `${head}.${bitChanged(body)}.${signature}` },
    { name: 'with one bit of its signature changed', token: `${head}.${body}.${bitChanged(signature)}` },
    { name: 'with its header written anew', token: `${encode({ ...header, x: 1 })}.${body}.${signature}` },
    ...['none', 'None', 'NONE'].map(alg => ({ name: `with algorithm ${alg}`, token: `${encode({ ...header, alg })}.${body}.` })),
    { name: 'with algorithm none and its signature', token: `${encode({ ...header, alg: 'none' })}.${body}.${signature}` },
    { name: 'without a signature', token: `${head}.${body}.` },
    { name: 'without the part of the signature', token: `${head}.${body}` },
    { name: 'with a cut signature', token: `${head}.${body}.${signature.slice(0, -4)}` },
    { name: 'with a signature of zeros', token: `${head}.${body}.${Buffer.alloc(64).toString('base64url')}` },
    { name: 'with its signature in DER', token: `${head}.${body}.${der.toString('base64url')}` },
    { name: 'with a padded signature', token: `${genuine}==` },
    { name: 'with a fourth part', token: `${genuine}.AAAA` },
    ...publicKeys.flatMap((publicKey, index) =>
      [publicKey, publicKey.trim(), createPublicKey(publicKey).export({ type: 'spki', format: 'der' })].map((secret, form) => {
        const input = `${encode({ ...header, alg: 'HS256' })}.${body}`
        const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
        return { name: `with algorithm HS256 and public key ${index + 1} (form ${form + 1})`, token }
      }),
    ),
  ]
}

/** Signed by the cluster's own key, so that only the changed field can be the reason of a refusal. The first changes nothing. `now` in ms. */
export function nearTokens(genuine: string, key: KeyObject, now: number): readonly [ForgedToken, ...ForgedToken[]] {
  const [head = '', body = ''] = genuine.split('.')
  const header = decode(head)
  const claims = decode(body)
  const seconds = Math.floor(now / 1000)
  const kubernetes = claims['kubernetes.io']
  const bound = typeof kubernetes === 'object' && kubernetes !== null ? { ...kubernetes } : {}
  const account = 'serviceaccount' in bound && typeof bound.serviceaccount === 'object' ? { ...bound.serviceaccount } : {}
  const named = 'name' in account ? account.name : ''
  const withHeader = (name: string, more: Fields): ForgedToken => ({ name, token: signedBy(key, { ...header, ...more }, claims) })
  const withClaims = (name: string, more: Fields): ForgedToken => ({ name, token: signedBy(key, header, { ...claims, ...more }) })
  const withBound = (name: string, more: Fields): ForgedToken => withClaims(name, { 'kubernetes.io': { ...bound, ...more } })
  const gone = { name: 'bulkhead-prove-gone', uid: randomUUID() }
  return [
    withClaims('signed anew', { jti: randomUUID() }),
    withClaims('that expired a minute ago', { exp: seconds - 60 }),
    withClaims('that expires now', { exp: seconds }),
    withClaims('without an expiry', { exp: undefined }),
    withClaims('whose expiry is text', { exp: String(seconds + 600) }),
    withClaims('that is not valid yet', { nbf: seconds + 300 }),
    withClaims('that is issued in the future', { iat: seconds + 300 }),
    withClaims('of another audience', { aud: ['https://bulkhead-prove.invalid'] }),
    withClaims('of a part of its audience', { aud: [String([claims['aud']].flat()[0]).slice(0, -1)] }),
    withClaims('of a longer audience', { aud: [`${String([claims['aud']].flat()[0])}/`] }),
    withClaims('of no audience', { aud: [] }),
    withClaims('without audiences', { aud: undefined }),
    withClaims('of another issuer', { iss: 'https://bulkhead-prove.invalid' }),
    withClaims('of an issuer with a slash more', { iss: `${String(claims['iss'])}/` }),
    withClaims('without an issuer', { iss: undefined }),
    withClaims('without an id', { jti: undefined }),
    withClaims('whose subject is another account than its claims say', { sub: 'system:serviceaccount:kube-system:namespace-controller' }),
    withClaims('without the claims of Kubernetes', { 'kubernetes.io': undefined }),
    withBound('of an account with another uid', { serviceaccount: { ...account, uid: randomUUID() } }),
    withBound('of an account without a uid', { serviceaccount: { name: named } }),
    withBound('bound to a pod that does not exist', { pod: gone }),
    withBound('bound to a Secret that does not exist', { secret: gone }),
    withBound('bound to a Node that does not exist', { node: gone }),
    withHeader('with a key id that nobody knows', { kid: 'bulkhead-prove' }),
    withHeader('with algorithm RS256', { alg: 'RS256' }),
    withHeader('with algorithm ES384', { alg: 'ES384' }),
    withHeader('with its algorithm in lower case', { alg: 'es256' }),
    withHeader('without an algorithm', { alg: undefined }),
    withHeader('with a critical extension', { crit: ['exp'], exp: seconds }),
  ]
}

function signedBy(key: KeyObject, header: Fields, claims: Fields): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const halfOf = (signature: string, index: 0 | 1): Buffer => Buffer.from(signature, 'base64url').subarray(32 * index, 32 * index + 32)

function bitChanged(part: string): string {
  const bytes = Buffer.from(part, 'base64url')
  const at = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes.toString('base64url')
}

function decode(part: string): Fields {
  const value: unknown = parseJson(Buffer.from(part, 'base64url').toString('utf8'))
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The same token with another expiry, in ms since the epoch and cut to seconds, signed by the cluster's key. */
export function expiringToken(genuine: string, key: KeyObject, expires: number): string {
  const [head = '', body = ''] = genuine.split('.')
  return signedBy(key, decode(head), { ...decode(body), exp: Math.floor(expires / 1000), jti: randomUUID() })
}
