// Finds the target and the key that flags name: for commands that need no running cluster.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseBackupSettings } from '../../backup/backup-settings.ts'
import type { RestorePoint } from '../../backup/restore-plan.ts'
import { openFolderTarget } from '../../backup/targets/folder-target.ts'
import type { Target } from '../../backup/targets/target.ts'
import { UserError } from '../../base/user-error.ts'
import { readRegularFile } from '../check/regular-file.ts'
import { findDataDirectory } from '../connection/find-cluster.ts'
import { readBackupFile } from '../up/backup-of-run.ts'

export interface TargetFlags {
  /** A folder, or the name of a target in the file of `config`. */
  readonly from?: string
  /** The file of `bulkhead up --backup`. */
  readonly config?: string
}

export interface KeyFlags {
  /** File with the public key of the cluster. */
  readonly key?: string
  readonly dataDir?: string
}

export interface PointFlags {
  readonly revision?: number
  readonly time?: string
  readonly backup?: number
}

export async function openTarget({ from, config }: TargetFlags, signal: AbortSignal): Promise<Target> {
  if (config === undefined) {
    if (from === undefined) throw new UserError('Give --from FOLDER, or --config FILE and --from NAME of a target in it')
    return await openFolderTarget(resolve(from))
  }
  const { targets } = parseBackupSettings(await readBackupFile(resolve(config)), config)
  const found = from === undefined && targets.length === 1 ? targets[0] : targets.find(({ name }) => name === from)
  if (found === undefined)
    throw new UserError(`--from must be one of the targets in "${config}": ${targets.map(({ name }) => name).join(', ')}`)
  return await found.open(signal)
}

const maxKeyBytes = 64 * 1024

export function publicKeyOf({ key, dataDir }: KeyFlags): KeyObject {
  if (key === undefined && dataDir === undefined)
    throw new UserError('Give --key FILE with the public key of the cluster, its evidence.pub')
  const path = key ?? findDataDirectory(dataDir).evidenceKey
  if (!existsSync(path))
    throw new UserError(`The key "${path}" does not exist: "bulkhead evidence key" prints it while the cluster is there`)
  const pem = readRegularFile(path, { maxBytes: maxKeyBytes, followLinks: true })
  try {
    return createPublicKey(pem)
  } catch (err) {
    throw new UserError(`Cannot use "${path}": it contains no PEM public key`, { cause: err })
  }
}

const maxIdentities = 16

/** The identities in a file of age-keygen: other lines are comments. */
export function identitiesOf(path: string): string[] {
  const lines = readRegularFile(path, { maxBytes: maxKeyBytes, followLinks: true })
    .split('\n')
    .map(line => line.trim())
  const identities = lines.filter(line => line.startsWith('AGE-SECRET-KEY-1'))
  if (identities.length === 0 || identities.length > maxIdentities)
    throw new UserError(`"${path}" contains no identity of age: "age-keygen" makes such files, with a line AGE-SECRET-KEY-1…`)
  return identities
}

/** At most one of the flags. */
export function pointOf({ revision, time, backup }: PointFlags): RestorePoint {
  if ([revision, time, backup].filter(flag => flag !== undefined).length > 1)
    throw new UserError('Give only one of --revision, --time and --backup')
  if (time === undefined) return { revision, backup }
  const parsed = Date.parse(time)
  if (Number.isNaN(parsed)) throw new UserError(`--time must be a time such as 2026-01-31T12:00:00Z, got "${time}"`)
  return { time: parsed }
}
