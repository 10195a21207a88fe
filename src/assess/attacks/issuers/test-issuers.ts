// Token issuers of a proof, all on one HTTPS server: each path is an issuer with a discovery document, and keys of its own.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { writeJson } from '../../../base/write-json.ts'
import type { ServerIdentity } from '../transport/test-authority.ts'

export type Fields = Readonly<Record<string, unknown>>

export const audience = 'bulkhead-prove'

export interface IssuerKey {
  readonly keyId: string
  readonly algorithm: 'ES256' | 'RS256'
  readonly key: KeyObject
}

export function newIssuerKey(algorithm: IssuerKey['algorithm']): IssuerKey {
  const { privateKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { keyId: randomUUID(), algorithm, key: privateKey }
}

/** Published with the algorithm that it is for. */
export const jwkOf = ({ key, keyId, algorithm }: IssuerKey): Fields => ({
  ...{ ...createPublicKey(key).export({ format: 'jwk' }), kid: keyId },
  ...{ use: 'sig', alg: algorithm },
})

export const encode = (value: Fields | string): string =>
  Buffer.from(typeof value === 'string' ? value : writeJson(value)).toString('base64url')

/** `header` replaces single fields; a field that is undefined is left out. */
export function signToken({ key, keyId, algorithm }: IssuerKey, claims: Fields, header: Fields = {}, digest = 'sha256'): string {
  const input = `${encode({ alg: algorithm, kid: keyId, ...header })}.${encode(claims)}`
  const signature = sign(digest, Buffer.from(input), algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key)
  return `${input}.${signature.toString('base64url')}`
}

export interface TestIssuer {
  /** Without the slash; the issuer is `https://host:port/name`. */
  readonly name: string
  readonly keys: readonly IssuerKey[]
  /** What its discovery document calls itself. Default: its URL. */
  readonly calledAs?: string
}

export class TestIssuers implements AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly #server: Server

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  static async open(host: string, identity: ServerIdentity, issuers: readonly TestIssuer[]): Promise<TestIssuers> {
    const server = createServer(identity)
    server.listen(0, host)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `https://${host}:${port}`
    const pages = new Map<string, Fields>(
      issuers.flatMap(({ name, keys, calledAs = `${url}/${name}` }) => [
        [`/${name}/.well-known/openid-configuration`, { issuer: calledAs, jwks_uri: `${url}/${name}/keys` }] as const,
        [`/${name}/keys`, { keys: keys.map(jwkOf) }] as const,
      ]),
    )
    server.on('request', ({ url: path = '' }, answer) => {
      const page = pages.get(path)
      answer.writeHead(page === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(writeJson(page ?? {}))
    })
    return new TestIssuers(server, url)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
