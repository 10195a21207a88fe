// A witness with its key and what it cosigned in a folder, for any way by which submissions arrive.
import { createPrivateKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OneByOne } from '../async/serial-queue.ts'
import { readTextIfThere } from '../files/read-text.ts'
import { replaceFile } from '../files/replace-file.ts'
import { UserError } from '../user-error.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { publicOf } from './epoch-certificate.ts'
import { cosignatureType, type NoteKey, parseNote } from './note.ts'
import { answerSubmission, submittedOrigin, type WitnessAnswer } from './witness-submission.ts'

export const witnessKeyFile = 'witness.key'

/** Names the files of a log: its origin may be any text. */
export const logFileName = (origin: string): string => hash('sha256', origin, 'hex')

/** What decides about a log before its checkpoint is compared. */
export interface TrustedLogs {
  /** The key by which the checkpoint of this origin must be signed, or the answer that refuses it. */
  keyOf(origin: string): Promise<NoteKey | WitnessAnswer>
  /** Before a checkpoint that is to be cosigned is stored. */
  beforeStore?(key: NoteKey): Promise<void>
}

/** The answer, and the signed checkpoint of the same log that was cosigned before it. */
export interface StoredAnswer extends WitnessAnswer {
  readonly seen?: string
}

export class StoredWitness {
  readonly #folder: string
  readonly #privateKey: KeyObject
  /** By which others verify its cosignatures. */
  readonly key: NoteKey
  readonly #turns = new OneByOne()

  private constructor(folder: string, name: string, privateKey: KeyObject) {
    this.#folder = folder
    this.#privateKey = privateKey
    this.key = { name, type: cosignatureType, publicKey: publicOf(privateKey) }
  }

  /** Makes the folder and a key if they are missing. Rejects with a `UserError` if the file has no key. */
  static async open(folder: string, name: string): Promise<StoredWitness> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return new StoredWitness(folder, name, await ownKey(join(folder, witnessKeyFile)))
  }

  /** The newest signed checkpoint that was cosigned; undefined if there is none. */
  witnessed(origin: string): Promise<string | undefined> {
    return readTextIfThere(this.#pathOf(origin))
  }

  /** Submissions are answered one after the other. Resolves when what was cosigned is on disk; rejects if the folder cannot be used. */
  answer(body: string, logs: TrustedLogs, seconds: number): Promise<StoredAnswer> {
    return this.#turns.run(() => this.#answer(body, logs, seconds))
  }

  async #answer(body: string, logs: TrustedLogs, seconds: number): Promise<StoredAnswer> {
    const origin = submittedOrigin(body)
    if (typeof origin !== 'string') return origin
    const key = await logs.keyOf(origin)
    if ('status' in key) return key
    const seen = await this.witnessed(origin)
    const { name } = this.key
    const witnessed = seen === undefined ? undefined : parseCheckpoint(parseNote(seen).text)
    const answer = answerSubmission(body, { name, privateKey: this.#privateKey, keyOf: () => key, witnessed: () => witnessed }, seconds)
    if (answer.store !== undefined) {
      await logs.beforeStore?.(key)
      await replaceFile(this.#pathOf(origin), answer.store.note)
    }
    return seen === undefined ? answer : { ...answer, seen }
  }

  #pathOf(origin: string): string {
    return join(this.#folder, `${logFileName(origin)}.checkpoint`)
  }
}

async function ownKey(path: string): Promise<KeyObject> {
  if ((await readTextIfThere(path)) === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519')
    await replaceFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  const fail = (cause?: unknown): never => {
    throw new UserError(`Cannot use "${path}": it contains no PEM private key of Ed25519`, { cause })
  }
  const pem = await readFile(path)
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (err) {
    return fail(err)
  }
  return key.asymmetricKeyType === 'ed25519' ? key : fail()
}
