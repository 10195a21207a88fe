// What a joined machine keeps of its cluster, in its data directory: with it and its certificate the node starts again without a ticket.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { DataDirectory } from '../up/data-directory.ts'
import { joinedRecord } from '../up/joined-record.ts'

export interface JoinedCluster {
  /** `https://host:port` of the API server. */
  readonly server: string
  /** PEM of the authority that was pinned. */
  readonly ca: string
  readonly nodeName: string
}

/** Undefined if this machine has not joined. Rejects with a UserError if the record is damaged. */
export async function readJoined(directory: DataDirectory): Promise<JoinedCluster | undefined> {
  const path = joinedRecord(directory)
  const text = await readTextIfThere(path)
  if (text === undefined) return undefined
  const record = recordIn(text)
  if (record === undefined)
    throw new UserError(`The file "${path}" is damaged: remove it, and join again with a new ticket or another --data-dir`)
  return record
}

function recordIn(text: string): JoinedCluster | undefined {
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  const { server, ca, nodeName } = value
  return typeof server === 'string' && typeof ca === 'string' && typeof nodeName === 'string' ? { server, ca, nodeName } : undefined
}

/** A record without a certificate counts for nothing. */
export async function writeJoined(directory: DataDirectory, joined: JoinedCluster): Promise<void> {
  await replaceFile(joinedRecord(directory), `${writeJson(joined, null, 2)}\n`, 0o600)
}

export async function forgetJoined(directory: DataDirectory): Promise<void> {
  await rm(joinedRecord(directory), { force: true })
}

/** Throws a UserError if the directory holds a cluster that `bulkhead up` made. */
export function refuseOwnCluster({ path, signer }: DataDirectory): void {
  if (existsSync(join(signer, 'client-ca.key')))
    throw new UserError(`The data directory "${path}" holds a cluster that "bulkhead up" made: choose another one with --data-dir`)
}
