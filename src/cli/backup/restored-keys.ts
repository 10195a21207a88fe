// The files of a restored signer: as they were, but with a new key for tokens, so that no token that was issued before is valid. Some of them were
// issued after the restored revision, and what was revoked since is not known any more. The audit log begins anew, too: no backup has its keys.
import type { ArchivedFile } from '../../base/backup/file-archive.ts'
import { archivedAuditKeys } from '../../signer/key-archive.ts'

const tokenKey = /^service-account-([1-9]\d{0,8})\.key$/
/** Backups of older releases have these. */
const ofOldLog = ['audit.key', 'audit-epoch.json', 'audit-head.json', archivedAuditKeys]

export interface NewKeys {
  /** PEM of private keys. */
  readonly token: string
  readonly audit: string
}

/** The number of the new key for tokens is above all others, so that no key id comes twice. */
export function restoredKeys(files: readonly ArchivedFile[], { token, audit }: NewKeys): ArchivedFile[] {
  const numbers = files.map(({ name }) => Number(tokenKey.exec(name)?.[1] ?? 0))
  return [
    ...files.filter(({ name }) => !tokenKey.test(name) && !ofOldLog.includes(name)),
    { name: `service-account-${Math.max(0, ...numbers) + 1}.key`, content: Buffer.from(token) },
    { name: 'audit.key', content: Buffer.from(audit) },
    // Nothing of the new log was signed.
    { name: 'audit-head.json', content: Buffer.from('{}\n') },
  ]
}

/** The public keys of the log before the restore; undefined in backups of older releases. */
export const auditKeysOf = (files: readonly ArchivedFile[]): string | undefined =>
  files.find(({ name }) => name === archivedAuditKeys)?.content.toString('utf8')
