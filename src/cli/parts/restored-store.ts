// A server that starts with a restored store: the denials that the store lost are stored again before anyone is served.
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LoggedRevocations } from '../../access/audit/revocation-record.ts'
import { verifyLog } from '../../access/audit/verify-log.ts'
import type { Clock } from '../../base/clock.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { parseKey } from '../../base/tlog/note.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { type ReapplyParts, reapplyRevocations } from '../../cluster/access/reapply-revocations.ts'
import type { Signer } from '../../signer/signer.ts'
import { restoredStoreFile } from '../../store/restored-mark.ts'

export interface RestoredStoreParts extends ReapplyParts {
  readonly directory: string
  readonly auditFolder: string
  readonly signer: Pick<Signer, 'auditKey'>
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Before anyone is served. Rejects with a UserError if the audit log is not whole, or a denial cannot be stored. */
export async function finishRestored(parts: RestoredStoreParts): Promise<void> {
  const { directory, clock, log, signal } = parts
  const marked = await readTextIfThere(restoredStoreFile(directory))
  if (marked === undefined) return
  try {
    const logged = await readRevocations(parts, marked)
    const now = clock.now()
    const { denials, rules } = await reapplyRevocations(parts, logged, now)
    // Tokens are dated in whole seconds: one that is issued in this second counts as issued before.
    await clock.sleep(1000 - (Math.floor(now) % 1000), signal)
    await rm(restoredStoreFile(directory))
    await syncToDisk(dirname(restoredStoreFile(directory)))
    log.error('denials that the restored store had lost are stored again, and older tokens of ServiceAccounts are denied', {
      denials,
      rules,
    })
  } catch (err) {
    if (signal.aborted) throw signal.reason
    const what = `Cannot store the denials again that the restored store lost: ${messageOf(err)}`
    throw new UserError(
      `${what}. Fix that, or remove "${restoredStoreFile(directory)}" to start without them and then list denied credentials and DenyRules again`,
      { cause: err },
    )
  }
}

async function readRevocations({ directory, auditFolder, signer, signal }: RestoredStoreParts, marked: string): Promise<LoggedRevocations> {
  const logged = new LoggedRevocations()
  const value = parseJson(marked)
  const { log: older, denials, rules } = isJsonObject(value) ? value : {}
  const onRecord = (line: Buffer) => logged.add(line)
  // Its files come from a backup that was verified when it was restored.
  if (typeof older === 'string') await verifyLog(join(directory, older), { onRecord })
  // The changes of a backup are newer than its log.
  if (isJsonObject(denials)) logged.setDenials(denials)
  if (isJsonObject(rules)) for (const [name, spec] of Object.entries(rules)) logged.setRule(name, spec)
  const { rootKey, logKey, signed } = await signer.auditKey(signal)
  // Of a log that has just begun nothing was signed.
  const keys =
    signed === undefined
      ? {}
      : {
          ...{ rootKey: parseKey(rootKey), logKey: parseKey(logKey) },
          ...{ seen: [{ by: 'the signer', ...signed }], mayLackCheckpoint: true },
        }
  const { problems } = await verifyLog(auditFolder, { ...keys, onRecord })
  if (problems[0] !== undefined) throw new Error(`the audit log is not whole: ${problems[0]}`)
  return logged
}
