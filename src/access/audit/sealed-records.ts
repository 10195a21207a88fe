// Seals records to readers: a data key for each tenant and epoch, wrapped to the readers as age does (X25519), and forgotten when the epoch
// is over. What was written then, nobody on this machine can read.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { newX25519KeyPair, pointOf, publicKeyOf } from '../../base/crypto/x25519.ts'
import { isJsonObject, isTexts, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AuditEvent } from './audit-event.ts'
import { revocationLine } from './log-record.ts'
import { revocationsOf } from './revocation-record.ts'

const recordVersion = 'audit.bulkhead.dev/v1'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const cipher = 'aes-256-gcm'
/** Of age: what the shared secret is for. */
const wrapInfo = 'age-encryption.org/v1/X25519'

const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
const privateOf = (raw: Buffer): KeyObject => createPrivateKey({ key: Buffer.concat([pkcs8Prefix, raw]), format: 'der', type: 'pkcs8' })

/** The 32 bytes of the public key of an identity. */
export const recipientOf = (identity: Buffer): Buffer => pointOf(createPublicKey(privateOf(identity)))

interface Wrapped {
  /** Base64: of the recipient, of the key made for this wrapping, and the wrapped data key with its tag. */
  readonly to: string
  readonly share: string
  readonly key: string
}

function wrap(dataKey: Buffer, recipient: Buffer): Wrapped {
  const { privateKey, publicKey: share } = newX25519KeyPair()
  const sealed = encrypt(wrapKey(privateKey, recipient, share, recipient), Buffer.alloc(nonceBytes), dataKey, 'chacha20-poly1305')
  return { to: recipient.toString('base64'), share: share.toString('base64'), key: sealed.toString('base64') }
}

const wrapKey = (own: KeyObject, other: Buffer, share: Buffer, recipient: Buffer): Buffer =>
  Buffer.from(
    hkdfSync(
      'sha256',
      diffieHellman({ privateKey: own, publicKey: publicKeyOf(other) }),
      Buffer.concat([share, recipient]),
      wrapInfo,
      keyBytes,
    ),
  )

function unwrap({ share, key }: Wrapped, identity: Buffer): Buffer {
  const made = Buffer.from(share, 'base64')
  return decrypt(
    wrapKey(privateOf(identity), made, made, recipientOf(identity)),
    Buffer.alloc(nonceBytes),
    Buffer.from(key, 'base64'),
    'chacha20-poly1305',
  )
}

function encrypt(key: Buffer, nonce: Buffer, plain: Buffer, by: 'chacha20-poly1305' | 'aes-256-gcm', context = ''): Buffer {
  const sealing = by === cipher ? createCipheriv(by, key, nonce) : createCipheriv(by, key, nonce, { authTagLength: tagBytes })
  sealing.setAAD(Buffer.from(context), { plaintextLength: plain.length })
  return Buffer.concat([sealing.update(plain), sealing.final(), sealing.getAuthTag()])
}

/** Throws if the key, nonce, context or bytes are others. */
function decrypt(key: Buffer, nonce: Buffer, bytes: Buffer, by: 'chacha20-poly1305' | 'aes-256-gcm', context = ''): Buffer {
  if (bytes.length < tagBytes) throw new RangeError('The sealed bytes are too short')
  const opening =
    by === cipher
      ? createDecipheriv(by, key, nonce, { authTagLength: tagBytes })
      : createDecipheriv(by, key, nonce, { authTagLength: tagBytes })
  opening.setAAD(Buffer.from(context), { plaintextLength: bytes.length - tagBytes })
  opening.setAuthTag(bytes.subarray(-tagBytes))
  return Buffer.concat([opening.update(bytes.subarray(0, -tagBytes)), opening.final()])
}

/** Whose records are sealed to whom: the first that matches; an empty list matches all. Recipients as 32 bytes in base64. */
export interface SealRule {
  readonly namespaces: readonly string[]
  readonly recipients: readonly string[]
}

interface DataKey {
  readonly id: string
  readonly key: Buffer
  count: number
}

/** More tenants at once than this share a key with others of their rule until the epoch is over. */
const maxTenantKeys = 1000

export class RecordSealer {
  readonly #rules: readonly SealRule[]
  readonly #keys = new Map<string, DataKey>()

  constructor(rules: readonly SealRule[]) {
    this.#rules = rules
  }

  /** The lines for an event, whose own line ends with a line end: with a new key, its record comes first. */
  seal(event: AuditEvent, line: string): readonly string[] {
    const tenant = event.objectRef?.namespace ?? ''
    const at = this.#ruleFor(tenant)
    const rule = this.#rules[at]
    if (rule === undefined) return [line]
    const place = this.#keys.has(`${at}/${tenant}`) || this.#keys.size < maxTenantKeys ? `${at}/${tenant}` : `${at}/*`
    const lines: string[] = []
    let dataKey = this.#keys.get(place)
    if (dataKey === undefined) {
      dataKey = { id: randomBytes(12).toString('base64url'), key: randomBytes(keyBytes), count: 0 }
      this.#keys.set(place, dataKey)
      const { id: key } = dataKey
      const wrapped = rule.recipients.map(recipient => wrap(dataKey?.key ?? Buffer.alloc(0), Buffer.from(recipient, 'base64')))
      lines.push(`${writeJson({ kind: 'SealKey', apiVersion: recordVersion, key, wrapped })}\n`)
    }
    const { auditID: id, stageTimestamp: time } = event
    const nonce = Buffer.alloc(nonceBytes)
    nonce.writeUIntBE(++dataKey.count, nonceBytes - 6, 6)
    const sealed = encrypt(dataKey.key, nonce, Buffer.from(line), cipher, `${dataKey.id} ${id} ${time}`)
    const fields = {
      kind: 'Sealed',
      apiVersion: recordVersion,
      auditID: id,
      time,
      key: dataKey.id,
      number: dataKey.count,
      sealed: sealed.toString('base64'),
    }
    lines.push(`${writeJson(fields)}\n`)
    const revocations = revocationsOf(event)
    if (revocations !== undefined) lines.push(revocationLine(id, time, revocations))
    return lines
  }

  /** Whether events about this namespace are sealed; '' for what is in none. */
  covers(namespace: string): boolean {
    return this.#ruleFor(namespace) >= 0
  }

  #ruleFor(tenant: string): number {
    return this.#rules.findIndex(({ namespaces }) => namespaces.length === 0 || namespaces.includes(tenant))
  }

  /** The epoch is over: its keys are overwritten and gone. */
  forget(): void {
    for (const { key } of this.#keys.values()) key.fill(0)
    this.#keys.clear()
  }
}

/** Opens sealed lines of a log in their order, with the identities of readers (32 bytes each). */
export class RecordOpener {
  readonly #identities: ReadonlyMap<string, Buffer>
  readonly #keys = new Map<string, Buffer>()

  constructor(identities: readonly Buffer[]) {
    this.#identities = new Map(identities.map(identity => [recipientOf(identity).toString('base64'), identity]))
  }

  /** The line of the event; undefined for a line that is not sealed, or not to these readers. Throws an Error for one that was changed. */
  open(line: Buffer): Buffer | undefined {
    const start = line.toString('latin1', 0, 18)
    if (!start.startsWith('{"kind":"Seal')) return undefined
    const fields = parseJson(line.toString('utf8'))
    if (!isJsonObject(fields)) return undefined
    if (fields['kind'] === 'SealKey') this.#learn(fields)
    return fields['kind'] === 'Sealed' ? this.#opened(fields) : undefined
  }

  #learn({ key: id, wrapped }: Readonly<Record<string, unknown>>): void {
    if (typeof id !== 'string' || !Array.isArray(wrapped)) return
    for (const each of wrapped as readonly unknown[]) {
      if (!isJsonObject(each)) continue
      const { to, share, key } = each
      const texts: unknown = [to, share, key]
      if (!isTexts(texts)) continue
      const [recipient = '', made = '', sealed = ''] = texts
      const identity = this.#identities.get(recipient)
      if (identity !== undefined) this.#keys.set(id, unwrap({ to: recipient, share: made, key: sealed }, identity))
    }
  }

  #opened({ auditID, time, key: id, number, sealed }: Readonly<Record<string, unknown>>): Buffer | undefined {
    const key = typeof id === 'string' ? this.#keys.get(id) : undefined
    if (key === undefined || typeof number !== 'number' || typeof sealed !== 'string') return undefined
    const nonce = Buffer.alloc(nonceBytes)
    nonce.writeUIntBE(number, nonceBytes - 6, 6)
    return decrypt(key, nonce, Buffer.from(sealed, 'base64'), cipher, `${id} ${auditID} ${time}`)
  }
}
