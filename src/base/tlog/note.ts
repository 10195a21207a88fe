// Signed notes of C2SP signed-note: a text and lines of signatures by named keys. Ed25519 only.
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'

export const maxNoteBytes = 1 << 20
export const maxSignatures = 100
const maxNameBytes = 256
const idBytes = 4
const keyBytes = 32
/** Types of signatures. */
export const ed25519Type = 0x01
export const cosignatureType = 0x04

export interface NoteSignature {
  readonly name: string
  readonly keyId: number
  readonly signature: Buffer
}

export interface Note {
  /** Ends with a line end. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** A key with a name: `type` says what its signatures cover. */
export interface NoteKey {
  readonly name: string
  readonly type: typeof ed25519Type | typeof cosignatureType
  readonly publicKey: KeyObject
}

export class MalformedNote extends Error {
  constructor(what: string) {
    super(`This is no signed note: ${what}`)
    this.name = 'MalformedNote'
  }
}

export const isKeyName = (name: string): boolean =>
  name !== '' && Buffer.byteLength(name) <= maxNameBytes && !name.includes('+') && !/\s/u.test(name)

/** The 32 bytes of an Ed25519 key. */
export function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(-keyBytes)
}

/** RFC 8410: an SPKI of Ed25519 is this and the key. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** Throws a RangeError for anything but 32 bytes. */
export function publicKeyOf(raw: Buffer): KeyObject {
  if (raw.length !== keyBytes) throw new RangeError(`An Ed25519 key has ${keyBytes} bytes, not ${raw.length}`)
  return createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
}

export function keyIdOf({ name, type, publicKey }: NoteKey): number {
  const bytes = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), rawPublicKey(publicKey)])
  return hash('sha256', bytes, 'buffer').readUInt32BE()
}

const hex8 = (id: number): string => id.toString(16).padStart(8, '0')

/** `<name>+<id>+<key>`, as verifiers of transparency logs take it. */
export function formatKey(key: NoteKey): string {
  return `${key.name}+${hex8(keyIdOf(key))}+${Buffer.concat([Buffer.from([key.type]), rawPublicKey(key.publicKey)]).toString('base64')}`
}

/** Throws `MalformedNote`. */
export function parseKey(text: string): NoteKey {
  const fail = (what: string): never => {
    throw new MalformedNote(`the key must be NAME+ID+KEY, ${what}`)
  }
  const [name = '', id = '', ...rest] = text.trim().slice(0, 1024).split('+')
  const bytes = base64(rest.join('+'))
  if (!isKeyName(name) || bytes === undefined || bytes.length !== 1 + keyBytes) return fail('with 33 bytes of base64 as its KEY')
  const type = bytes[0]
  if (type !== ed25519Type && type !== cosignatureType) return fail('of type 1 (Ed25519) or 4 (cosignature)')
  const key: NoteKey = { name, type, publicKey: publicKeyOf(bytes.subarray(1)) }
  return id === hex8(keyIdOf(key)) ? key : fail(`whose ID is ${hex8(keyIdOf(key))}`)
}

/** Standard base64 with its padding; undefined for anything else. */
export function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

export function signatureLine({ name, keyId, signature }: NoteSignature): string {
  const id = Buffer.alloc(idBytes)
  id.writeUInt32BE(keyId)
  return `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`
}

export const formatNote = ({ text, signatures }: Note): string => `${text}\n${signatures.map(signatureLine).join('')}`

/** Throws `MalformedNote`. The signatures are not verified. */
export function parseNote(note: string): Note {
  if (note.length > maxNoteBytes) throw new MalformedNote(`it has more than ${maxNoteBytes} bytes`)
  if (!note.endsWith('\n')) throw new MalformedNote('it does not end with a line end')
  const split = note.lastIndexOf('\n\n')
  if (split < 0) throw new MalformedNote('no empty line is before its signatures')
  return { text: note.slice(0, split + 1), signatures: parseSignatures(note.slice(split + 2)) }
}

/** Lines of signatures alone. Throws `MalformedNote`. */
export function parseSignatures(lines: string): NoteSignature[] {
  const parts = lines.split('\n').slice(0, -1)
  if (parts.length === 0) throw new MalformedNote('it has no signature')
  if (parts.length > maxSignatures) throw new MalformedNote(`it has more than ${maxSignatures} signatures`)
  return parts.map(line => {
    const [dash, name = '', text = '', ...rest] = line.split(' ')
    const bytes = base64(text)
    if (dash !== '—' || !isKeyName(name) || bytes === undefined || bytes.length <= idBytes || rest.length > 0)
      throw new MalformedNote('a signature is not "— NAME BASE64"')
    return { name, keyId: bytes.readUInt32BE(), signature: bytes.subarray(idBytes) }
  })
}

/** Signs the text as Ed25519 of signed-note does. */
export function signNote(text: string, name: string, privateKey: KeyObject): NoteSignature {
  const key: NoteKey = { name, type: ed25519Type, publicKey: createPublicKey(privateKey) }
  return { name, keyId: keyIdOf(key), signature: sign(null, Buffer.from(text), privateKey) }
}

/** Of the signatures that name this key: undefined if there is none, else whether one is valid. Never throws. */
export function isSignedBy({ text, signatures }: Note, key: NoteKey): boolean | undefined {
  const id = keyIdOf(key)
  const own = signatures.filter(({ name, keyId }) => name === key.name && keyId === id)
  if (own.length === 0) return undefined
  return own.some(({ signature }) => verify(null, Buffer.from(text), key.publicKey, signature))
}
