// A token issuer for tests: an HTTPS server with a discovery document and a key set, and a signer.
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { SignJWT } from 'jose'
import type { Clock } from '../../base/clock.ts'
import { newTestKey, testAuthority, testCertificate } from '../pki/certificate.fixture.ts'
import { der, derTag } from '../pki/der.ts'
import { toPem } from '../pki/key-and-csr.ts'
import type { JwtConfiguration } from './configuration.ts'

export interface TestKey {
  readonly keyId: string
  readonly algorithm: string
  readonly key: KeyObject
}

export type Claims = Readonly<Record<string, unknown>>

/** Answers instead of the issuer; false leaves it to the issuer. */
type Respond = (path: string, answer: ServerResponse) => boolean

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
let rsa: KeyObject | undefined

/** One RSA key serves all tests of a process: making one takes long. */
export function testKey(algorithm = 'ES256', keyId = `${algorithm}-key`): TestKey {
  const namedCurve = curves[algorithm]
  if (namedCurve !== undefined) return { keyId, algorithm, key: generateKeyPairSync('ec', { namedCurve }).privateKey }
  rsa ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  return { keyId, algorithm, key: rsa }
}

export const publicJwk = ({ keyId, key }: TestKey, more: Claims = {}): Claims => ({
  ...createPublicKey(key).export({ format: 'jwk' }),
  ...{ kid: keyId, use: 'sig' },
  ...more,
})

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** With any header and any claims, signed with ES256; texts are used as they are. */
export function forgedToken(key: KeyObject, header: Claims | string, claims: Claims | string): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

export class TestIssuer implements AsyncDisposable {
  readonly url: string
  /** PEM of the authority that its certificate is from. */
  readonly authority: string
  /** Requested paths, in order. */
  readonly asked: string[] = []
  keys: TestKey[] = [testKey()]
  respond: Respond = () => false
  readonly #server: Server

  private constructor(server: Server, port: number, authority: string) {
    this.#server = server
    this.url = `https://localhost:${port}`
    this.authority = authority
    server.on('request', (request, answer) => this.#answer(request, answer))
  }

  static async open(): Promise<TestIssuer> {
    const authority = testAuthority('issuer-ca')
    const key = newTestKey()
    const names = der(derTag.sequence, der(0x82, Buffer.from('localhost')))
    const certificate = testCertificate(
      authority,
      { commonName: 'issuer', usage: 'server', extensions: [{ oid: '551d11', critical: false, value: names }] },
      key,
    )
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    const server = createServer({ key: pem, cert: toPem('CERTIFICATE', certificate) })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return new TestIssuer(server, typeof address === 'object' && address ? address.port : 0, authority.pem)
  }

  /** That takes its tokens for `kubernetes`; users are `sub`, groups `groups`, both behind `ext:`. */
  configuration(more: Partial<Omit<JwtConfiguration, 'issuer'>> & { issuer?: Partial<JwtConfiguration['issuer']> } = {}): JwtConfiguration {
    const { issuer, ...rest } = more
    return {
      issuer: {
        ...{ url: this.url, discoveryURL: '', certificateAuthority: this.authority },
        ...{ audiences: ['kubernetes'], audienceMatchPolicy: '', ...issuer },
      },
      claimMappings: {
        username: { claim: 'sub', prefix: 'ext:', expression: '' },
        groups: { claim: 'groups', prefix: 'ext:', expression: '' },
        uid: { claim: '', expression: '' },
        extra: [],
      },
      claimValidationRules: [],
      userValidationRules: [],
      ...rest,
    }
  }

  /** Good for ten minutes around `now`, in milliseconds. */
  claims(now: number, more: Claims = {}): Claims {
    const seconds = Math.floor(now / 1000)
    return { iss: this.url, aud: 'kubernetes', sub: 'ann', iat: seconds - 60, exp: seconds + 600, ...more }
  }

  /** Signed by another implementation than the one under test. */
  async sign(claims: Claims, signer: TestKey | undefined = this.keys[0]): Promise<string> {
    if (signer === undefined) throw new Error('the issuer has no key')
    return await new SignJWT(claims).setProtectedHeader({ alg: signer.algorithm, kid: signer.keyId }).sign(signer.key)
  }

  #answer({ url: path = '' }: IncomingMessage, answer: ServerResponse): void {
    this.asked.push(path)
    if (this.respond(path, answer)) return
    if (path === '/.well-known/openid-configuration') answer.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }))
    else if (path === '/keys') answer.end(JSON.stringify({ keys: this.keys.map(key => publicJwk(key)) }))
    else answer.writeHead(404).end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Does not advance until a test moves it; sleeps end only when the test says so. */
export class TestClock implements Clock {
  ms = 1_700_000_000_000
  readonly #sleepers: { readonly until: number; wake(): void }[] = []

  now(): number {
    return this.ms
  }

  monotonic(): number {
    return this.ms
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#sleepers.push({ until: this.ms + ms, wake: resolve })
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    return promise
  }

  advance(ms: number): void {
    this.ms += ms
    for (const { until, wake } of this.#sleepers) if (until <= this.ms) wake()
  }
}
