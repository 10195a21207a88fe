// The files of a restored signer: as they were, but with a new key for tokens, so that no token that was issued before is valid. Some of them were
// issued after the restored revision, and what was revoked since is not known any more.
import type { ArchivedFile } from '../../base/backup/file-archive.ts'

const tokenKey = /^service-account-([1-9]\d{0,8})\.key$/

/** `newKey` is the PEM of a private key. Its number is above all others, so that no key id comes twice. */
export function restoredKeys(files: readonly ArchivedFile[], newKey: string): ArchivedFile[] {
  const numbers = files.map(({ name }) => Number(tokenKey.exec(name)?.[1] ?? 0))
  const next = { name: `service-account-${Math.max(0, ...numbers) + 1}.key`, content: Buffer.from(newKey) }
  return [...files.filter(({ name }) => !tokenKey.test(name)), next]
}
