// The last step of `npm run package`: writes the starter, the SBOM, the provenance and the signed manifest into the folder that is packed.
// Usage: sign-package.ts FOLDER STARTED_AT, with the release's private key (PEM file) in BULKHEAD_RELEASE_KEY.
import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { parseJson } from '../src/base/json.ts'
import { writeCycloneDx } from '../src/supply-chain/packages/formats/cyclonedx.ts'
import { npmPackage } from '../src/supply-chain/packages/npm-package.ts'
import { developmentKeyFile, manifestFile, manifestStatement, type PackageFile } from '../src/supply-chain/release/package-manifest.ts'
import { provenanceStatement } from '../src/supply-chain/release/provenance.ts'
import { listFiles, readFiles } from '../src/supply-chain/release/read-files.ts'
import { parsePrivateKey, type SigningKey } from '../src/supply-chain/signatures/private-key.ts'
import { signedEnvelope } from '../src/supply-chain/signatures/signed-statement.ts'
import { bundledPackages } from './bundled-packages.ts'

const root = join(import.meta.dirname, '..')
const [stage = '', startedAt = ''] = process.argv.slice(2)
const keyFile = process.env['BULKHEAD_RELEASE_KEY']

const key = keyFile === undefined ? developmentKey() : parsePrivateKey(readFileSync(keyFile, 'utf8'), `"${keyFile}"`)
const { name, version } = parseJson(readFileSync(join(stage, 'package.json'), 'utf8')) as {
  readonly name: string
  readonly version: string
}
const lockfile = readFileSync(join(root, 'package-lock.json'))

await writeStarter(keyFile === undefined ? undefined : key.publicKey)
if (keyFile === undefined) writeFileSync(join(stage, developmentKeyFile), key.publicKey)
writeFileSync(join(stage, 'sbom.cdx.json'), bomOfBundle())
const code = await filesOf(stage)
const statement = provenanceStatement(
  code.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
  {
    ...commitOfSources(),
    lockfile: createHash('sha256').update(lockfile).digest('hex'),
    builder: process.env['BULKHEAD_BUILDER'] ?? 'https://bulkhead.dev/builders/local',
    node: process.version,
    startedAt: Number(startedAt),
    finishedAt: Date.now(),
  },
)
writeFileSync(join(stage, 'provenance.dsse.json'), signedEnvelope(statement, key))
writeFileSync(join(stage, manifestFile), signedEnvelope(manifestStatement(name, version, await filesOf(stage)), key))
console.log(`Signed ${keyFile === undefined ? 'as a development build, with a key made for it' : `with the key in "${keyFile}"`}`)

function developmentKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  return parsePrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'the key')
}

/** One file: it must not import what it is about to check. */
async function writeStarter(publicKey: string | undefined): Promise<void> {
  await build({
    entryPoints: [join(root, 'src/supply-chain/release/check-package.ts')],
    outfile: join(stage, 'bin', 'check-package.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    ...(publicKey === undefined ? {} : { define: { releaseKey: JSON.stringify(publicKey) } }),
  })
}

async function filesOf(folder: string): Promise<PackageFile[]> {
  const paths = (await listFiles(folder, () => true)).filter(path => path !== manifestFile)
  return (await readFiles(folder, paths)).map(file => {
    if ('problem' in file) throw new Error(`"${file.path}" ${file.problem}`)
    return file
  })
}

function bomOfBundle(): string {
  const packages = [...bundledPackages(root)].map(([bundled, each]) =>
    npmPackage(bundled, each.version, '/package-lock.json', each.license === undefined ? [] : [each.license]),
  )
  const subject = { kind: 'directory', name: `${name}@${version}` } as const
  return writeCycloneDx({ subject, packages, skipped: [] }, { tool: name, version, createdAt: new Date(Number(startedAt)).toISOString() })
}

function commitOfSources(): { readonly commit: string | undefined; readonly modified: boolean } {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return { commit: git('rev-parse', 'HEAD'), modified: git('status', '--porcelain', '--untracked-files=no') !== '' }
  } catch {
    // An archive of the sources has no history: the provenance then has the lockfile alone.
    return { commit: undefined, modified: true }
  }
}
