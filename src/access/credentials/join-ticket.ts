// One-time tickets with which a node gets its first certificate: their format, storage and verification.
import { randomBytes } from 'node:crypto'
import { ticketSecretPrefix, ticketSecretType } from '../../api/credentials/join-ticket-names.ts'
import { Secret } from '../../base/config/secret.ts'
import { secretHash } from './secret-hash.ts'

/** In the extra of a used ticket's user: the one request that it may still read. */
export const ticketRequestExtra = 'bulkhead.dev/used-for'
export const maxTicketSeconds = 3600

const form = /^bulkhead-join\.([a-z0-9]{10})\.([A-Za-z0-9_-]{32})$/

/** The stored part of a ticket, without its secret. `expires` is in milliseconds since the epoch. */
export interface JoinTicket {
  readonly id: string
  /** SHA-256 of the secret part, 32 bytes. */
  readonly hash: Buffer
  readonly node: string
  readonly expires: number
  /** The CertificateSigningRequest that it was used for; undefined while it is unused. */
  readonly request?: string
}

/** The two parts of a bearer token; undefined if it is not a join ticket. */
export function parseTicket(token: string): { readonly id: string; readonly secret: Secret } | undefined {
  const match = form.exec(token)
  if (match === null) return undefined
  const [, id = '', secret = ''] = match
  return { id, secret: new Secret(secret) }
}

export const looksLikeTicket = (token: string): boolean => token.startsWith('bulkhead-join.')

/** A new ticket with 192 random bits. `token` is shown once, to its creator. */
export function createTicket(
  node: string,
  now: number,
  lifetimeSeconds = maxTicketSeconds,
): { readonly token: Secret; readonly ticket: JoinTicket } {
  if (!(lifetimeSeconds > 0 && lifetimeSeconds <= maxTicketSeconds)) {
    throw new RangeError(`Cannot make a join ticket for ${lifetimeSeconds} s: at most ${maxTicketSeconds} s are allowed`)
  }
  const id = randomBytes(5).toString('hex')
  const secret = randomBytes(24).toString('base64url')
  const ticket = { id, hash: secretHash(new Secret(secret)), node, expires: now + lifetimeSeconds * 1000 }
  return { token: new Secret(`bulkhead-join.${id}.${secret}`), ticket }
}

/** The data of the Secret `kube-system/bulkhead-join-<id>` in base64. */
export function ticketSecretData(ticket: JoinTicket): Record<string, string> {
  const encode = (text: string) => Buffer.from(text).toString('base64')
  const expires = `${new Date(ticket.expires).toISOString().slice(0, 19)}Z`
  return { hash: encode(ticket.hash.toString('hex')), node: encode(ticket.node), expires: encode(expires) }
}

/** Parses a stored ticket; undefined if the Secret is malformed, which then admits no node. */
export function ticketOfSecret(secret: {
  readonly type?: string
  readonly metadata: { readonly name?: string }
  readonly data?: Readonly<Record<string, string>> | null
}): JoinTicket | undefined {
  const name = secret.metadata.name ?? ''
  if (secret.type !== ticketSecretType || !name.startsWith(ticketSecretPrefix)) return undefined
  const decode = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8')
  const hash = Buffer.from(decode('hash'), 'hex')
  const expires = Date.parse(decode('expires'))
  const node = decode('node')
  if (hash.length !== 32 || Number.isNaN(expires) || node === '') return undefined
  const request = decode('request')
  return { id: name.slice(ticketSecretPrefix.length), hash, node, expires, ...(request === '' ? {} : { request }) }
}
