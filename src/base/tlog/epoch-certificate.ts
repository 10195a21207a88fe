// Certificates of epoch keys: the key of each epoch of a log certifies that of the next one, and with it the tree up to there. A key is
// destroyed when its epoch is over, so that nobody can certify another history of that epoch later.
import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { hashBytes } from './hashes.ts'
import {
  base64,
  ed25519Type,
  formatNote,
  isSignedBy,
  MalformedNote,
  type Note,
  type NoteKey,
  parseNote,
  publicKeyOf,
  rawPublicKey,
  signNote,
} from './note.ts'

const form = 'bulkhead.dev/audit-epoch/v1'

export interface EpochCertificate {
  /** Names the log. */
  readonly origin: string
  /** Counts epochs from 1. */
  readonly epoch: number
  readonly publicKey: KeyObject
  /** The tree at the end of the epoch before. */
  readonly size: number
  readonly root: Buffer
  /** When the epoch began, in seconds since the Unix epoch. */
  readonly since: number
}

/** A log is named after the key that certifies its first epoch, and that exists only at that moment. */
export const originOf = (rootKey: KeyObject): string => `bulkhead.dev/audit/${hash('sha256', rawPublicKey(rootKey), 'hex').slice(0, 16)}`

export const rootKeyName = (origin: string): string => `${origin}/root`
export const epochKeyName = (origin: string, epoch: number): string => (epoch === 0 ? rootKeyName(origin) : `${origin}/epoch/${epoch}`)

/** The key with which checkpoints of an epoch are signed, and the certificate of the next one. Epoch 0 is the root. */
export const epochKey = (origin: string, epoch: number, publicKey: KeyObject): NoteKey => ({
  ...{ name: epochKeyName(origin, epoch), type: ed25519Type, publicKey },
})

/** Signed by the key of the epoch before. */
export function certifyEpoch({ origin, epoch, publicKey, size, root, since }: EpochCertificate, by: KeyObject): string {
  const key = rawPublicKey(publicKey).toString('base64')
  const text = `${form}\n${origin}\n${epoch}\n${key}\n${size}\n${root.toString('base64')}\n${since}\n`
  return formatNote({ text, signatures: [signNote(text, epochKeyName(origin, epoch - 1), by)] })
}

/** Throws `MalformedNote`. The signature is not verified. */
export function parseEpochCertificate(text: string): { readonly certificate: EpochCertificate; readonly note: Note } {
  const note = parseNote(text)
  const [first, origin = '', epoch = '', key = '', size = '', root = '', since = '', end] = note.text.split('\n', 9)
  const [keyBytes, rootBytes] = [base64(key), base64(root)]
  const numbers = [epoch, size, since].map(each => (/^(0|[1-9][0-9]{0,14})$/.test(each) ? Number(each) : Number.NaN))
  if (
    first !== form ||
    origin === '' ||
    end !== '' ||
    keyBytes?.length !== hashBytes ||
    rootBytes?.length !== hashBytes ||
    numbers.some(Number.isNaN)
  )
    throw new MalformedNote('it certifies no epoch')
  const [number = 0, treeSize = 0, begun = 0] = numbers
  return { certificate: { origin, epoch: number, publicKey: publicKeyOf(keyBytes), size: treeSize, root: rootBytes, since: begun }, note }
}

/** Whether the key of the epoch before signed this certificate. */
export const isCertifiedBy = (note: Note, { origin, epoch }: EpochCertificate, previous: KeyObject): boolean =>
  isSignedBy(note, epochKey(origin, epoch - 1, previous)) === true

export const publicOf = (privateKey: KeyObject): KeyObject => createPublicKey(privateKey)
