// `bulkhead verify package`: whether the files of an installed package are those that were published, without running any of them.
import { readFile } from 'node:fs/promises'
import { cannotRead } from '../../base/user-error.ts'
import { packageDifferences, readManifest } from '../../supply-chain/release/verify-package.ts'
import { printableJson, printableLines } from '../terminal/printable.ts'

export interface VerifyPackageFlags {
  readonly key?: string
  readonly output?: 'text' | 'json'
}

/** The exit code: 0 the files are those of the manifest, 1 they are not. Rejects with a UserError if nothing can be said. */
export async function verifyPackage({ key, output }: VerifyPackageFlags, root: string, print: (text: string) => void): Promise<number> {
  const required = key === undefined ? undefined : await readKey(key)
  const { manifest, build, keyId } = await readManifest(root, required === undefined ? {} : { required })
  const differences = await packageDifferences(root, manifest, { executed: false })
  const { name, version, files } = manifest
  const by = build === 'release' ? `by key ${keyId}` : `development build, by the key ${keyId} that lies beside it`
  const head = `${name} ${version}: ${differences.length === 0 ? 'unchanged' : 'CHANGED'}, ${files.size} files, ${by}`
  const lines = [head, ...differences.map(({ path, what }) => `  "${path}" ${what}`)]
  print(
    output === 'json'
      ? printableJson({ name, version, build, keyId, files: files.size, unchanged: differences.length === 0, differences })
      : printableLines(lines.join('\n')),
  )
  return differences.length === 0 ? 0 : 1
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (err) {
    throw cannotRead(file, err)
  }
}
