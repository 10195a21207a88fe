// `bulkhead audit key`: the public keys of the log, to be kept elsewhere.
import { formatKey } from '../../base/tlog/note.ts'
import { type AuditFlags, keysOf } from './audit-folder.ts'

export function printKeys(flags: Pick<AuditFlags, 'dataDir'>, print: (text: string) => void): number {
  const { rootKey, logKey } = keysOf(flags)
  print(`${formatKey(rootKey)}\n${formatKey(logKey)}`)
  return 0
}
