// The default back end of the signer: keys in files of its own folder, created at the first start.
import { type KeyObject, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { defaultEpochMs } from './audit-checkpoints.ts'
import { openAuditMemory } from './audit-memory.ts'
import { type BackupHeads, backupHeadsFields, parseBackupHeads } from './backup-heads.ts'
import { sealKeyFolder } from './key-archive.ts'
import { type KeyFolder, openKeyFolder } from './key-folder.ts'
import {
  type AuthorityKey,
  type KeyMaterial,
  type NumberedKey,
  newEcKey,
  newEd25519Key,
  newEncryptionKey,
  privatePem,
  readPrivatePem,
} from './key-material.ts'
import { createKeySigner, ensureCertificate } from './key-signer.ts'
import { storeHeadFields, storeHeadParam } from './protocol.ts'
import type { AuthorityName, Signer, StoreHead } from './signer.ts'
import { type HeadForm, openStoredHead } from './stored-head.ts'
import type { VolumeKeyFiles } from './volume-keys.ts'

export interface FileSignerOptions {
  /** Created with mode 0700 if missing; refused if others have access to it. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
  /** How long a key signs checkpoints of the audit log. Default: an hour. */
  readonly auditEpochMs?: number
  /** Recipients of age, to which `exportKeys` seals. Default: none. */
  readonly backupRecipients?: readonly string[]
}

const auditKeyFile = 'audit.key'
const evidenceKeyFile = 'evidence.key'
const kubeletServing = 'kubelet-serving'

const keptStoreHead: HeadForm<StoreHead> = { file: 'store-head.json', log: 'store', fields: storeHeadFields, parse: storeHeadParam }

const keptBackupHeads: HeadForm<BackupHeads> = {
  ...{ file: 'backup-heads.json', log: 'backups', fields: backupHeadsFields, parse: parseBackupHeads },
}

/**
 * Opens or creates the keys. Files (0600): `<authority>-ca.key`, `<authority>-ca.crt`, `service-account-<n>.key`, `encryption-<n>.key`,
 * `audit.key`, `audit-epoch.json` (the key of the audit log's current epoch), `evidence.key`, `volumes/<volume>.key`, and `audit-head.json`,
 * `store-head.json` and `backup-heads.json`, the heads of the audit log, the store and the backups. Of numbered keys the highest is
 * current; older ones still verify and unwrap. Throws `UnsafeKeyFile` for a file that others can read, and an error for a missing or
 * damaged one.
 */
export async function openFileSigner({
  directory,
  clock,
  log,
  auditEpochMs = defaultEpochMs,
  backupRecipients = [],
}: FileSignerOptions): Promise<Signer> {
  const folder = await openKeyFolder(directory)
  const names = await folder.names()
  const hasAuditKey = names.includes(auditKeyFile)
  const { memory: audit, epoch: auditEpoch } = await openAuditMemory(folder, { mayMakeHead: !hasAuditKey, now: clock.now(), log })
  // A signer of an older release has neither this head nor the newer authority. The head is created first, so that an interruption never
  // leaves the authority alone.
  const storeHead = await openStoredHead(folder, keptStoreHead, !names.includes(`${kubeletServing}-ca.key`))
  // The audit key is created last, and heads are signed with it: if either exists, all keys of the first release existed too, and a missing
  // one is lost.
  const mayMake = !hasAuditKey && audit.head === undefined
  const authorities = {
    client: await authority(folder, 'client', clock, log, mayMake),
    serving: await authority(folder, 'serving', clock, log, mayMake),
    // Newer than the others: a signer of an older release has none of them.
    'front-proxy': await authority(folder, 'front-proxy', clock, log, true),
    [kubeletServing]: await authority(folder, kubeletServing, clock, log, true),
    registry: await authority(folder, 'registry', clock, log, true),
    etcd: await authority(folder, 'etcd', clock, log, true),
  }
  const tokenKeys = await numbered(folder, names, 'service-account', log, mayMake)
  const keys: KeyMaterial = {
    authorities,
    tokenKeys: tokenKeys.map(({ key }) => key),
    encryptionKeys: await encryptionKeys(folder, names, log, mayMake),
    // Newer than the others. If it is lost, a new one signs, and reports of the lost one need its public key, which they name by its id.
    evidenceKey: await readOrMakeKey(folder, evidenceKeyFile, newEd25519Key, log, true),
    auditKey: await readOrMakeKey(folder, auditKeyFile, newEd25519Key, log, mayMake || hasAuditKey),
  }
  const volumeKeys = volumeKeyFiles(await openKeyFolder(join(directory, 'volumes')))
  const backupHeads = await openStoredHead(folder, keptBackupHeads, true)
  return createKeySigner(keys, clock, {
    ...{ audit, auditEpoch, auditEpochMs, storeHead, volumeKeys, backupHeads },
    ...(backupRecipients.length === 0 ? {} : { exportKeys: auditKeys => sealKeyFolder(folder, backupRecipients, auditKeys) }),
  })
}

const volumeKeyFiles = (folder: KeyFolder): VolumeKeyFiles => ({
  read: volume => folder.read(`${volume}.key`),
  write: (volume, content) => folder.write(`${volume}.key`, content),
  erase: volume => folder.erase(`${volume}.key`),
})

const missing = (file: string): Error => new Error(`Key file "${file}" is missing`)

async function authority(folder: KeyFolder, name: AuthorityName, clock: Clock, log: Logger, mayMake: boolean): Promise<AuthorityKey> {
  const file = `${name}-ca.key`
  const stored = await folder.read(`${name}-ca.crt`)
  const privateKey = await readOrMakeKey(folder, file, newEcKey, log, mayMake && stored === undefined)
  const made: AuthorityKey = { privateKey, certificate: undefined }
  if (stored !== undefined) {
    made.certificate = stored.toString('utf8')
    if (!readCertificate(`${name}-ca.crt`, stored).checkPrivateKey(made.privateKey)) {
      throw new Error(`Cannot use "${name}-ca.crt": it does not belong to "${file}"`)
    }
  } else await folder.write(`${name}-ca.crt`, await ensureCertificate(name, made, clock.now()))
  return made
}

function readCertificate(file: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new Error(`Cannot read "${file}": it contains no PEM certificate`, { cause })
  }
}

async function readOrMakeKey(folder: KeyFolder, file: string, make: () => KeyObject, log: Logger, mayMake: boolean): Promise<KeyObject> {
  const stored = await folder.read(file)
  if (stored !== undefined) return readKey(file, stored)
  if (!mayMake) throw missing(file)
  const key = make()
  await folder.write(file, privatePem(key))
  log.info('key created', { file })
  return key
}

function readKey(file: string, pem: Buffer): KeyObject {
  try {
    return readPrivatePem(pem)
  } catch (cause) {
    throw new Error(`Cannot read key file "${file}": it contains no PEM private key`, { cause })
  }
}

const numbersOf = (names: readonly string[], prefix: string): number[] =>
  names
    .map(name => new RegExp(`^${prefix}-([1-9][0-9]*)\\.key$`).exec(name)?.[1])
    .filter(number => number !== undefined)
    .map(Number)
    .sort((a, b) => b - a)

async function numbered(
  folder: KeyFolder,
  names: readonly string[],
  prefix: string,
  log: Logger,
  mayMake: boolean,
): Promise<NumberedKey<KeyObject>[]> {
  const numbers = numbersOf(names, prefix)
  const keys: NumberedKey<KeyObject>[] = []
  for (const number of numbers.length === 0 ? [1] : numbers) {
    keys.push({ number, key: await readOrMakeKey(folder, `${prefix}-${number}.key`, newEcKey, log, mayMake) })
  }
  return keys
}

async function encryptionKeys(folder: KeyFolder, names: readonly string[], log: Logger, mayMake: boolean): Promise<NumberedKey<Buffer>[]> {
  const numbers = numbersOf(names, 'encryption')
  if (numbers.length === 0) {
    if (!mayMake) throw missing('encryption-1.key')
    const key = newEncryptionKey()
    await folder.write('encryption-1.key', `${key.toString('base64')}\n`)
    log.info('key created', { file: 'encryption-1.key' })
    return [{ number: 1, key }]
  }
  const keys: NumberedKey<Buffer>[] = []
  for (const number of numbers) {
    const file = `encryption-${number}.key`
    const key = Buffer.from((await folder.read(file))?.toString('utf8') ?? '', 'base64')
    if (key.length !== 32) throw new Error(`Cannot read key file "${file}": it contains no 256-bit key in base64`)
    keys.push({ number, key })
  }
  return keys
}
