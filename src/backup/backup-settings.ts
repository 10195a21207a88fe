// The file of `bulkhead up --backup`: to whom backups are encrypted, and where they go. Only who runs the cluster writes it: a user of the API
// chooses neither the recipients nor the places.

import { isAgeRecipient } from '../base/backup/seal-pack.ts'
import { isJsonObject } from '../base/json.ts'
import { UserError } from '../base/user-error.ts'
import { targetKinds } from './targets/index.ts'
import { limitedTarget } from './targets/limited-target.ts'
import type { Target } from './targets/target.ts'
import { objectField, textField } from './targets/target-kind.ts'

export interface BackupTarget {
  readonly name: string
  /** Folders of this machine that it writes. */
  readonly writes: readonly string[]
  open(signal: AbortSignal): Promise<Target>
}

export interface BackupSettings {
  readonly recipients: readonly string[]
  readonly targets: readonly BackupTarget[]
}

const maxTargets = 16
const maxRecipients = 16

/** `value` is the content of the file, in which `…File` was replaced by the content. Throws a UserError that names the field. */
export function parseBackupSettings(value: unknown, file: string): BackupSettings {
  const fields = objectField(value, file, ['recipients', 'targets'])
  const { recipients, targets } = fields
  if (!Array.isArray(recipients) || recipients.length === 0 || recipients.length > maxRecipients)
    throw new UserError(`${file}: recipients must be a list of 1 to ${maxRecipients} recipients of age, as "age-keygen -y" prints them`)
  const known = recipients.map((recipient: unknown, index) => {
    if (typeof recipient === 'string' && recipient.startsWith('AGE-SECRET-KEY-'))
      throw new UserError(
        `${file}: recipients[${index}] is a private key, which must not be on this machine: "age-keygen -y" prints its recipient`,
      )
    if (typeof recipient !== 'string' || !isAgeRecipient(recipient))
      throw new UserError(`${file}: recipients[${index}] must be an X25519 recipient of age, age1… with 62 characters`)
    return recipient
  })
  if (!Array.isArray(targets) || targets.length === 0 || targets.length > maxTargets)
    throw new UserError(`${file}: targets must be a list of 1 to ${maxTargets} targets`)
  const parsed = targets.map((target: unknown, index) => parseTarget(target, `${file}: targets[${index}]`))
  const twice = parsed.find(({ name }, index) => parsed.findIndex(other => other.name === name) !== index)
  if (twice !== undefined) throw new UserError(`${file}: two targets have the name "${twice.name}"`)
  return { recipients: known, targets: parsed }
}

const leastBandwidth = 1024

function parseTarget(value: unknown, where: string): BackupTarget {
  const fields = objectField(value, where, ['name', 'bytesPerSecond', ...targetKinds.map(({ field }) => field)])
  const name = textField(
    fields,
    'name',
    where,
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'lower-case letters, digits and hyphens, at most 63',
  )
  const chosen = targetKinds.filter(({ field }) => fields[field] !== undefined)
  const [kind] = chosen
  if (kind === undefined || chosen.length > 1)
    throw new UserError(`${where} must have exactly one of ${targetKinds.map(({ field }) => field).join(', ')}`)
  const open = kind.prepare(fields[kind.field], `${where}.${kind.field}`)
  const writes = kind.writes?.(fields[kind.field]) ?? []
  const { bytesPerSecond } = fields
  if (bytesPerSecond === undefined) return { name, writes, open }
  if (typeof bytesPerSecond !== 'number' || !Number.isSafeInteger(bytesPerSecond) || bytesPerSecond < leastBandwidth)
    throw new UserError(`${where}.bytesPerSecond must be a whole number of at least ${leastBandwidth}`)
  return { name, writes, open: async signal => limitedTarget(await open(signal), bytesPerSecond) }
}

/** Replaces each `xFile: path` by `x` with the content of the file, at any depth that settings have. */
export async function withFileContents(value: unknown, read: (path: string) => Promise<string>): Promise<unknown> {
  if (Array.isArray(value)) return await Promise.all(value.slice(0, maxTargets * 2).map(item => withFileContents(item, read)))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(async ([name, item]): Promise<[string, unknown]> => {
    if (name.endsWith('File') && typeof item === 'string') return [name.slice(0, -'File'.length), await read(item)]
    return [name, await withFileContents(item, read)]
  })
  return Object.fromEntries(await Promise.all(entries))
}
