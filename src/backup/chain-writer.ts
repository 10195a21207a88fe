// Adds links to the chain of a target.
import type { KeyObject } from 'node:crypto'
import { formatLink, type KeptBackup, type Link, linkFormat } from '../base/backup/backup-link.ts'
import { packDigest } from '../base/backup/seal-pack.ts'
import type { Clock } from '../base/clock.ts'
import { BackupFault } from './backup-fault.ts'
import type { LinkSigner } from './backup-source.ts'
import { type BackupLink, type Chain, readChain } from './chain.ts'
import { formatSigned, type SignedLink } from './format/signed-link.ts'
import { linkName, type Target } from './targets/target.ts'

export interface ChainWriterOptions {
  readonly target: Target
  /** The name of the target. */
  readonly name: string
  readonly cluster: string
  readonly key: KeyObject
  readonly signer: LinkSigner
  readonly recipients: readonly string[]
  readonly clock: Clock
}

export class ChainWriter {
  readonly #options: ChainWriterOptions
  #newest: SignedLink | undefined
  #kept: readonly KeptBackup[]
  #changesAfter: number
  /** The newest revision that the target holds; 0 without a backup. */
  #revision: number
  #backups: readonly BackupLink[]
  /** Packs of the changes that are there, by the number of their link. */
  readonly #changes: Map<number, string>

  private constructor(options: ChainWriterOptions, { newest, kept, changesAfter, backups, changes }: Chain) {
    this.#options = options
    this.#newest = newest
    this.#kept = kept
    this.#changesAfter = changesAfter
    this.#backups = backups
    this.#changes = new Map(changes.map(({ number, content }) => [number, content.pack.pack]))
    this.#revision = Math.max(0, ...backups.map(({ content }) => content.revision), changes.at(-1)?.content.revision ?? 0)
  }

  /** Reads and verifies what is there. Rejects with a `BackupFault` that names what is wrong. */
  static async open(options: ChainWriterOptions, signal: AbortSignal): Promise<ChainWriter> {
    const { target, name, key, signer, cluster } = options
    const head = await signer.head(name, signal)
    const chain = await readChain(target, { key, head }, signal)
    const { newest } = chain
    if (newest !== undefined) {
      if (newest.link.cluster !== cluster || newest.link.target !== name)
        throw new BackupFault('target', `${target.place} holds backups of another cluster or target: give each its own place`)
      // The process may have ended between storing a link and reporting it.
      if (newest.link.number !== head?.number) await signer.keepHead(name, { number: newest.link.number, digest: newest.digest }, signal)
    }
    return new ChainWriter(options, chain)
  }

  get newest(): SignedLink | undefined {
    return this.#newest
  }

  get backups(): readonly BackupLink[] {
    return this.#backups
  }

  get kept(): readonly KeptBackup[] {
    return this.#kept
  }

  get changesAfter(): number {
    return this.#changesAfter
  }

  /** Packs of the changes that are kept. */
  get changePacks(): Iterable<string> {
    return this.#changes.values()
  }

  get revision(): number {
    return this.#revision
  }

  get nextNumber(): number {
    return (this.#newest?.link.number ?? 0) + 1
  }

  /** Stores the link as the newest. After a failure it is unknown whether it is stored: open the chain again. */
  async append(content: Link['content'], signal: AbortSignal): Promise<SignedLink> {
    const { target, name, cluster, signer, recipients, clock } = this.#options
    const number = this.nextNumber
    const link: Link = {
      ...{ format: linkFormat, target: name, cluster, number, previous: this.#newest?.digest ?? '' },
      ...{ time: new Date(clock.now()).toISOString(), recipients, content },
    }
    const payload = formatLink(link)
    const file = formatSigned(payload, await signer.sign(payload, signal))
    await target.put(linkName(number), file, signal)
    const signed = { link, digest: packDigest(file) }
    await signer.keepHead(name, { number, digest: signed.digest }, signal)
    this.#take(signed)
    return signed
  }

  #take(signed: SignedLink): void {
    const { link, digest } = signed
    const { content, number } = link
    this.#newest = signed
    if (content.kind === 'changes') {
      this.#changes.set(number, content.pack.pack)
      this.#revision = content.revision
      return
    }
    this.#changesAfter = content.changesAfter
    for (const before of this.#changes.keys()) if (before <= content.changesAfter) this.#changes.delete(before)
    this.#kept = content.kept
    if (content.kind === 'backup') {
      this.#revision = Math.max(this.#revision, content.revision)
      this.#kept = [...content.kept, { number, digest, base: content.base }]
      this.#backups = [...this.#backups, { ...link, content }]
    }
    const numbers = new Set(this.#kept.map(kept => kept.number))
    this.#backups = this.#backups.filter(backup => numbers.has(backup.number))
  }
}
