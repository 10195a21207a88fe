// What was denied after the restored revision: the target has it within seconds, while the audit log comes with each backup only.

import type { ObjectRecord } from '../api/backup/record-line.ts'
import { deniedCredentials } from '../api/credentials/denied-credentials-names.ts'
import { isJsonObject, parseJson } from '../base/json.ts'
import type { Chain } from './chain.ts'
import { eachRecord, type ReadPlain } from './restored-objects.ts'

export interface LaterDenials {
  /** The deny list as it was last; undefined if it was not written since. */
  readonly denials: Readonly<Record<string, unknown>> | undefined
  /** Specifications of DenyRules by their name, and null for those that were deleted. */
  readonly rules: Readonly<Record<string, unknown>>
}

const isDenyList = ({ resource, namespace, name }: ObjectRecord): boolean =>
  resource === 'configmaps' && namespace === deniedCredentials.namespace && name === deniedCredentials.name

/** Reads the changes after the revision. Rejects with a `BackupFault` if a pack is missing or was changed. */
export async function laterDenials({ changes }: Pick<Chain, 'changes'>, revision: number, read: ReadPlain): Promise<LaterDenials> {
  let denials: Readonly<Record<string, unknown>> | undefined
  const rules: Record<string, unknown> = {}
  for (const { content } of changes) {
    if (content.revision <= revision) continue
    eachRecord(content.pack, await read(content.pack), record => {
      if (record.revision <= revision) return
      if (isDenyList(record)) denials = member(record, 'data') ?? {}
      else if (record.resource === 'denyrules.bulkhead.dev') rules[record.name] = member(record, 'spec') ?? null
    })
  }
  return { denials, rules }
}

/** A member of the object that is an object; undefined without one, and for a deletion. */
function member({ bytes }: ObjectRecord, name: string): Readonly<Record<string, unknown>> | undefined {
  const object = bytes === undefined ? undefined : parseJson(bytes.toString('utf8'))
  const value = isJsonObject(object) ? object[name] : undefined
  return isJsonObject(value) ? value : undefined
}
