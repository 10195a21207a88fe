// Finds the authority of an API server that nothing is known of but the digest of its authority. Nothing secret is sent before that fits.
import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto'
import { connect, type DetailedPeerCertificate } from 'node:tls'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'

/** Certificates of one chain that are looked at. */
const maxChain = 8
const connectMs = 10_000
const digestPattern = /^sha256:([0-9a-f]{64})$/

/** `sha256:` and the hexadecimal SHA-256 of the DER of the first certificate in this PEM. */
export function authorityDigest(pem: string): string {
  return digestOf(new X509Certificate(pem).raw)
}

/** Throws a UserError if it is no digest of an authority. */
export function parseDigest(text: string): string {
  if (!digestPattern.test(text))
    throw new UserError(
      `--ca-digest must be "sha256:" and 64 hexadecimal digits, as "bulkhead join-ticket create" prints it, got "${text}"`,
    )
  return text
}

/**
 * PEM of the authority with this digest, which the server sends with its certificate. The caller verifies the server with it on each later
 * connection. Rejects with a UserError if nothing answers, or the server has another authority.
 */
export async function fetchAuthority(server: URL, digest: string): Promise<string> {
  const { chain, problem } = await serverChain(server)
  const found = chain.find(raw => isSame(digestOf(raw), digest))
  if (found !== undefined) return new X509Certificate(found).toString()
  const last = chain.at(-1)
  const shown = last === undefined ? `it sent no certificate${problem}` : `its authority is ${digestOf(last)}`
  throw new UserError(
    `The server at ${server.origin} is not the one of this ticket: ${shown}, and --ca-digest is ${digest}. Compare it with what "bulkhead join-ticket create" printed`,
  )
}

const digestOf = (der: Buffer): string => `sha256:${createHash('sha256').update(der).digest('hex')}`

const isSame = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

function serverChain({ hostname, port, origin }: URL): Promise<{ readonly chain: readonly Buffer[]; readonly problem: string }> {
  // An IPv6 address has brackets in a URL.
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    // Only the chain is read, and nothing is sent.
    const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false, minVersion: 'TLSv1.3', timeout: connectMs })
    const fail = (why: string, cause?: Error) => {
      socket.destroy()
      reject(
        new UserError(
          `Cannot reach the API server at ${origin} from this machine (${why}): check the address, that "bulkhead up" listens on it (--bind-address) and that no firewall is between`,
          { cause },
        ),
      )
    }
    socket.once('timeout', () => fail(`no answer within ${connectMs / 1000} s`))
    socket.once('error', err => fail(codeOf(err) === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(err), err))
    socket.once('secureConnect', () => {
      const chain = chainOf(socket.getPeerCertificate(true))
      socket.destroy()
      resolve({ chain, problem: '' })
    })
  })
}

/** Leaf first. The last one names itself as its issuer. */
function chainOf(leaf: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = []
  for (let at: DetailedPeerCertificate | undefined = leaf; at?.raw !== undefined && chain.length < maxChain; ) {
    chain.push(at.raw)
    const next: DetailedPeerCertificate | undefined = at.issuerCertificate
    if (next === at) break
    at = next
  }
  return chain
}
