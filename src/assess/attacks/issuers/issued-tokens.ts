// Tokens of an issuer that differ from a genuine one in one thing (RFC 8725, 2.1 to 2.10; OpenID Connect Core 3.1.3.7; KEP-3331). Pure.
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { writeJson } from '../../../base/write-json.ts'
import { audience, encode, type Fields, type IssuerKey, jwkOf, newIssuerKey, signToken } from './test-issuers.ts'

export interface IssuedToken {
  readonly name: string
  readonly token: string
}

export interface TokenIssuers {
  /** URLs of the issuer that the tokens claim, and of another one that is trusted too. */
  readonly url: string
  readonly otherUrl: string
  /** `second` is of the same kind as `ec`. */
  readonly keys: { readonly ec: IssuerKey; readonly second: IssuerKey; readonly rsa: IssuerKey }
  readonly otherKey: IssuerKey
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** What the issuer's rules require: see `issuerSettings()`. */
export const requiredClaims = { tenant: 'prove', level: 3 }

export const genuineClaims = ({ url, now }: Pick<TokenIssuers, 'url' | 'now'>, more: Fields = {}): Fields => {
  const seconds = Math.floor(now / 1000)
  return { iss: url, aud: audience, sub: 'ann', groups: ['dev'], iat: seconds - 10, exp: seconds + 600, ...requiredClaims, ...more }
}

export function forgedIssuedTokens(issuers: TokenIssuers): IssuedToken[] {
  const { url, otherUrl, keys, otherKey, now } = issuers
  const { ec, second, rsa } = keys
  const seconds = Math.floor(now / 1000)
  const claims = genuineClaims(issuers)
  const genuine = signToken(ec, claims)
  const [head = '', body = '', signature = ''] = genuine.split('.')
  const stranger = newIssuerKey('ES256')
  const withClaims = (name: string, more: Fields): IssuedToken => ({ name, token: signToken(ec, { ...claims, ...more }) })
  const withHeader = (name: string, more: Fields): IssuedToken => ({ name, token: signToken(ec, claims, more) })
  const { privateKey: p384 } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  return [
    // The issuer and its keys.
    withClaims('of an unknown issuer', { iss: 'https://bulkhead-prove.invalid' }),
    withClaims('of the other issuer, with a key of this one', { iss: otherUrl }),
    { name: 'of this issuer, with the key of the other one', token: signToken(otherKey, claims) },
    { name: 'of this issuer, with the key of the other one under its own id', token: signToken({ ...otherKey, keyId: ec.keyId }, claims) },
    withClaims('of an issuer with a slash more', { iss: `${url}/` }),
    withClaims('of an issuer in capitals', { iss: url.replace('https', 'HTTPS') }),
    withClaims('of a part of the issuer', { iss: url.slice(0, -1) }),
    withClaims('of a list of issuers', { iss: [url] }),
    withClaims('without an issuer', { iss: undefined }),
    { name: 'of a key that nobody published', token: signToken(stranger, claims) },
    { name: 'of a key that nobody published under a known id', token: signToken({ ...stranger, keyId: ec.keyId }, claims) },
    { name: 'of a key that nobody published without an id', token: signToken(stranger, claims, { kid: undefined }) },
    { name: 'of the key in its own header', token: signToken(stranger, claims, { jwk: jwkOf(stranger) }) },
    { name: 'of a key that its header links', token: signToken(stranger, claims, { jku: `${otherUrl}/keys` }) },
    { name: 'of a key on another curve', token: signToken({ ...ec, key: p384 }, claims) },
    // Audience and time.
    withClaims('for another audience', { aud: 'vault' }),
    withClaims('for a longer audience', { aud: `${audience}-2` }),
    withClaims('for a part of the audience', { aud: audience.slice(0, -1) }),
    withClaims('for the audience in capitals', { aud: audience.toUpperCase() }),
    withClaims('for no audience', { aud: [] }),
    withClaims('without an audience', { aud: undefined }),
    withClaims('for an audience and what is none', { aud: [audience, 1] }),
    withClaims('that expired a second ago', { exp: seconds - 1 }),
    withClaims('that expired an hour ago', { exp: seconds - 3600 }),
    withClaims('without an expiry', { exp: undefined }),
    withClaims('whose expiry is text', { exp: String(seconds + 600) }),
    withClaims('that expires never', { exp: 1e300 }),
    withClaims('that is not valid yet', { nbf: seconds + 300 }),
    withClaims('whose beginning is text', { nbf: 'yesterday' }),
    // Algorithms and signatures.
    ...['none', 'None', 'NONE', ''].map(alg => ({
      name: `with algorithm "${alg}"`,
      token: `${encode({ alg, kid: ec.keyId })}.${body}.`,
    })),
    { name: 'with algorithm none and its signature', token: `${encode({ alg: 'none', kid: ec.keyId })}.${body}.${signature}` },
    withHeader('without an algorithm', { alg: undefined }),
    withHeader('with its algorithm in lower case', { alg: 'es256' }),
    withHeader('with algorithm ES384', { alg: 'ES384' }),
    withHeader('with algorithm RS256 for a key of a curve', { alg: 'RS256' }),
    { name: 'with algorithm PS256 for a signature of RS256', token: signToken(rsa, claims, { alg: 'PS256' }) },
    { name: 'with algorithm RS512 for a signature of RS256', token: signToken(rsa, claims, { alg: 'RS512' }) },
    { name: 'with algorithm RS512, of a key for RS256', token: signToken(rsa, claims, { alg: 'RS512' }, 'sha512') },
    withHeader('with the id of another key of its issuer', { kid: rsa.keyId }),
    { name: 'with the id of another key of its issuer, for that one', token: signToken({ ...second, keyId: ec.keyId }, claims) },
    withHeader('with a critical extension', { crit: ['exp'], exp: seconds }),
    ...[ec, rsa].flatMap(published =>
      secretsOf(published).map((secret, form) => {
        const input = `${encode({ alg: 'HS256', kid: published.keyId })}.${body}`
        const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
        return { name: `with algorithm HS256 and the public key of ${published.algorithm} (form ${form + 1})`, token }
      }),
    ),
    { name: 'without a signature', token: `${head}.${body}.` },
    { name: 'without the part of the signature', token: `${head}.${body}` },
    { name: 'with a signature of zeros', token: `${head}.${body}.${Buffer.alloc(64).toString('base64url')}` },
    { name: 'with a cut signature', token: `${head}.${body}.${signature.slice(0, -4)}` },
    { name: 'with a padded signature', token: `${genuine}==` },
    { name: 'with a fourth part', token: `${genuine}.AAAA` },
    { name: 'with another subject', token: `${head}.${encode({ ...claims, sub: 'root' })}.${signature}` },
    { name: 'with another group', token: `${head}.${encode({ ...claims, groups: ['ops'] })}.${signature}` },
    { name: 'with its header written anew', token: `${encode({ alg: 'ES256', kid: ec.keyId, x: 1 })}.${body}.${signature}` },
    // The user, and the rules of the configuration.
    withClaims('without a subject', { sub: undefined }),
    withClaims('whose subject is a number', { sub: 1 }),
    withClaims('whose groups are a number', { groups: 1 }),
    withClaims('whose groups are elsewhere', { groups: undefined, _claim_names: { groups: 'x' } }),
    withClaims('without a required claim', { tenant: undefined }),
    withClaims('with another value of a required claim', { tenant: 'other' }),
    withClaims('with the required claim in capitals', { tenant: 'PROVE' }),
    withClaims('with a list as a required claim', { tenant: ['prove'] }),
    withClaims('that an expression about claims refuses', { level: 2 }),
    withClaims('for which an expression about claims fails', { level: 'high' }),
    withClaims('without the claim of an expression', { level: undefined }),
    withClaims('that the second expression about claims refuses', { blocked: true }),
    withClaims('whose user an expression refuses', { sub: 'mallory' }),
    withClaims('whose groups an expression refuses', { groups: ['dev', 'banned'] }),
  ]
}

/** Of an issuer whose names have no prefix, and that gives mail addresses as names. */
export function reservedTokens(url: string, key: IssuerKey, now: number): IssuedToken[] {
  const seconds = Math.floor(now / 1000)
  const claims = { iss: url, aud: audience, email: 'ann@example.com', email_verified: true, iat: seconds, exp: seconds + 600 }
  const withClaims = (name: string, more: Fields): IssuedToken => ({ name, token: signToken(key, { ...claims, ...more }) })
  return [
    withClaims('with a verified address', {}),
    withClaims('with an address that is not verified', { email_verified: false }),
    withClaims('whose address is verified by text', { email_verified: 'true' }),
    withClaims('with an empty address', { email: '' }),
    withClaims("with the name of the cluster's own", { email: 'system:kube-controller-manager' }),
    withClaims('with the group system:masters', { groups: ['system:masters'] }),
    withClaims('with the group of administrators', { groups: ['dev', 'system:bulkhead:administrators'] }),
    withClaims('with the group of nodes as text', { groups: 'system:nodes' }),
  ]
}

/** What a verifier that takes a public key for a secret may use. */
function secretsOf(key: IssuerKey): (string | Buffer)[] {
  const spki = createPublicKey(key.key).export({ type: 'spki', format: 'pem' }).toString()
  return [spki, spki.trim(), createPublicKey(key.key).export({ type: 'spki', format: 'der' }), writeJson(jwkOf(key))]
}
