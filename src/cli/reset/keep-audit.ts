// Copies the audit log out of a data directory before it is removed, with what an auditor needs to verify it later: the public key of its
// seals and the newest signed head.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { constants, realpathSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { logFileName, logFileNumbers } from '../../access/audit/log-files.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { cannotRead, codeOf, messageOf, UserError } from '../../base/user-error.ts'
import type { DataDirectory } from '../up/data-directory.ts'

export interface KeptAudit {
  readonly folder: string
  readonly files: number
  readonly bytes: number
  /** Whether the folder has the public key by which the log is verified. */
  readonly hasKey: boolean
}

const headFile = 'audit-head.json'
const keyFile = 'audit.pub'

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
/** A key or a signed head is smaller. */
const maxSmallBytes = 64 << 10
const draftEnd = '.new'
const logFileForm = /^audit-\d{8}\.log$/

/**
 * Resolves when every byte is on disk and was read back. May be repeated: files that are there already with the same bytes stay. Undefined
 * if there is no audit log (any more). Rejects with a UserError if the folder is within the data directory or has other files.
 */
export async function keepAudit(directory: DataDirectory, to: string, keysAreDestroyed: boolean): Promise<KeptAudit | undefined> {
  const folder = resolve(to)
  const source = join(directory.server, 'audit')
  const numbers = await logFileNumbers(source).catch((err: unknown) => {
    if (codeOf(err) === 'ENOENT') return []
    throw cannotRead(source, err)
  })
  if (numbers.length === 0) return undefined
  refuseWithin(folder, directory.path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const copies = numbers.map(logFileName).map(name => ({ name, from: join(source, name) }))
  // Of destroyed files nothing is read; an earlier call may have kept them.
  const readSigner = async (name: string) => (keysAreDestroyed ? undefined : await readSmall(join(directory.signer, name)))
  const small = [
    { name: headFile, content: await readSigner('audit-head.json') },
    { name: keyFile, content: publicKey(await readSigner('audit.key')) },
  ]
  await refuseOthers(
    folder,
    [...copies, ...small].map(({ name }) => name),
  )
  let bytes = 0
  for (const { name, from } of copies) bytes += await copy(from, join(folder, name))
  for (const { name, content } of small) if (content !== undefined) await write(join(folder, name), content)
  await syncToDisk(folder)
  await syncToDisk(dirname(folder))
  return { folder, files: copies.length, bytes, hasKey: (await readdir(folder)).includes(keyFile) }
}

function refuseWithin(folder: string, dataDirectory: string): void {
  let existing = folder
  let real: string | undefined
  for (; real === undefined; existing = dirname(existing)) real = realOf(existing)
  const inside = realpathSync(dataDirectory)
  if (real === inside || real.startsWith(`${inside}/`))
    throw new UserError(`--keep-audit must be a folder outside of the data directory, got "${folder}"`)
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw new UserError(`--keep-audit must be a folder that this user can make, got "${path}": ${messageOf(err)}`, { cause: err })
  }
}

/** Files of the log may be there that an interrupted reset has already removed from the data directory. */
async function refuseOthers(folder: string, names: readonly string[]): Promise<void> {
  const isOurs = (name: string) => names.includes(name) || logFileForm.test(name)
  const other = (await readdir(folder)).find(name => !isOurs(name.endsWith(draftEnd) ? name.slice(0, -draftEnd.length) : name))
  if (other !== undefined) throw new UserError(`--keep-audit must be a new or empty folder: "${folder}" has "${other}"`)
}

async function copy(from: string, to: string): Promise<number> {
  await using source = await open(from, readFlags).catch((err: unknown) => {
    throw cannotRead(from, err)
  })
  const { size } = await source.stat()
  const wanted = await digestOf(source, size)
  if (await isThere(to, size, wanted)) return size
  await place(to, async target => {
    for await (const chunk of source.createReadStream({ start: 0, autoClose: false })) await target.writeFile(chunk)
  })
  if (!(await isThere(to, size, wanted))) throw new UserError(`Cannot keep "${from}": "${to}" does not have the same bytes after the copy`)
  return size
}

const otherContent = (path: string): UserError => new UserError(`--keep-audit must be a new or empty folder: "${path}" has other content`)

async function write(path: string, content: string): Promise<void> {
  const bytes = Buffer.from(content)
  if (await isThere(path, bytes.length, createHash('sha256').update(bytes).digest('hex'))) return
  await place(path, target => target.writeFile(bytes))
}

/** As a draft first: an interrupted copy is never taken for a file of another cluster. */
async function place(path: string, fill: (target: FileHandle) => Promise<void>): Promise<void> {
  const draft = `${path}${draftEnd}`
  await rm(draft, { force: true })
  await using target = await open(draft, 'wx', 0o600)
  await fill(target)
  await target.sync()
  await rename(draft, path)
}

/** False if there is no such file. Rejects if there is one with other bytes. */
async function isThere(path: string, size: number, digest: string): Promise<boolean> {
  const stats = await lstat(path).catch((err: unknown) => {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  })
  if (stats === undefined) return false
  if (!stats.isFile() || stats.size !== size) throw otherContent(path)
  await using file = await open(path, readFlags)
  if ((await digestOf(file, size)) !== digest) throw otherContent(path)
  return true
}

async function digestOf(file: FileHandle, size: number): Promise<string> {
  const hash = createHash('sha256')
  if (size > 0) for await (const chunk of file.createReadStream({ start: 0, end: size - 1, autoClose: false })) hash.update(chunk)
  return hash.digest('hex')
}

/** Undefined if it is not there. */
async function readSmall(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, readFlags)
    const { size } = await file.stat()
    if (size > maxSmallBytes) throw new UserError(`Cannot read "${path}": it has ${size} bytes, at most ${maxSmallBytes} are read`)
    return await file.readFile('utf8')
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw cannotRead(path, err)
  }
}

function publicKey(privatePem: string | undefined): string | undefined {
  if (privatePem === undefined) return undefined
  return createPublicKey(createPrivateKey(privatePem)).export({ type: 'spki', format: 'pem' }).toString()
}
