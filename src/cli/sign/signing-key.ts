// The private key that a user names, from a PEM file.
import { readFile, stat } from 'node:fs/promises'
import { cannotRead, UserError } from '../../base/user-error.ts'
import { parsePrivateKey, type SigningKey } from '../../supply-chain/signatures/private-key.ts'

const maxKeyBytes = 64 * 1024
/** Has the passphrase of an encrypted key. A flag would show it to every user of the machine. */
export const passphraseVariable = 'BULKHEAD_KEY_PASSPHRASE'

/** Rejects with a UserError that names the file. */
export async function readSigningKey(file: string, passphrase: string | undefined): Promise<SigningKey> {
  let text: string
  try {
    const { size } = await stat(file)
    if (size > maxKeyBytes) throw new UserError(`"${file}" has ${size} bytes, a key at most ${maxKeyBytes}`)
    text = await readFile(file, 'utf8')
  } catch (err) {
    throw cannotRead(file, err)
  }
  return parsePrivateKey(text, `"${file}"`, passphrase)
}
