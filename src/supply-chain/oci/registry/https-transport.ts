// HTTPS requests to one registry and to where it leads. There is no plain HTTP and no way to skip the verification of a certificate.
import { lookup as systemLookup } from 'node:dns'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import { type BlockList, isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate, rootCertificates } from 'node:tls'
import { untilAborted } from '../../../base/async/abort.ts'
import { answerHead } from '../../../base/net/answer-head.ts'
import { messageOf, UserError } from '../../../base/user-error.ts'
import { innerAddress } from './inner-address.ts'
import { RegistryUnavailable, RegistryUntrusted, RegistryUntrustworthy } from './registry-error.ts'

export interface TransportOptions {
  /** Where the registry is: `https://registry.example.com:5000`. Its address may be an inner one: an administrator has configured it. */
  readonly origin: URL
  /** PEM; undefined for the system's authorities. */
  readonly authorities?: string
  /** Addresses of pods and Services, to which no registry may lead. */
  readonly clusterAddresses?: BlockList
  /** For tests; the system's resolver if unset. */
  readonly lookup?: LookupFunction
  /** For tests; `headMs` if unset. */
  readonly headMs?: number
}

export interface RegistryRequest {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'POST' | 'PUT'
  readonly url: URL
  readonly headers: OutgoingHttpHeaders
  /** Sent before the answer is awaited; `Content-Length` is in the headers. */
  readonly body?: AsyncIterable<Uint8Array>
}

/** Until the head of the answer is there. */
export const headMs = 15_000
const maxHeaderBytes = 64 * 1024
const maxSockets = 8

export class HttpsTransport implements Disposable {
  readonly #options: TransportOptions
  readonly #own: Agent
  readonly #others: Agent

  constructor(options: TransportOptions) {
    this.#options = options
    const { authorities, lookup } = options
    this.#own = agent({
      ...(authorities === undefined ? {} : { ca: authorities, allowPartialTrustChain: true }),
      ...(lookup === undefined ? {} : { lookup }),
    })
    const all = authorities === undefined ? {} : { ca: [...rootCertificates, authorities] }
    this.#others = agent({ ...all, lookup: this.#checkedLookup })
  }

  /** Rejects with RegistryUnavailable or RegistryUntrustworthy. The caller reads the body to its end, or destroys the answer. */
  async send({ method, url, headers, body }: RegistryRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const own = this.isOwnHost(url)
    this.#requireAllowed(url, own)
    const { headMs: waitMs = headMs } = this.#options
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
    const outgoing = request(url, { method, headers, agent: own ? this.#own : this.#others, maxHeaderSize: maxHeaderBytes })
    const answer = answerHead(outgoing)
    try {
      if (body === undefined) outgoing.end()
      else {
        // A registry that refuses early closes the connection: its answer says why.
        await pipeline(Readable.from(body), outgoing, { signal }).catch((err: unknown) => {
          signal.throwIfAborted()
          if (!outgoing.destroyed || err instanceof UserError) throw err
        })
        return await untilAborted(answer, signal)
      }
      return await untilAborted(answer, limit)
    } catch (err) {
      outgoing.destroy()
      signal.throwIfAborted()
      if (err instanceof UserError) throw err
      const why = limit.aborted ? `it has not answered for ${waitMs / 1000} s` : messageOf(err)
      if (isCertificateFault(err))
        throw new RegistryUntrusted(`The certificate of ${url.host} is not trusted: ${why.replace(nodeAdvice, '')}`, { cause: err })
      throw new RegistryUnavailable(`Cannot reach ${url.host}: ${why}`, { cause: err })
    }
  }

  /** The same host name at any port: its administrator has named it. */
  isOwnHost({ hostname }: URL): boolean {
    return hostname === this.#options.origin.hostname
  }

  [Symbol.dispose](): void {
    this.#own.destroy()
    this.#others.destroy()
  }

  #requireAllowed({ protocol, host, hostname }: URL, own: boolean): void {
    if (protocol !== 'https:') throw new RegistryUntrustworthy(`${host}: only https is used, got "${protocol}"`)
    const address = hostname.replace(/^\[|\]$/g, '')
    if (!own && isIP(address) !== 0) this.#requirePublic(host, address)
  }

  #requirePublic(host: string, address: string): void {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    const what = innerAddress(address) ?? (this.#options.clusterAddresses?.check(address, family) === true ? "the cluster's" : undefined)
    if (what !== undefined)
      throw new RegistryUntrustworthy(
        `Registry ${this.#options.origin.host} leads to ${host}, whose address ${address} is not public: ${what}`,
      )
  }

  /** The addresses that are checked are those that are dialled, so that a name cannot change its address in between. */
  readonly #checkedLookup: LookupFunction = (hostname, options, callback) => {
    const resolve = this.#options.lookup ?? systemLookup
    resolve(hostname, { ...options, all: true }, (err, found) => {
      if (err !== null) return callback(err, '')
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }]
      try {
        for (const { address } of addresses) this.#requirePublic(hostname, address)
      } catch (refusal) {
        if (refusal instanceof Error) return callback(refusal, '')
        throw refusal
      }
      const [first] = addresses
      if (options.all === true) callback(null, addresses)
      else callback(null, first?.address ?? '', first?.family)
    })
  }
}

const agent = (options: ConnectionOptions): Agent =>
  new Agent({ ...options, keepAlive: true, maxSockets, minVersion: 'TLSv1.2', rejectUnauthorized: true, checkServerIdentity: checkNames })

/** Without alternative names Node would check the common name, which authorities do not verify. */
function checkNames(host: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname === undefined) return new NameMismatch('it has no subject alternative names')
  const mismatch = checkServerIdentity(host, certificate)
  return mismatch && new NameMismatch(mismatch.message)
}

class NameMismatch extends Error {}

/** Of OpenSSL's verification (X509_V_ERR_…), of names, and of versions of TLS. */
/** Node's own advice is for who starts Node. */
const nodeAdvice = /; if the root CA is installed locally.*$/

function isCertificateFault(err: unknown): boolean {
  if (err instanceof NameMismatch) return true
  const code = err instanceof Error && 'code' in err ? String(err.code) : ''
  return /CERT|SELF_SIGNED|UNABLE_TO_|CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH/.test(code)
}
