// The data directory: its folders, owners and modes, its format version, and the lock that lets one process use it at a time.
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { failsBy } from '../../base/files/errno.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { emptyLargeCaches } from './compile-caches.ts'
import { inUse, requestStatus } from './control-socket.ts'
import { lockFile } from './directory-lock.ts'
import { giveFolder } from './give-folder.ts'
import type { Identity } from './part-identities.ts'

export const adminKubeconfigName = 'admin.kubeconfig'

/** The format of everything in the data directory; increased when an older Bulkhead could not read it. */
export const dataVersion = '1'
/** Instead of the format, from the moment when `bulkhead reset` destroys keys: nothing starts there, also no older Bulkhead. */
export const resettingVersion = 'reset'

/** Linux allows 108 bytes for a unix socket's path, terminating zero included. */
const maxSocketPathLength = 107

export interface DataDirectory {
  readonly path: string
  readonly signer: string
  readonly server: string
  readonly controllers: string
  readonly dns: string
  readonly artifacts: string
  /** What `bulkhead advisories import` brings; only who runs the cluster may write there. */
  readonly advisories: string
  readonly node: string
  /** Exists with `--ha`: data and certificate of the member of etcd, readable by its user. */
  readonly etcd: string
  /** What this machine is in the control plane, with `--ha`. */
  readonly controlPlane: string
  readonly kubeconfig: string
  readonly breakGlass: string
  /** The public key by which anybody verifies reports of proofs. */
  readonly evidenceKey: string
  /** The public keys by which anybody verifies the audit log. */
  readonly auditKeys: string
  readonly lock: string
  readonly supervisorSocket: string
  /** At which the API server asks the part `artifacts`. */
  readonly artifactsSocket: string
  /** Of the registry's front, and of docker-registry; they exist with `--registry`. */
  readonly registry: string
  readonly registryStore: string
  readonly registrySocket: string
  /** PEM of the authority of the registry's certificate, for clients. */
  readonly registryAuthority: string
  /** Of the part that makes backups; it exists with `--backup`. */
  readonly backup: string
  readonly signerSockets: { readonly server: string; readonly controllers: string; readonly admin: string; readonly backup: string }
}

export function layout(path: string): DataDirectory {
  const run = join(path, 'run')
  return {
    path,
    signer: join(path, 'signer'),
    server: join(path, 'server'),
    controllers: join(path, 'controllers'),
    dns: join(path, 'dns'),
    artifacts: join(path, 'artifacts'),
    advisories: join(path, 'advisories'),
    node: join(path, 'node'),
    etcd: join(path, 'etcd'),
    controlPlane: join(path, 'control-plane.json'),
    kubeconfig: join(path, adminKubeconfigName),
    breakGlass: join(path, 'break-glass.kubeconfig'),
    evidenceKey: join(path, 'evidence.pub'),
    auditKeys: join(path, 'audit.pub'),
    lock: join(run, 'up.lock'),
    supervisorSocket: join(run, 'up.sock'),
    artifactsSocket: join(run, 'artifacts', 'api.sock'),
    registry: join(path, 'registry'),
    registryStore: join(path, 'registry-store'),
    registrySocket: join(run, 'registry', 'store.sock'),
    registryAuthority: join(path, 'registry-ca.pem'),
    backup: join(path, 'backup'),
    signerSockets: {
      server: join(run, 'server', 'signer.sock'),
      controllers: join(run, 'controllers', 'signer.sock'),
      admin: join(run, 'admin', 'signer.sock'),
      backup: join(run, 'backup', 'signer.sock'),
    },
  }
}

export interface TakenDirectory {
  readonly directory: DataDirectory
  /** Until it is disposed of or this process ends, no other process can use the directory. */
  readonly lock: Disposable
}

/**
 * Locks the directory for this process, creates what is missing and sets owners and modes. `identity` is set if the parts run as users of
 * their own. Rejects with a UserError for a path that is in use, not writable, not reachable for the parts, too long, or of another
 * version.
 */
export async function takeDataDirectory(
  path: string,
  identity: Identity | undefined,
  {
    registry = false,
    ha = false,
    backupFile,
  }: { readonly registry?: boolean; readonly ha?: boolean; readonly backupFile?: string | undefined } = {},
): Promise<TakenDirectory> {
  const directory = layout(path)
  const longest = directory.signerSockets.controllers
  if (Buffer.byteLength(longest) > maxSocketPathLength)
    throw new UserError(
      `The data directory "${path}" is too long: the paths of its sockets would have ${Buffer.byteLength(longest)} bytes, the limit is ${maxSocketPathLength}. Choose a shorter one with --data-dir`,
    )
  try {
    // The parts pass through it to their own folders and sync it; its list of names is not secret.
    await folder(path, 0o755)
    checkVersion(path)
    if (identity) checkReachable(path)
    await folder(dirname(directory.lock), 0o711)
    const lock = lockFile(directory.lock)
    if (lock === undefined) throw inUse(await requestStatus(directory.supervisorSocket))
    // From here on this process alone changes the directory; until here it touched nothing of a running cluster.
    try {
      // A reset may have ended since.
      checkVersion(path)
      await prepare(directory, identity)
      if (registry) await prepareRegistry(directory, identity)
      if (ha) await folder(directory.etcd, 0o700, identity?.etcd)
      if (backupFile !== undefined) await prepareBackup(directory, identity)
      await emptyLargeCaches(partHomes(directory))
    } catch (err) {
      lock[Symbol.dispose]()
      throw err
    }
    return { directory, lock }
  } catch (err) {
    throw explained(err, path)
  }
}

const partHomes = ({ signer, server, controllers, dns, artifacts, node, registry, registryStore }: DataDirectory): string[] => [
  ...[signer, server, controllers, dns, artifacts, node],
  ...[registry, registryStore],
]

async function prepare(directory: DataDirectory, identity: Identity | undefined): Promise<void> {
  await folder(directory.signer, 0o700, identity?.signer)
  await folder(directory.server, 0o700, identity?.server)
  await folder(directory.controllers, 0o700, identity?.controllers)
  await folder(directory.dns, 0o700, identity?.dns)
  await folder(directory.artifacts, 0o700, identity?.artifacts)
  // Advisories are public, and the part "artifacts" reads them.
  await folder(directory.advisories, 0o755)
  await folder(directory.node, 0o700)
  // The signer creates its sockets in these folders; the set-group-id bit gives each socket the group that may connect.
  await folder(dirname(directory.signerSockets.server), 0o2750, identity?.signer, identity?.server)
  await folder(dirname(directory.signerSockets.controllers), 0o2750, identity?.signer, identity?.controllers)
  await folder(dirname(directory.signerSockets.admin), 0o2750, identity?.signer, identity && 0)
  await folder(dirname(directory.artifactsSocket), 0o2750, identity?.artifacts, identity?.server)
  // Written last, and synced with the names of the folders.
  await writeVersion(directory.path)
}

async function prepareRegistry(directory: DataDirectory, identity: Identity | undefined): Promise<void> {
  await folder(directory.registry, 0o700, identity?.registryFront)
  await folder(directory.registryStore, 0o700, identity?.registryStore)
  // docker-registry creates its socket there, and only the front's group may connect.
  await folder(dirname(directory.registrySocket), 0o2750, identity?.registryStore, identity?.registryFront)
}

async function prepareBackup(directory: DataDirectory, identity: Identity | undefined): Promise<void> {
  await folder(directory.backup, 0o700, identity?.backup)
  await folder(dirname(directory.signerSockets.backup), 0o2750, identity?.signer, identity?.backup)
}

/** An error that an operator can fix becomes a sentence; others are returned as they are. */
export function explained(err: unknown, path: string): unknown {
  const cause = { cause: err }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(codeOf(err)))
    return new UserError(
      `The data directory "${path}" is not writable for this user: ${messageOf(err)}. Choose another one with --data-dir`,
      cause,
    )
  if (diskFails(err, 'ENOSPC', sqliteFull) || diskFails(err, 'EDQUOT', sqliteFull))
    return new UserError(`The disk of the data directory "${path}" is full: free some space or choose another one with --data-dir`, cause)
  if (diskFails(err, 'EIO', sqliteIo))
    return new UserError(
      `The disk of the data directory "${path}" fails: ${messageOf(err)}. Fix it or choose another one with --data-dir`,
      cause,
    )
  if (['ENOTDIR', 'EEXIST'].includes(codeOf(err)))
    return new UserError(`The data directory "${path}" is not a folder: ${messageOf(err)}`, cause)
  return err
}

/** Primary result codes of SQLite, whose lock file is in the directory too. */
const sqliteIo = 10
const sqliteFull = 13

/** Whether the error comes from a system call, or from SQLite by its primary code. */
function diskFails(err: unknown, name: 'ENOSPC' | 'EDQUOT' | 'EIO', sqlite: number): boolean {
  if (err instanceof Error && 'errcode' in err && typeof err.errcode === 'number') return (err.errcode & 0xff) === sqlite
  return failsBy(err, name)
}

async function folder(path: string, mode: number, user?: number, group = user): Promise<void> {
  await makeFolders(path, mode & 0o777)
  if (user !== undefined && group !== undefined) await giveFolder(path, user, group)
  // Must come after chown, which clears the set-group-id bit.
  chmodSync(path, mode)
}

/**
 * Creates one level after the other, because Node's `recursive` never ends if the kernel returns ENOENT for a new folder, as below /proc.
 * Each new name is synced in its parent, so that it survives a power cut.
 */
async function makeFolders(path: string, mode: number): Promise<void> {
  if (isFolder(path)) return
  if (path !== dirname(path)) await makeFolders(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
  } catch (err) {
    // Another `up` may have created it just now.
    if (!isFolder(path)) throw err
  }
  await syncToDisk(dirname(path))
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const versionFile = (path: string): string => join(path, 'version')

function checkVersion(path: string): void {
  const found = readVersion(path)
  if (found === resettingVersion)
    throw new UserError(
      `The data directory "${path}" was being reset, and its keys are destroyed: finish that with "bulkhead reset --data-dir ${path}"`,
    )
  if (found !== undefined && found !== dataVersion)
    throw new UserError(
      `The data directory "${path}" has data version "${found}", but this Bulkhead reads version ${dataVersion}: use the Bulkhead that wrote it, or choose another one with --data-dir`,
    )
}

/** Also undefined for an empty file: after a power cut, a name can be on disk without its content. */
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

/** Parts without root's rights need execute permission on the way to their folders. */
function checkReachable(path: string): void {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0)
      throw new UserError(
        `The data directory "${path}" cannot be reached by the unprivileged parts: "${at}" has no execute permission for others. Choose one outside of it with --data-dir, or allow it with "chmod o+x ${at}"`,
      )
  }
}
