// Changes of one file of an installed package at a time. The package is a small one of this attack, signed as the published one is.
import { generateKeyPairSync } from 'node:crypto'
import { appendFile, chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { formatEnvelope, parseEnvelope } from '../../../base/dsse.ts'
import { UserError } from '../../../base/user-error.ts'
import { verifyExecuted } from '../../../supply-chain/release/check-package.ts'
import { developmentKeyFile, manifestFile, manifestStatement } from '../../../supply-chain/release/package-manifest.ts'
import { partCode } from '../../../supply-chain/release/part-code.ts'
import { listFiles, readFiles } from '../../../supply-chain/release/read-files.ts'
import { parsePrivateKey, type SigningKey } from '../../../supply-chain/signatures/private-key.ts'
import { signedEnvelope } from '../../../supply-chain/signatures/signed-statement.ts'
import type { ProofContext } from '../../proof.ts'

const entry = 'dist/0123456789abcdef/cli.js'
const chunk = 'dist/0123456789abcdef/chunk-up.js'
const files: Readonly<Record<string, string>> = {
  'package.json': '{"name":"bulkhead","version":"0.0.1","type":"module"}\n',
  'bin/bulkhead.mjs': "await import('../dist/cli.js')\n",
  'dist/cli.js': "import './0123456789abcdef/cli.js'\n",
  [entry]: "import './chunk-up.js'\n",
  [chunk]: 'export const decide = () => false\n',
  'README.md': 'A package\n',
}

interface Change {
  readonly name: string
  /** What the message must contain. */
  readonly named: string
  readonly words?: readonly string[]
  make(root: string, other: SigningKey): Promise<unknown>
}

const flip = async (file: string): Promise<void> => {
  const bytes = await readFile(file)
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1
  await writeFile(file, bytes)
}

const flips = Object.keys(files)
  .filter(path => path !== 'README.md')
  .map(
    (path): Change => ({ name: `one flipped byte of ${path}`, named: `"${path}" has other bytes`, make: root => flip(join(root, path)) }),
  )

const changes: readonly Change[] = [
  ...flips,
  { name: 'a longer chunk', named: `"${chunk}" has`, make: root => appendFile(join(root, chunk), ' ') },
  { name: 'a missing chunk', named: `"${chunk}" is missing`, make: root => rm(join(root, chunk)) },
  {
    name: 'another file in the folder of the code',
    named: '"dist/0123456789abcdef/more.js" is not in the manifest',
    make: root => writeFile(join(root, dirname(entry), 'more.js'), ''),
  },
  {
    name: 'another file beside the command',
    named: '"bin/node" is not in the manifest',
    make: root => writeFile(join(root, 'bin', 'node'), ''),
  },
  {
    name: 'a link to the same content',
    named: `"${chunk}" is no regular file`,
    async make(root) {
      await rename(join(root, chunk), join(root, 'moved.js'))
      await symlink(join(root, 'moved.js'), join(root, chunk))
    },
  },
  { name: 'a file that became executable', named: `"${chunk}" is executable`, make: root => chmod(join(root, chunk), 0o755) },
  {
    name: 'a cache of compiled code that others may write',
    named: '"dist/.compile-cache" may be written by others',
    async make(root) {
      await mkdir(join(root, 'dist', '.compile-cache'))
      await chmod(join(root, 'dist', '.compile-cache'), 0o777)
    },
  },
  { name: 'no manifest', named: manifestFile, make: root => rm(join(root, manifestFile)) },
  {
    name: 'a manifest that was changed with the file',
    named: 'is not signed with the key',
    async make(root) {
      const envelope = parseEnvelope(await readFile(join(root, manifestFile), 'utf8'))
      const payload = Buffer.from(envelope.payload.toString().replace('0.0.1', '0.0.2'))
      await writeFile(join(root, manifestFile), formatEnvelope({ ...envelope, payload }))
    },
  },
  {
    name: 'a manifest that somebody else signed',
    named: 'is not signed with the key',
    async make(root, other) {
      await flip(join(root, chunk))
      await sign(root, other)
    },
  },
]

export async function tryOwnFiles({ attempts }: ProofContext): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-prove-s2-'))
  try {
    const [key, other] = [newKey(), newKey()]
    const original = join(folder, 'original')
    await writePackage(original)
    await sign(original, key)
    await writeFile(join(original, developmentKeyFile), key.publicKey)
    const answer = async (root: string, brought?: string): Promise<string> => {
      try {
        await verifyExecuted(root, ['up'], brought)
        return 'started'
      } catch (err) {
        if (err instanceof UserError) return err.message
        throw err
      }
    }
    const record = (name: string, answered: string, named: string | undefined) =>
      attempts.record({
        name,
        sent: 'bulkhead up',
        expected: named === undefined ? 'started' : `refused: ${named}`,
        answered,
        held: named === undefined ? answered === 'started' : answered.includes(named),
      })
    record('the package as it was made', await answer(original), undefined)
    for (const { name, named, make } of changes) {
      const root = join(folder, 'changed')
      await cp(original, root, { recursive: true })
      await make(root, other)
      record(name, await answer(root), named)
      await rm(root, { recursive: true })
    }
    // Whoever changes files can sign them anew and put the key beside them: only a key from elsewhere says who signed.
    record(
      'a package that another key signed, with that key beside it',
      await answer(original, other.publicKey),
      'is not signed with the key',
    )
    const verified = await verifyExecuted(original, ['up'])
    const code = partCode(verified, join(original, entry))
    await flip(join(original, chunk))
    const restarted = await code?.verify().then(
      () => 'started',
      (err: unknown) => (err instanceof UserError ? err.message : String(err)),
    )
    record('a byte that flips before a part starts again', restarted ?? 'started', '"chunk-up.js" has other bytes')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writePackage(root: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

async function sign(root: string, key: SigningKey): Promise<void> {
  const paths = (await listFiles(root, () => true)).filter(path => path !== manifestFile && path !== developmentKeyFile)
  const found = (await readFiles(root, paths)).flatMap(file => ('problem' in file ? [] : [file]))
  await writeFile(join(root, manifestFile), signedEnvelope(manifestStatement('bulkhead', '0.0.1', found), key))
}

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  return parsePrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'the key of the attack')
}
