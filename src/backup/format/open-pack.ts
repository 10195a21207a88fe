// Opens packs, which may be from anywhere: bounded, and with a fault that names the pack.
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { Decrypter } from 'age-encryption'
import type { LinkPack } from '../../base/backup/backup-link.ts'
import { maxPackBytes, packDigest } from '../../base/backup/seal-pack.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { BackupFault } from '../backup-fault.ts'
import { packName, type Target } from '../targets/target.ts'

/** Opens a pack that was read from a target. Throws a `BackupFault`. */
export type OpenPack = (ref: LinkPack, content: Buffer) => Promise<Buffer>

/** `identities` are those of age, `AGE-SECRET-KEY-1…`. Throws a UserError for another text. */
export function packOpener(identities: readonly string[]): OpenPack {
  const decrypter = new Decrypter()
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity)
    } catch (err) {
      throw new UserError('The identity is not one of age: it must be AGE-SECRET-KEY-1…, as age-keygen makes it', { cause: err })
    }
  }
  return async (ref, content) => {
    requirePack(ref, content)
    return await decompressed(ref, await decrypted(decrypter, ref, content))
  }
}

async function decrypted(decrypter: Decrypter, { pack }: LinkPack, content: Buffer): Promise<Uint8Array> {
  try {
    return await decrypter.decrypt(content)
  } catch (err) {
    const why = /no identity matched/i.test(messageOf(err))
      ? 'the identity is of none of its recipients. Give the identity of a recipient of this backup'
      : messageOf(err)
    throw new BackupFault('key', `Cannot open pack ${pack}: ${why}`, { cause: err })
  }
}

async function decompressed({ pack }: LinkPack, content: Uint8Array): Promise<Buffer> {
  try {
    return await promisify(zstdDecompress)(content, { maxOutputLength: maxPackBytes })
  } catch (err) {
    const why = `holds no Zstandard data of at most ${maxPackBytes} bytes: ${messageOf(err)}`
    throw new BackupFault('damaged', `Pack ${pack} ${why}`, { cause: err })
  }
}

/** Throws unless these are the bytes that the reference names. */
export function requirePack({ pack, bytes }: LinkPack, content: Buffer): void {
  if (content.length === bytes && packDigest(content) === pack) return
  const what = content.length === bytes ? 'was changed after it was written' : `has ${content.length} bytes instead of ${bytes}`
  throw new BackupFault('damaged', `Pack ${pack} ${what}`)
}

/** Reads a pack as it was written. */
export async function readPack(target: Target, ref: LinkPack, signal: AbortSignal): Promise<Buffer> {
  const content = await target.get(packName(ref.pack), Math.max(ref.bytes, 1), signal)
  if (content === undefined) throw new BackupFault('damaged', `Pack ${ref.pack} is missing in ${target.place}: it was removed`)
  requirePack(ref, content)
  return content
}
