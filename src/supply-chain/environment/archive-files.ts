// The files of a package as its archive has them: from npm's cache, by the integrity in the lockfile.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, UserError } from '../../base/user-error.ts'
import { decompressed } from '../oci/layers/decompressed.ts'
import { readTar } from '../oci/tar/read-tar.ts'

/** Unpacked. */
const maxArchiveBytes = 1024 ** 3

/**
 * By their paths in the package: SHA-256. Undefined if the archive is not in the cache. `cache` is npm's (`npm config get cache`), whose content
 * lies by its digest (cacache, content-v2). Rejects with a UserError if the archive is not what its digest says.
 */
export async function archiveFiles(cache: string, integrity: string): Promise<ReadonlyMap<string, string> | undefined> {
  const [, encoded = ''] = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(integrity) ?? []
  if (encoded === '') return undefined
  const hex = Buffer.from(encoded, 'base64').toString('hex')
  let archive: Buffer
  try {
    archive = await readFile(join(cache, '_cacache', 'content-v2', 'sha512', hex.slice(0, 2), hex.slice(2, 4), hex.slice(4)))
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
  if (createHash('sha512').update(archive).digest('hex') !== hex)
    throw new UserError(`The archive with integrity "${integrity}" in npm's cache was changed: run "npm cache verify"`)
  const files = new Map<string, string>()
  async function* source(): AsyncGenerator<Uint8Array> {
    yield archive
  }
  for await (const entry of readTar(decompressed(source(), maxArchiveBytes, `the archive with integrity "${integrity}"`))) {
    const { path, type } = entry.head
    if (type !== 'file') continue
    const hash = createHash('sha256')
    for await (const piece of entry.pieces()) hash.update(piece)
    // npm unpacks without the first folder, whatever its name.
    files.set(path.replace(/^\.?\/?[^/]+\//, ''), hash.digest('hex'))
  }
  return files
}
