// Restores a whole cluster into a new data directory: store, keys and audit log. `bulkhead up` then continues from there.
import { createPublicKey } from 'node:crypto'
import { mkdir, open as openFile, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { continuesFile } from '../../access/audit/older-log.ts'
import { BackupFault } from '../../backup/backup-fault.ts'
import type { Chain } from '../../backup/chain.ts'
import { type OpenPack, readPack } from '../../backup/format/open-pack.ts'
import { laterDenials } from '../../backup/later-denials.ts'
import type { RestorePlan } from '../../backup/restore-plan.ts'
import { restoredObjects } from '../../backup/restored-objects.ts'
import type { Target } from '../../backup/targets/target.ts'
import type { LinkFile, LinkPack } from '../../base/backup/backup-link.ts'
import { type ArchivedFile, parseArchive } from '../../base/backup/file-archive.ts'
import { systemClock } from '../../base/clock.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { silentLogger } from '../../base/log.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { signerSealer } from '../../cluster/signer-sealer.ts'
import { openFileSigner } from '../../signer/file-signer.ts'
import { archivedAuditKeys } from '../../signer/key-archive.ts'
import { newEcKey, newEd25519Key, privatePem } from '../../signer/key-material.ts'
import { markRestored } from '../../store/restored-mark.ts'
import { labelsOf } from '../../store/restored-object.ts'
import { writeRestoredLog } from '../../store/sqlite/restored-log.ts'
import { layout } from '../up/data-directory.ts'
import { lockFile } from '../up/directory-lock.ts'
import { giveFolder } from '../up/give-folder.ts'
import { partIdentity } from '../up/part-identities.ts'
import { olderLogFolder, restoredAuditPath } from './restored-audit.ts'
import { auditKeysOf, restoredKeys } from './restored-keys.ts'

export interface RestoreOptions {
  readonly target: Target
  readonly chain: Chain
  readonly plan: RestorePlan
  readonly open: OpenPack
  /** The new data directory. */
  readonly to: string
}

export interface RestoredDirectory {
  readonly objects: number
  readonly auditFiles: number
  /** Whether the backup had the signer's keys. Otherwise the cluster gets new ones. */
  readonly hasKeys: boolean
}

/**
 * Everything is written beside the directory first and moved there as the last step, so that an interruption leaves no half cluster.
 * Rejects with a UserError for a directory that is not empty, and with a `BackupFault` for a backup that is damaged.
 */
export async function restoreDirectory(options: RestoreOptions, signal: AbortSignal): Promise<RestoredDirectory> {
  const to = resolve(options.to)
  await requireEmpty(to)
  const unfinished = `${to}.restoring`
  try {
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true, mode: 0o755 })
    const restored = await restoreInto(unfinished, to, options, signal)
    await rmdir(to).catch((err: unknown) => {
      if (codeOf(err) !== 'ENOENT') throw err
    })
    await rename(unfinished, to)
    await syncToDisk(dirname(to))
    return restored
  } catch (err) {
    await rm(unfinished, { recursive: true, force: true })
    if (['ENOSPC', 'EDQUOT'].includes(codeOf(err)) || (err instanceof Error && 'errcode' in err && err.errcode === sqliteFull))
      throw new UserError(`The disk of "${to}" is full: free some space or choose another one with --to. Nothing was left there`, {
        cause: err,
      })
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(err)))
      throw new UserError(`This user may not write "${to}": choose another directory with --to`, { cause: err })
    throw err
  }
}

/** SQLITE_FULL. */
const sqliteFull = 13

async function requireEmpty(to: string): Promise<void> {
  const names = await readdir(to).catch((err: unknown): string[] => {
    if (codeOf(err) === 'ENOENT') return []
    throw new UserError(`Cannot restore into "${to}": ${messageOf(err)}`, { cause: err })
  })
  if (names.length === 0) return
  if (names.includes('run') && isLocked(layout(to).lock))
    throw new UserError(`A cluster runs in "${to}": nothing is restored over it. Stop it and restore into a new directory`)
  throw new UserError(`"${to}" is not empty: restore into a new directory, so that nothing in it is lost`)
}

function isLocked(path: string): boolean {
  const lock = lockFile(path)
  lock?.[Symbol.dispose]()
  return lock === undefined
}

async function restoreInto(folder: string, to: string, { target, chain, plan, open }: RestoreOptions, signal: AbortSignal) {
  const directory = layout(folder)
  const read = async (ref: LinkPack) => await open(ref, await readPack(target, ref, signal))
  const { newest } = plan
  const { keys, audit } = newest.content
  await mkdir(directory.signer, { mode: 0o700 })
  let archived: readonly ArchivedFile[] = []
  if (keys !== undefined) {
    archived = parseArchive(await read(keys))
    const files = restoredKeys(archived, { token: privatePem(newEcKey()), audit: privatePem(newEd25519Key()) })
    for (const { name, content } of files) await write(join(directory.signer, name), content)
  }
  const objects = [...(await restoredObjects(plan, read)).values()]
  if (plan.objects !== undefined && plan.objects !== objects.length)
    throw new BackupFault(
      'damaged',
      `The backup holds ${objects.length} objects, but the API server had ${plan.objects} at revision ${plan.revision}`,
    )
  await using signer = await openFileSigner({ directory: directory.signer, clock: systemClock, log: silentLogger })
  const head = await writeRestoredLog({
    directory: directory.server,
    sealer: signerSealer(signer, signal),
    objects: objects.flatMap(({ resource, namespace, name, revision, bytes }) =>
      bytes === undefined
        ? []
        : [{ groupResource: resource, namespace, name, revision, bytes, labels: labelsOf(bytes, { namespace, name }) }],
    ),
    newest: Math.max(newest.content.revision, chain.changes.at(-1)?.content.revision ?? 0, (await signer.storeHead(signal))?.revision ?? 0),
    now: systemClock.now(),
  })
  await signer.keepStoreHead({ revision: head.revision, digest: Buffer.from(head.digest) }, signal)
  if (chain.newest !== undefined) {
    const { link, digest } = chain.newest
    await signer.keepBackupHead(link.target, { number: link.number, digest }, signal)
  }
  const log = await writeAudit(join(directory.server, 'audit'), { files: audit, keys: auditKeysOf(archived), backup: newest.number }, read)
  await markRestored(directory.server, {
    ...(log === undefined ? {} : { log: join('audit', log) }),
    ...(await laterDenials(chain, plan.revision, read)),
  })
  const { publicKey } = await signer.evidenceKey(signal)
  if (keys !== undefined) await write(directory.evidenceKey, createPublicKey(publicKey).export({ type: 'spki', format: 'pem' }), 0o644)
  await giveToParts(to, folder)
  return { objects: objects.length, auditFiles: audit.length, hasKeys: keys !== undefined }
}

interface OldLog {
  readonly files: readonly LinkFile[]
  readonly keys: string | undefined
  /** The number of the backup. */
  readonly backup: number
}

/** Returns where it is, below the folder; undefined if there is none. */
async function writeAudit(
  folder: string,
  { files, keys, backup }: OldLog,
  read: (ref: LinkPack) => Promise<Buffer>,
): Promise<string | undefined> {
  const older = olderLogFolder(keys, backup)
  let checkpoint: string | undefined
  for (const file of files) {
    const path = join(folder, restoredAuditPath(file, older))
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const pieces: Buffer[] = []
    for (const pack of file.packs) pieces.push(await read(pack))
    const content = Buffer.concat(pieces)
    if (file.name === 'tlog/checkpoint') checkpoint = content.toString('utf8')
    await write(path, content)
  }
  if (files.length === 0) return undefined
  if (keys !== undefined) await write(join(folder, older, archivedAuditKeys), keys)
  await write(join(folder, continuesFile), `${writeJson({ folder: older, checkpoint })}\n`)
  return older
}

async function write(path: string, content: Buffer | string, mode = 0o600): Promise<void> {
  await using file = await openFile(path, 'wx', mode)
  await file.writeFile(content)
  await file.sync()
}

/** If root restores, the parts will run as users of their own. */
async function giveToParts(to: string, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const identity = partIdentity(to, layout(to).signer)
  const directory = layout(folder)
  await giveFolder(directory.signer, identity.signer)
  await giveFolder(directory.server, identity.server)
}
