// A pack: content that is compressed by Zstandard and encrypted by age (https://age-encryption.org/v1) to the recipients of a backup. Its name is
// the SHA-256 of its encrypted bytes, so that its integrity can be verified without a key.
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import type { LinkPack } from './backup-link.ts'

export interface SealedPack extends LinkPack {
  readonly content: Buffer
}

/** Limit of what one pack holds, compressed or not: a hostile one must not fill the memory. */
export const maxPackBytes = 64 * 1024 * 1024

/** Throws a RangeError for more than `maxPackBytes`. age is loaded with the first call. */
export async function sealPack(plain: Buffer, recipients: readonly string[]): Promise<SealedPack> {
  if (plain.length > maxPackBytes) throw new RangeError(`A pack may hold at most ${maxPackBytes} bytes, not ${plain.length}`)
  if (recipients.length === 0) throw new RangeError('A pack needs a recipient, or nobody could open it')
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  const content = Buffer.from(await encrypter.encrypt(await promisify(zstdCompress)(plain)))
  return { pack: packDigest(content), bytes: content.length, content }
}

export const packDigest = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** An X25519 recipient, as `age-keygen -y` prints it: Bech32 without its checksum, which age verifies at the first use. */
export const isAgeRecipient = (text: string): boolean => /^age1[02-9ac-hj-np-z]{58}$/.test(text)
