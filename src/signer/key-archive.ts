// The signer's folder as a sealed pack: no key leaves the signer in clear, and the keys that sign the audit log do not leave it at all.
import { formatArchive } from '../base/backup/file-archive.ts'
import { sealPack } from '../base/backup/seal-pack.ts'
import type { KeyFolder } from './key-folder.ts'

const fileForm = /^[a-z0-9-]+\.(?:key|crt|json)$/
/**
 * With the key of an epoch, whoever opens a backup could sign another history of that epoch, however long ago it ended. A restored cluster
 * begins a new log.
 */
const ofAuditLog = /^audit(?:-[a-z]+)?\.(?:key|json)$/

/** Of the archive: the public keys of the audit log, as `bulkhead audit key` prints them. */
export const archivedAuditKeys = 'audit.pub'

/** All other keys, certificates and heads, for the recipients. `auditKeys` are public. */
export async function sealKeyFolder(folder: KeyFolder, recipients: readonly string[], auditKeys: string): Promise<Buffer> {
  const names = (await folder.names()).filter(name => fileForm.test(name) && !ofAuditLog.test(name)).sort()
  const files = await Promise.all(names.map(async name => ({ name, content: (await folder.read(name)) ?? Buffer.alloc(0) })))
  const { content } = await sealPack(formatArchive([...files, { name: archivedAuditKeys, content: Buffer.from(auditKeys) }]), recipients)
  return content
}
