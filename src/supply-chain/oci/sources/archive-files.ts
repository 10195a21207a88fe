// The files of an image archive (.tar, or one compressed with gzip or zstd), read where they are: nothing is unpacked to disk.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { cannotRead, messageOf, UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { compressionOf, decompressed } from '../layers/decompressed.ts'
import { imagePath } from '../layers/image-path.ts'
import { listTar } from '../tar/list-tar.ts'
import { readTar } from '../tar/read-tar.ts'
import type { TarHead } from '../tar/tar-header.ts'
import { filePieces } from './file-pieces.ts'
import type { LayoutFile, LayoutFiles } from './layout-files.ts'

/** An image has one entry for each layer and few more. */
export const maxArchiveEntries = 10_000
/** Of a compressed archive, when it is unpacked. */
export const maxArchiveBytes = 64 * 1024 ** 3
/** Small files of a compressed archive stay in memory, as it can only be read from its beginning. */
const smallFileBytes = 1024 * 1024
const smallFilesBytes = 64 * 1024 * 1024

/** `displayName` is for messages. Rejects with a UserError if the file is not readable or no archive. */
export async function openArchive(path: string, displayName: string): Promise<LayoutFiles> {
  const name = writeJson(displayName)
  let handle: FileHandle
  try {
    // Opening a pipe without a writer would never end.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (err) {
    throw cannotRead(displayName, err)
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw cannotRead(displayName, Object.assign(new Error(), { code: stat.isDirectory() ? 'EISDIR' : 'ENXIO' }))
    const head = await readAt(handle, 0, 4)
    const isPlain = compressionOf(head, name) === 'none'
    const files = isPlain ? await plainFiles(handle) : await compressedFiles(handle, name)
    return { name, file: async wanted => files.get(wanted), [Symbol.asyncDispose]: async () => await handle.close() }
  } catch (err) {
    await handle.close()
    if (err instanceof UserError) throw err
    throw new UserError(`Cannot read archive ${name}: ${messageOf(err)}`, { cause: err })
  }
}

class ArchiveIndex {
  readonly files = new Map<string, LayoutFile>()
  readonly #links = new Map<string, string>()
  #entries = 0

  /** The path of a file to add; undefined for anything else. */
  note({ path: written, type, linkTo, isSparse }: TarHead): string | undefined {
    if (++this.#entries > maxArchiveEntries) throw new Error(`it has more than ${maxArchiveEntries} entries`)
    const path = imagePath(written)
    // Older versions of "docker save" link to layers that several images have.
    if (type === 'symbolic-link') this.#links.set(path, imagePath(`${path}/../${linkTo}`))
    if (type === 'hard-link') this.#links.set(path, imagePath(linkTo))
    if (type !== 'file' || isSparse) return undefined
    if (this.files.has(path)) throw new Error(`it has ${writeJson(path.slice(0, 200))} twice`)
    return path
  }

  end(): ReadonlyMap<string, LayoutFile> {
    for (const [path, target] of this.#links) {
      const file = this.files.get(target)
      if (file !== undefined && !this.files.has(path)) this.files.set(path, file)
    }
    return this.files
  }
}

async function plainFiles(handle: FileHandle): Promise<ReadonlyMap<string, LayoutFile>> {
  const index = new ArchiveIndex()
  for await (const entry of listTar(async (offset, length) => await readAt(handle, offset, length))) {
    const path = index.note(entry)
    if (path === undefined) continue
    const { offset, size } = entry
    index.files.set(path, { size, content: signal => filePieces(handle, offset, offset + size, signal) })
  }
  return index.end()
}

async function compressedFiles(handle: FileHandle, name: string): Promise<ReadonlyMap<string, LayoutFile>> {
  const index = new ArchiveIndex()
  let kept = 0
  for await (const entry of readTar(unpack(handle, name))) {
    const path = index.note(entry.head)
    if (path === undefined) continue
    const { size } = entry.head
    if (size <= smallFileBytes && kept + size <= smallFilesBytes) {
      kept += size
      const content = await entry.content()
      index.files.set(path, {
        size,
        async *content() {
          yield content
        },
      })
    } else index.files.set(path, { size, content: signal => largeFile(handle, name, path, signal) })
  }
  return index.end()
}

/** Reads the archive from its beginning up to the file. */
async function* largeFile(handle: FileHandle, name: string, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const entry of readTar(unpack(handle, name, signal))) {
    if (entry.head.type !== 'file' || imagePath(entry.head.path) !== path) continue
    yield* entry.pieces()
    return
  }
}

const unpack = (handle: FileHandle, name: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> =>
  decompressed(filePieces(handle, 0, Number.MAX_SAFE_INTEGER, signal), maxArchiveBytes, `Archive ${name}`)

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
