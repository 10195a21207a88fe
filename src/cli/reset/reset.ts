// `bulkhead reset`: removes a stopped cluster from this machine. Keys go first, so that nothing can be decrypted from there on; the version
// file goes last, so that an interrupted reset is finished by running it again.
import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmdirSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { folderSize } from '../../base/files/folder-size.ts'
import { openFolder, removeTree, within } from '../../base/files/remove-tree.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { findDataDirectory } from '../connection/find-cluster.ts'
import { readJoined } from '../join/joined-cluster.ts'
import { formatBytes } from '../status/format.ts'
import { inUse, requestStatus } from '../up/control-socket.ts'
import { type DataDirectory, resettingVersion } from '../up/data-directory.ts'
import { lockFile } from '../up/directory-lock.ts'
import { confirm, type Terminal } from './confirm.ts'
import { type Erased, eraseFile, eraseFolder } from './erase-keys.ts'
import { keepAudit } from './keep-audit.ts'
import { foreignDisks, nothing, type ResetMachine, readMountInfo } from './machine-state.ts'
import { partProcesses } from './part-processes.ts'
import { planText } from './plan-reset.ts'
import { isEmpty, ownNames, readTarget, refusal, type TargetFacts } from './reset-target.ts'

export interface ResetFlags {
  readonly dataDir?: string
  readonly yes?: boolean
  readonly keepAudit?: string
}

export interface ResetParts {
  readonly terminal: Terminal
  /** Undefined if this user runs no containers. */
  readonly machine: ResetMachine | undefined
  /** Of the user who runs the command. */
  readonly userId: number
  readonly home: string
  print(text: string): void
}

/** Rejects with a UserError if the path is no data directory, a cluster runs there, or something could not be removed. */
export async function reset(flags: ResetFlags, { terminal, machine, userId, home, print }: ResetParts): Promise<void> {
  const directory = findDataDirectory(flags.dataDir)
  const { path } = directory
  const target = readTarget(path, home, userId)
  const own = ownNames(directory)
  if (isEmpty(target)) return print(`"${path}" is empty: nothing of a cluster is left. Remove the folder with "rmdir ${path}"`)
  const why = refusal(target, own)
  if (why !== undefined) throw new UserError(why)
  using _held = await lockStopped(directory)
  const real = realpathSync(path)
  const node = nodeDirectory(directory.node)
  const [disk] = foreignDisks(await readMountInfo(), real, node)
  if (disk !== undefined)
    throw new UserError(`Cannot reset "${path}": a disk is mounted at ${disk}. Remove what is on it yourself, and unmount it`)

  const state = (await machine?.read(node, real)) ?? nothing
  const kept = target.entries.map(({ name }) => name).filter(name => !own.includes(name))
  const unseen = machine === undefined ? 'because only root runs containers' : undefined
  // A damaged record must not keep anybody from removing it.
  const joined = await readJoined(directory).catch(() => undefined)
  const plan = { path, kept, machine: state, keepAudit: flags.keepAudit, unseen, joined }
  print(planText({ ...plan, entries: await entriesOf(target, own) }))
  if (flags.yes !== true) await confirm(path, terminal)

  if (flags.keepAudit !== undefined) {
    const audit = await keepAudit(directory, flags.keepAudit, target.version === resettingVersion)
    if (audit?.hasKey === false) print('WARNING: the key by which the audit log is verified was destroyed by an earlier reset')
    print(
      audit === undefined
        ? 'There is no audit log to keep.'
        : `Kept ${audit.files} audit files in "${audit.folder}", ${formatBytes(audit.bytes)}.`,
    )
  }
  const folder = openFolder(path)
  try {
    markResetting(folder)
    const erased = eraseAllKeys(folder, directory)
    print(`Destroyed ${erased.files} files with keys.`)
    for (const linked of erased.linked)
      print(`WARNING: "${linked}" has another name on this disk, where its content stays: find it with "find -inum"`)
    await machine?.remove(state, node, real)
    removeAll(folder, directory, own)
  } finally {
    closeSync(folder)
  }
  print(removeFolder(path, kept))
}

/** The lock keeps `up` away until the end. Rejects if a cluster or a part of one runs there. */
async function lockStopped(directory: DataDirectory): Promise<Disposable> {
  const { path, lock, supervisorSocket } = directory
  try {
    mkdirSync(dirname(lock), { mode: 0o711 })
  } catch (err) {
    if (codeOf(err) !== 'EEXIST') throw err
  }
  const held = lockFile(lock)
  const up = held === undefined || existsSync(supervisorSocket) ? await requestStatus(supervisorSocket) : undefined
  if (held === undefined || up !== undefined) {
    held?.[Symbol.dispose]()
    if (up === undefined) throw inUse(undefined)
    throw new UserError(
      `A cluster runs in "${path}" (process ${up.pid}): stop it first, with Ctrl-C in its terminal or "kill -INT ${up.pid}"`,
    )
  }
  const left = partProcesses(path)
  if (left.length === 0) return held
  held[Symbol.dispose]()
  throw new UserError(`Parts of a killed cluster still run in "${path}": end them first, with "kill ${left.join(' ')}"`)
}

async function entriesOf({ path, entries }: TargetFacts, own: readonly string[]) {
  const found: { name: string; size: string }[] = []
  for (const { name } of entries.filter(entry => own.includes(entry.name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { bytes, isWhole } = await folderSize(join(path, name))
    found.push({ name, size: `${isWhole ? '' : 'over '}${formatBytes(bytes)}` })
  }
  return found
}

/** Never through a link: whatever is at the name goes first. */
function markResetting(folder: number): void {
  removeTree(folder, 'version.new', 'version.new')
  const file = openSync(
    within(folder, 'version.new'),
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o644,
  )
  writeSync(file, `${resettingVersion}\n`)
  fsyncSync(file)
  closeSync(file)
  renameSync(within(folder, 'version.new'), within(folder, 'version'))
  fsyncSync(folder)
}

/** The signer's first: they open the store. Then every other private key, with the kubeconfigs. */
function eraseAllKeys(folder: number, directory: DataDirectory): Erased {
  const { path } = directory
  const results: Erased[] = [eraseFolder(folder, 'signer', directory.signer)]
  for (const name of ['admin.pem', 'admin.kubeconfig', 'break-glass.kubeconfig']) {
    const exists = existsSync(join(path, name))
    const linked = eraseFile(folder, name, join(path, name))
    results.push({ files: exists ? 1 : 0, linked })
  }
  fsyncSync(folder)
  for (const name of ['node/pki', 'node/witness', 'dns', 'registry', 'backup']) results.push(...eraseBelow(folder, name, join(path, name)))
  return { files: results.reduce((sum, { files }) => sum + files, 0), linked: results.flatMap(({ linked }) => linked) }
}

/** `name` of at most two folders, each opened without following links. */
function eraseBelow(folder: number, name: string, path: string): Erased[] {
  const [first = '', second] = name.split('/')
  if (second === undefined) return [eraseFolder(folder, first, path)]
  let parent: number
  try {
    parent = openFolder(within(folder, first))
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return []
    throw err
  }
  try {
    return [eraseFolder(parent, second, path)]
  } finally {
    closeSync(parent)
  }
}

/** Plain text goes first: the store is sealed with keys that are gone. The lock and the version go last. */
function removeAll(folder: number, { path }: DataDirectory, own: readonly string[]): void {
  const first = ['signer', 'server', 'node']
  const last = ['run', 'version']
  const order = [...first, ...own.filter(name => ![...first, ...last].includes(name)), ...last]
  for (const name of order) {
    removeTree(folder, name, join(path, name))
    // The version says that there is something to finish, so it goes only when everything else is gone from the disk.
    if (name === 'run') fsyncSync(folder)
  }
  fsyncSync(folder)
}

function removeFolder(path: string, kept: readonly string[]): string {
  if (kept.length > 0) return `Removed the cluster. "${path}" stays, with what Bulkhead did not make.`
  try {
    rmdirSync(path)
  } catch (err) {
    if (codeOf(err) === 'EBUSY') return `Removed the cluster. "${path}" stays, because a disk is mounted there.`
    if (codeOf(err) === 'ENOTEMPTY') return `Removed the cluster. "${path}" stays, because something was written there meanwhile.`
    throw err
  }
  return `Removed the cluster and "${path}".`
}
