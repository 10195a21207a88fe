// The data directory: its folders, owners and modes, its format version, and the one process that may use it at a time.
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { failsBy } from '../../base/errno.ts'
import { replaceFile } from '../../base/replace-file.ts'
import { syncToDisk } from '../../base/sync-to-disk.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { inUse, requestStatus } from './control-socket.ts'
import { lockFile } from './directory-lock.ts'
import type { Identity } from './part-identities.ts'

export const adminKubeconfigName = 'admin.kubeconfig'

/** The format of everything below the data directory; raised when an older Bulkhead could not read it. */
const dataVersion = '1'

/** Linux allows 108 bytes for a unix socket's path, terminating zero included. */
const maxSocketPathLength = 107

export interface DataDirectory {
  readonly path: string
  readonly signer: string
  readonly server: string
  readonly controllers: string
  readonly dns: string
  readonly node: string
  readonly kubeconfig: string
  readonly lock: string
  readonly supervisorSocket: string
  readonly signerSockets: { readonly server: string; readonly controllers: string; readonly admin: string }
}

export function layout(path: string): DataDirectory {
  const run = join(path, 'run')
  return {
    path,
    signer: join(path, 'signer'),
    server: join(path, 'server'),
    controllers: join(path, 'controllers'),
    dns: join(path, 'dns'),
    node: join(path, 'node'),
    kubeconfig: join(path, adminKubeconfigName),
    lock: join(run, 'up.lock'),
    supervisorSocket: join(run, 'up.sock'),
    signerSockets: {
      server: join(run, 'server', 'signer.sock'),
      controllers: join(run, 'controllers', 'signer.sock'),
      admin: join(run, 'admin', 'signer.sock'),
    },
  }
}

export interface TakenDirectory {
  readonly directory: DataDirectory
  /** Until it is disposed of, or this process ends, no other takes the directory. */
  readonly lock: Disposable
}

/**
 * Takes the directory for this process, makes what is missing and sets owners and modes. `identity` is given where the parts run as users of
 * their own. Rejects with a UserError for a path that is in use, not writable, not reachable for the parts, too long, or of another version.
 */
export async function takeDataDirectory(path: string, identity: Identity | undefined): Promise<TakenDirectory> {
  const directory = layout(path)
  const longest = directory.signerSockets.controllers
  if (Buffer.byteLength(longest) > maxSocketPathLength)
    throw new UserError(
      `The data directory "${path}" has too long a path: its sockets would have ${Buffer.byteLength(longest)} bytes, at most ${maxSocketPathLength} are possible. Give a shorter one with --data-dir`,
    )
  try {
    // The parts pass through to their own folders, and sync this one: it lists nothing secret.
    await folder(path, 0o755)
    checkVersion(path)
    if (identity) checkReachable(path)
    await folder(dirname(directory.lock), 0o711)
    const lock = lockFile(directory.lock)
    if (lock === undefined) throw inUse(await requestStatus(directory.supervisorSocket))
    // From here on nobody else changes anything in it, and nothing of a running cluster was touched.
    try {
      await prepare(directory, identity)
    } catch (err) {
      lock[Symbol.dispose]()
      throw err
    }
    return { directory, lock }
  } catch (err) {
    throw explained(err, path)
  }
}

async function prepare(directory: DataDirectory, identity: Identity | undefined): Promise<void> {
  await folder(directory.signer, 0o700, identity?.signer)
  await folder(directory.server, 0o700, identity?.server)
  await folder(directory.controllers, 0o700, identity?.controllers)
  await folder(directory.dns, 0o700, identity?.dns)
  await folder(directory.node, 0o700)
  // The signer makes its sockets in these folders; the set-group-id bit hands the socket to the group that may connect.
  await folder(dirname(directory.signerSockets.server), 0o2750, identity?.signer, identity?.server)
  await folder(dirname(directory.signerSockets.controllers), 0o2750, identity?.signer, identity?.controllers)
  await folder(dirname(directory.signerSockets.admin), 0o2750, identity?.signer, identity && 0)
  // Last of all, and synced with the folders' names.
  await writeVersion(directory.path)
}

/** What an operator can mend, as a sentence; anything else as it is. */
export function explained(err: unknown, path: string): unknown {
  const cause = { cause: err }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(codeOf(err)))
    return new UserError(
      `The data directory "${path}" is not writable for this user: ${messageOf(err)}. Give another one with --data-dir`,
      cause,
    )
  if (diskFails(err, 'ENOSPC', sqliteFull) || diskFails(err, 'EDQUOT', sqliteFull))
    return new UserError(`The disk of the data directory "${path}" is full: free some space or give another one with --data-dir`, cause)
  if (diskFails(err, 'EIO', sqliteIo))
    return new UserError(
      `The disk of the data directory "${path}" fails: ${messageOf(err)}. Mend it or give another one with --data-dir`,
      cause,
    )
  if (['ENOTDIR', 'EEXIST'].includes(codeOf(err)))
    return new UserError(`The data directory "${path}" is not a folder: ${messageOf(err)}`, cause)
  return err
}

/** SQLite's primary result codes: its lock file is in the directory, too. */
const sqliteIo = 10
const sqliteFull = 13

/** Of a system call, or of SQLite by its primary code. */
function diskFails(err: unknown, name: 'ENOSPC' | 'EDQUOT' | 'EIO', sqlite: number): boolean {
  if (err instanceof Error && 'errcode' in err && typeof err.errcode === 'number') return (err.errcode & 0xff) === sqlite
  return failsBy(err, name)
}

async function folder(path: string, mode: number, user?: number, group = user): Promise<void> {
  await makeFolders(path, mode & 0o777)
  if (user !== undefined && group !== undefined) chownSync(path, user, group)
  // After chown, which clears the set-group-id bit.
  chmodSync(path, mode)
}

/**
 * One level after the other: Node's own `recursive` never ends where the kernel makes no folder and says ENOENT, as below /proc. What a power cut must
 * not take is synced inside the folder; that the folder itself is found again is up to the one above it.
 */
async function makeFolders(path: string, mode: number): Promise<void> {
  if (isFolder(path)) return
  if (path !== dirname(path)) await makeFolders(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
  } catch (err) {
    // Another `up` may have made it in this moment.
    if (!isFolder(path)) throw err
  }
  await syncToDisk(dirname(path))
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const versionFile = (path: string): string => join(path, 'version')

function checkVersion(path: string): void {
  const found = readVersion(path)
  if (found !== undefined && found !== dataVersion)
    throw new UserError(
      `The data directory "${path}" has data version "${found}", this Bulkhead reads version ${dataVersion}: use the Bulkhead that wrote it, or give another one with --data-dir`,
    )
}

/** Undefined also for a file without content: where its name was on disk before a power cut and its content was not, it says nothing of a version. */
function readVersion(path: string): string | undefined {
  try {
    return readFileSync(versionFile(path), 'utf8').replaceAll('\0', '').trim() || undefined
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}

async function writeVersion(path: string): Promise<void> {
  if (readVersion(path) === undefined) await replaceFile(versionFile(path), `${dataVersion}\n`, 0o644)
}

/** Parts without root's rights must be able to walk to their folders. */
function checkReachable(path: string): void {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0)
      throw new UserError(
        `The data directory "${path}" cannot be reached by the unprivileged parts: "${at}" has no execute right for others. Give one outside of it with --data-dir, or allow it with "chmod o+x ${at}"`,
      )
  }
}
