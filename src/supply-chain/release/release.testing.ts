// A small package on disk, signed as the published one, for tests.
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parsePrivateKey, type SigningKey } from '../signatures/private-key.ts'
import { signedEnvelope } from '../signatures/signed-statement.ts'
import { developmentKeyFile, manifestFile, manifestStatement, type PackageFile } from './package-manifest.ts'
import { listFiles, readFiles } from './read-files.ts'

export function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  return parsePrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'the key')
}

export class TestPackage implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'package-'))
  readonly key = newKey()

  static async create(files: Readonly<Record<string, string>>): Promise<TestPackage> {
    const made = new TestPackage()
    for (const [path, text] of Object.entries(files)) made.write(path, text)
    made.write(developmentKeyFile, made.key.publicKey)
    await made.sign(made.key)
    return made
  }

  path(relative: string): string {
    return join(this.root, relative)
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true })
    writeFileSync(this.path(path), text)
  }

  async sign(key: SigningKey, change: (files: readonly PackageFile[]) => readonly PackageFile[] = files => files): Promise<void> {
    const found = await readFiles(
      this.root,
      (await listFiles(this.root, () => true)).filter(path => path !== manifestFile),
    )
    const files = change(found.flatMap(file => ('problem' in file ? [] : [file])))
    this.write(manifestFile, signedEnvelope(manifestStatement('bulkhead', '1.2.3', files), key))
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
