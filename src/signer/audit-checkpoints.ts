// Signs checkpoints of the audit log, each only if it continues the one before, with a key that exists for one epoch alone.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { formatCheckpoint } from '../base/tlog/checkpoint.ts'
import { certifyEpoch, epochKeyName, originOf, publicOf, rootKeyName } from '../base/tlog/epoch-certificate.ts'
import { emptyRoot, hashBytes } from '../base/tlog/hashes.ts'
import { ed25519Type, formatKey, formatNote, signNote } from '../base/tlog/note.ts'
import { isConsistent } from '../base/tlog/verify-proof.ts'
import type { AuditLogKeys, AuditTree, SignedCheckpoint } from './signer.ts'

export const defaultEpochMs = 3_600_000

/** The key of the current epoch, and what is public of it. */
export interface AuditEpoch {
  readonly origin: string
  /** The root key as verifiers take it. Its private half was never stored. */
  readonly rootKey: string
  readonly epoch: number
  readonly privateKey: KeyObject
  readonly certificate: string
  /** The size of the tree that the certificate closes. */
  readonly size: number
  /** Milliseconds since the Unix epoch. */
  readonly since: number
}

export interface AuditHead extends AuditTree {
  /** The signed checkpoint. */
  readonly note: string
}

export interface AuditMemory {
  readonly head: AuditHead | undefined
  keepHead(head: AuditHead): Promise<void>
  /** Replaces the key of the epoch before, so that it cannot be read again. */
  keepEpoch(epoch: AuditEpoch): Promise<void>
}

/** The first epoch of a log. Its root key is gone when this returns. */
export function firstEpoch(now: number): AuditEpoch {
  const root = generateKeyPairSync('ed25519')
  const origin = originOf(root.publicKey)
  const rootKey = formatKey({ name: rootKeyName(origin), type: ed25519Type, publicKey: root.publicKey })
  return epochOf({ origin, rootKey, epoch: 1, size: 0, root: emptyRoot, now }, root.privateKey)
}

interface NextEpoch extends AuditTree {
  readonly origin: string
  readonly rootKey: string
  readonly epoch: number
  readonly now: number
}

function epochOf({ origin, rootKey, epoch, size, root, now }: NextEpoch, by: KeyObject): AuditEpoch {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const certificate = certifyEpoch({ origin, epoch, publicKey, size, root, since: Math.floor(now / 1000) }, by)
  return { origin, rootKey, epoch, privateKey, certificate, size, since: now }
}

export interface AuditCheckpointsOptions {
  /** Signs every checkpoint beside the key of the epoch, so that verifiers of transparency logs need one key only. */
  readonly logKey: KeyObject
  readonly logKeyId: string
  readonly logKeyPem: string
  readonly epoch: AuditEpoch
  readonly memory?: AuditMemory
  readonly clock: Clock
  readonly epochMs: number
}

export class AuditCheckpoints {
  readonly #options: AuditCheckpointsOptions
  #epoch: AuditEpoch
  #head: AuditHead | undefined
  /** One after the other: each continues the one before. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: AuditCheckpointsOptions) {
    this.#options = options
    this.#epoch = options.epoch
    this.#head = options.memory?.head
  }

  keys(): AuditLogKeys {
    const { origin, rootKey, certificate } = this.#epoch
    const { logKey, logKeyId: keyId, logKeyPem: publicKey } = this.#options
    const name = formatKey({ name: origin, type: ed25519Type, publicKey: publicOf(logKey) })
    return { keyId, publicKey, origin, logKey: name, rootKey, epoch: certificate, signed: this.#head }
  }

  /** Rejects with a RangeError if the tree does not continue the one that was signed before. */
  sign(tree: AuditTree, proof: readonly Buffer[]): Promise<SignedCheckpoint> {
    const signed = this.#last.then(() => this.#sign(tree, proof))
    this.#last = signed.catch(() => undefined)
    return signed
  }

  async #sign({ size, root }: AuditTree, hashes: readonly Buffer[]): Promise<SignedCheckpoint> {
    const { memory, clock, logKey, epochMs } = this.#options
    if (root.length !== hashBytes) throw new RangeError(`Cannot sign audit checkpoint: a root has ${hashBytes} bytes, not ${root.length}`)
    const { size: oldSize, root: oldRoot, note: oldNote } = this.#head ?? { size: 0, root: emptyRoot, note: undefined }
    if (size < oldSize) throw new RangeError(`Cannot sign audit checkpoint ${size}: checkpoint ${oldSize} is already signed`)
    if (!isConsistent({ oldSize, oldRoot, size, root, hashes }))
      throw new RangeError(`Cannot sign audit checkpoint ${size}: it does not continue checkpoint ${oldSize}`)
    if (size === oldSize && oldNote !== undefined) return { note: oldNote, epoch: this.#epoch.certificate }
    const { origin, epoch, privateKey } = this.#epoch
    const text = formatCheckpoint({ origin, size, root })
    const note = formatNote({ text, signatures: [signNote(text, origin, logKey), signNote(text, epochKeyName(origin, epoch), privateKey)] })
    this.#head = { size, root, note }
    await memory?.keepHead(this.#head)
    // A clock that was set back ends the epoch, too.
    if (size > this.#epoch.size && Math.abs(clock.now() - this.#epoch.since) >= epochMs) await this.#nextEpoch({ size, root })
    return { note, epoch: this.#epoch.certificate }
  }

  async #nextEpoch(tree: AuditTree): Promise<void> {
    const { origin, rootKey, epoch, privateKey } = this.#epoch
    const next = epochOf({ ...tree, origin, rootKey, epoch: epoch + 1, now: this.#options.clock.now() }, privateKey)
    await this.#options.memory?.keepEpoch(next)
    this.#epoch = next
  }
}
