// What is installed as a service, as a file beside its code: which cluster, which builds, and the copy to which an upgrade can go back.
import { join } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { ensureFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Service } from './service-unit.ts'

export interface ServiceRecord extends Service {
  /** Of the build that runs. */
  readonly version: string
  /** Whether it is a published package. */
  readonly isPackage: boolean
  /** What ran before the last upgrade. */
  readonly before: Earlier | undefined
}

export interface Earlier {
  readonly build: string
  readonly version: string
  readonly isPackage: boolean
  /** A folder with the state of that moment. */
  readonly state: string
  /** RFC 3339. */
  readonly at: string
}

export const defaultName = 'bulkhead'
export const libraryOf = (name: string): string => join('/usr/local/lib', name)
const recordPath = (name: string): string => join(libraryOf(name), 'service.json')

export const writeRecord = (record: ServiceRecord): Promise<void> =>
  ensureFile(recordPath(record.name), `${writeJson(record, null, 2)}\n`, 0o644)

/** Undefined if there is no such service. Rejects with a UserError for a file of another form. */
export async function readRecord(name: string): Promise<ServiceRecord | undefined> {
  const text = await readTextIfThere(recordPath(name))
  if (text === undefined) return undefined
  const record = parseRecord(name, text)
  if (record === undefined) throw new UserError(`"${recordPath(name)}" is not a record of a service: install the service again`)
  return record
}

function parseRecord(name: string, content: string): ServiceRecord | undefined {
  let value: unknown
  try {
    value = parseJson(content)
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
  if (!isJsonObject(value)) return undefined
  const { dataDirectory, config, version, isPackage, before } = value
  if (typeof dataDirectory !== 'string' || typeof version !== 'string' || typeof isPackage !== 'boolean') return undefined
  const earlier = before === undefined ? undefined : parseEarlier(before)
  if (before !== undefined && earlier === undefined) return undefined
  return { name, dataDirectory, config: typeof config === 'string' ? config : undefined, version, isPackage, before: earlier }
}

function parseEarlier(value: unknown): Earlier | undefined {
  if (!isJsonObject(value)) return undefined
  const { build, version, isPackage, state, at } = value
  return typeof build === 'string' &&
    typeof version === 'string' &&
    typeof isPackage === 'boolean' &&
    typeof state === 'string' &&
    typeof at === 'string'
    ? { build, version, isPackage, state, at }
    : undefined
}
