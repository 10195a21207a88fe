// The newest link of each backup target, as the signer remembers it: a target that was emptied or set back is noticed, and no link is signed that
// does not follow it.
import { parseLink } from '../base/backup/backup-link.ts'
import { isJsonObject } from '../base/json.ts'
import { messageOf } from '../base/user-error.ts'
import { PolicyViolation } from './policy.ts'
import { backupHeadParam, targetParam } from './protocol.ts'
import type { BackupHead } from './signer.ts'

/** By the names of targets. */
export type BackupHeads = ReadonlyMap<string, BackupHead>

/** A compromised caller must not fill the signer's disk. */
export const maxTargets = 64

/** Throws `PolicyViolation` for a payload that is no link, or does not follow the head of its target. */
export function requireNext(payload: Buffer, heads: BackupHeads): void {
  const link = parsed(payload)
  const head = heads.get(link.target)
  const follows = link.number === (head?.number ?? 0) + 1 && link.previous === (head?.digest ?? '')
  if (follows) return
  const what = `Link ${link.number} of target "${link.target}" does not follow link ${head?.number ?? 0}, which is the newest there`
  throw new PolicyViolation('backup-order', what)
}

function parsed(payload: Buffer): ReturnType<typeof parseLink> {
  try {
    return parseLink(payload)
  } catch (cause) {
    throw new PolicyViolation('backup-form', `It is no link of a backup: ${messageOf(cause)}`, { cause })
  }
}

/** Throws a RangeError for a head before the remembered one. */
export function withHead(heads: BackupHeads, target: string, head: BackupHead): BackupHeads {
  const known = heads.get(target)
  if (known !== undefined && (head.number < known.number || (head.number === known.number && head.digest !== known.digest)))
    throw new RangeError(`Cannot keep link ${head.number} of target "${target}": link ${known.number} is already kept`)
  if (known === undefined && heads.size >= maxTargets) throw new RangeError(`Cannot keep more than ${maxTargets} backup targets`)
  return new Map([...heads, [target, head]])
}

export const backupHeadsFields = (heads: BackupHeads): object => ({ targets: Object.fromEntries(heads) })

export function parseBackupHeads({ targets }: Readonly<Record<string, unknown>>): BackupHeads {
  if (!isJsonObject(targets)) throw new TypeError('it has no targets')
  return new Map(
    Object.entries(targets).map(([target, head]) => {
      if (!isJsonObject(head)) throw new TypeError('a head is not an object')
      return [targetParam({ target }), backupHeadParam(head)]
    }),
  )
}
