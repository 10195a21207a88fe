// The log before a restore: a restored cluster begins a new log, whose first record says where the old one ended.
import { join } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { continuesLine } from './log-record.ts'

/** In the folder of the new log. A restore writes it. */
export const continuesFile = 'continues.json'

/** The record for a log without records; undefined if no older log is known. Throws an Error if the file is damaged. */
export async function continuesRecord(directory: string): Promise<string | undefined> {
  const path = join(directory, continuesFile)
  const text = await readTextIfThere(path)
  if (text === undefined) return undefined
  const value = parseJson(text)
  const { folder, checkpoint } = isJsonObject(value) ? value : {}
  if (typeof folder !== 'string' || (checkpoint !== undefined && typeof checkpoint !== 'string'))
    throw new Error(`"${path}" does not say which log comes before`)
  return continuesLine(folder, checkpoint)
}
