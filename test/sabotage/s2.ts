// Sabotage of the check of Bulkhead's own files.
import type { Sabotage } from './sabotage.ts'

const compare = 'src/supply-chain/release/compare-files.ts'
const verify = 'src/supply-chain/release/verify-package.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S2' })

export const s2: readonly Sabotage[] = [
  sabotage('files that are missing are not named', compare, 'for (const path of open.keys())', 'for (const path of [] as string[])'),
  sabotage(
    'further files count as known',
    compare,
    "if (wanted === undefined) return 'is not in the manifest'",
    'if (wanted === undefined) return undefined',
  ),
  sabotage(
    'files of the same length count as unchanged',
    compare,
    'if (found.sha256 !== wanted.sha256)',
    'if (found.size !== wanted.size)',
  ),
  sabotage(
    'links are followed',
    'src/supply-chain/release/read-files.ts',
    'const stat = lstatSync(file)',
    'const stat = await (await import("node:fs/promises")).stat(file)',
  ),
  sabotage(
    'the command itself is not checked',
    'src/supply-chain/release/package-manifest.ts',
    "path.startsWith('bin/')",
    "path.startsWith('sbin/')",
  ),
  sabotage(
    'the manifest counts whoever signed it',
    'src/supply-chain/signatures/signed-statement.ts',
    'if (!signatures.some(({ sig }) =>',
    'if (signatures.length === 0 && !signatures.some(({ sig }) =>',
  ),
  sabotage('anybody may write the cache of compiled code', verify, '(mode & 0o022) === 0 ?', 'mode !== 0 ?'),
  sabotage(
    'the key beside a package counts before that of the release',
    verify,
    'const pem = required ?? (await developmentKey(root))',
    'const pem = await developmentKey(root).catch(() => required ?? "")',
  ),
  sabotage(
    'the code of a part that starts again is not read',
    'src/supply-chain/release/part-code.ts',
    'if (differences.length === 0) return\n',
    'if (differences.length >= 0) return\n',
  ),
]
