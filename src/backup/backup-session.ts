// What one process seals: packs for the recipients, and for itself as long as it runs, so that it can verify what it wrote. Its own identity is
// in its memory only: after its end, nothing in the cluster opens the backup.
import { createHmac, randomBytes } from 'node:crypto'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import type { LinkPack } from '../base/backup/backup-link.ts'
import { type SealedPack, sealPack } from '../base/backup/seal-pack.ts'
import { packName, type Target } from './targets/target.ts'

/** Which of the packs are stored is known by keyed digests, since a plain digest of a Secret would allow guessing it. */
export class BackupSession {
  readonly #key = randomBytes(32)
  readonly #known = new Map<string, Promise<LinkPack>>()
  readonly recipients: readonly string[]
  readonly identity: string

  private constructor(recipients: readonly string[], identity: string) {
    this.recipients = recipients
    this.identity = identity
  }

  static async begin(recipients: readonly string[]): Promise<BackupSession> {
    const identity = await generateX25519Identity()
    return new BackupSession([...recipients, await identityToRecipient(identity)], identity)
  }

  /** Stores the content as a pack, unless the session has stored it already. */
  store(target: Target, plain: Buffer, signal: AbortSignal): Promise<LinkPack> {
    const id = createHmac('sha256', this.#key).update(plain).digest('hex')
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const stored = this.storeOnce(target, plain, signal)
    this.#known.set(id, stored)
    stored.catch(() => this.#known.delete(id))
    return stored
  }

  /** For content that does not come twice. */
  async storeOnce(target: Target, plain: Buffer, signal: AbortSignal): Promise<LinkPack> {
    return await putPack(target, await sealPack(plain, this.recipients), signal)
  }

  /** Packs that were removed from the target have to be stored anew. */
  async forget(removed: ReadonlySet<string>): Promise<void> {
    for (const [id, stored] of this.#known) if (removed.has((await stored).pack)) this.#known.delete(id)
  }

  /** The packs that it has stored. */
  async stored(): Promise<Set<string>> {
    return new Set((await Promise.all(this.#known.values())).map(({ pack }) => pack))
  }
}

export async function putPack(target: Target, { content, ...ref }: SealedPack, signal: AbortSignal): Promise<LinkPack> {
  await target.put(packName(ref.pack), content, signal)
  return ref
}
