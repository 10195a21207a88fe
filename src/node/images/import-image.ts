// Imports the images of an archive: detects OCI and Docker archives and checks them before containerd reads them.
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { posix } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseJson } from '../../base/json.ts'
import { codeOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { listTar } from '../../supply-chain/oci/tar/list-tar.ts'

/** Limit of entries in an archive: an image has one for each layer and few more. */
export const maxEntries = 10_000
/** Limit of `index.json` and `manifest.json`. */
export const maxDescriptionLength = 4 * 1024 * 1024
export const maxArchive = 64 * 1024 ** 3
/** Built by the node itself; every pod's sandbox runs in the first. */
const reserved = /^bulkhead\.local\/(pause|busybox)(?![\w.-])/i

export type ImportProgress =
  | { readonly step: 'reading'; readonly bytes: number; readonly total: number }
  | { readonly step: 'unpacking'; readonly name: string }

export interface ImportOptions {
  readonly socket: string
  readonly ctr?: string
  /** Allows the node's own images. Default: false. */
  readonly isOwn?: boolean
  readonly progress?: (progress: ImportProgress) => void
}

/** Resolves with the names of the imported images. Rejects with one sentence about the fault of the file. */
export async function importImage(file: string, options: ImportOptions, signal: AbortSignal): Promise<string[]> {
  // An open descriptor, so that the checked file is the imported one, even if its path is replaced.
  await using handle = await openArchive(file)
  const { size } = await checkOpened(handle, file, options)
  const { socket, ctr = 'ctr', progress = () => undefined } = options
  const args = ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', '--digests=false', '-']
  const child = spawn(ctr, args, { stdio: ['pipe', 'pipe', 'pipe'], signal })
  const names: string[] = []
  let rest = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    rest += chunk
    for (const [whole, name = ''] of rest.matchAll(/^unpacking (\S+) /gm)) {
      rest = rest.slice(rest.indexOf(whole) + whole.length)
      names.push(name)
      progress({ step: 'unpacking', name })
    }
    rest = rest.slice(-maxLineLength)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint = (complaint + chunk).slice(-maxLineLength)
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, by) => {
      if (code === 0) resolve()
      else reject(new Error(complaint.trim().split('\n').at(-1) || `ctr ended with ${by ?? `exit code ${code}`}`))
    })
  })
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      bytes += chunk.length
      progress({ step: 'reading', bytes, total: size })
      next(null, chunk)
    },
  })
  try {
    await Promise.all([
      ended,
      // A ctr that exits early reports its own reason.
      pipeline(handle.createReadStream({ start: 0, autoClose: false }), counted, child.stdin, { signal }).catch((err: unknown) => {
        if (codeOf(err) !== 'EPIPE' && codeOf(err) !== 'ERR_STREAM_PREMATURE_CLOSE') throw err
      }),
    ])
    return names
  } catch (cause) {
    throw new Error(`Cannot import image "${file}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** A name has at most 4096 characters; longer output without a line break is dropped. */
const maxLineLength = 8192

export interface CheckedArchive {
  readonly kind: 'oci' | 'docker'
  /** Bytes. */
  readonly size: number
}

/**
 * Rejects unless the file is an OCI archive (`oci-layout` and `index.json`) or a Docker archive (`manifest.json`) of bounded size that
 * contains none of the node's own names.
 */
export async function checkArchive(file: string, options: Pick<ImportOptions, 'isOwn'> = {}): Promise<CheckedArchive> {
  await using handle = await openArchive(file)
  return await checkOpened(handle, file, options)
}

async function openArchive(file: string): Promise<FileHandle> {
  try {
    // Opening a pipe without a writer would never end.
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw new Error(`Cannot import image "${file}": the file cannot be read`, { cause })
  }
}

async function checkOpened(handle: FileHandle, file: string, { isOwn = false }: Pick<ImportOptions, 'isOwn'>): Promise<CheckedArchive> {
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new Error('it is not a regular file')
    if (stat.size > maxArchive) throw new Error(`it is larger than ${maxArchive / 1024 ** 3} GiB`)
    const read = (offset: number, length: number) => readAt(handle, offset, length)
    if ((await read(0, 4)).readUInt16BE(0) === 0x1f8b) throw new Error('it is compressed, unpack it with gunzip first')
    const names = new Set<string>()
    let entries = 0
    for await (const { path, offset, size } of listTar(read)) {
      if (++entries > maxEntries) throw new Error(`it has more than ${maxEntries} entries`)
      const name = posix.normalize(`/${path}`).slice(1)
      names.add(name)
      if (name !== 'index.json' && name !== 'manifest.json') continue
      if (size > maxDescriptionLength) throw new Error(`its ${name} is larger than ${maxDescriptionLength / 1024 ** 2} MiB`)
      const own = isOwn ? undefined : reservedName((await read(offset, size)).toString('utf8'))
      if (own !== undefined) throw new Error(`it names ${writeJson(own)}, an image of the node itself: give the image another name`)
    }
    if (names.has('oci-layout') && names.has('index.json')) return { kind: 'oci', size: stat.size }
    if (names.has('manifest.json')) return { kind: 'docker', size: stat.size }
    throw new Error('it is neither an OCI archive (oci-layout, index.json) nor a Docker archive (manifest.json)')
  } catch (cause) {
    throw new Error(`Cannot import image "${file}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/**
 * The first string anywhere in the JSON text that is such a name: for duplicate members, or names in another case, containerd may choose
 * another one than we would.
 */
function reservedName(text: string): string | undefined {
  for (const [literal] of text.matchAll(/"(?:[^"\\]|\\.)*"/gs)) {
    let value: unknown
    try {
      value = parseJson(literal)
    } catch {
      // Not JSON: containerd will refuse it and report that.
      continue
    }
    if (typeof value === 'string' && reserved.test(value.trim())) return value
  }
  return undefined
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, offset)
  if (offset === 0 && bytesRead < length) throw new Error('it is not a tar archive')
  return buffer.subarray(0, bytesRead)
}
