// The signer's folder as a sealed pack: no key leaves the signer in clear.
import { formatArchive } from '../base/backup/file-archive.ts'
import { sealPack } from '../base/backup/seal-pack.ts'
import type { KeyFolder } from './key-folder.ts'

const fileForm = /^[a-z0-9-]+\.(?:key|crt|json)$/

/** All keys, certificates and heads, for the recipients. */
export async function sealKeyFolder(folder: KeyFolder, recipients: readonly string[]): Promise<Buffer> {
  const names = (await folder.names()).filter(name => fileForm.test(name)).sort()
  const files = await Promise.all(names.map(async name => ({ name, content: (await folder.read(name)) ?? Buffer.alloc(0) })))
  const { content } = await sealPack(formatArchive(files), recipients)
  return content
}
