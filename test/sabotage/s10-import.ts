// Sabotage of the way of an advisory from a published feed to the pods that it concerns.
import type { Sabotage } from './sabotage.ts'

const updates = 'src/artifacts/findings/advisory-updates.ts'
const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({
  name,
  file,
  from,
  to,
  proof: 'S10',
})

export const s10: readonly Sabotage[] = [
  sabotage(
    'sources are not fetched',
    'src/artifacts/findings/feed-fetcher.ts',
    'for (const source of fetched) {',
    'for (const source of fetched.slice(0, 0)) {',
  ),
  sabotage(
    'the signature of a feed is not verified',
    'src/supply-chain/advisories/database/verify-feed.ts',
    "return verify(key.asymmetricKeyType === 'ec' ? 'sha256' : null, content, key, bytes)",
    'return bytes.length > 0',
  ),
  sabotage('an import matches no image again', updates, 'if (state === this.#matched) return', 'if (this.#matched !== undefined) return'),
  sabotage('what an import finds is not written', updates, '    onReports(changed)\n', '    onReports(changed.slice(0, 0))\n'),
  sabotage(
    'a search for an advisory finds nothing',
    'src/artifacts/findings/local-findings.ts',
    'byPackage.size > 0 ? byPackage : this.#table.imagesWith(this.#packagesUnder(text))',
    'byPackage',
  ),
  sabotage(
    'a fixed version is affected too',
    'src/supply-chain/advisories/affects.ts',
    "else if (kind === 'fixed' && order >= 0) affected = false",
    "else if (kind === 'fixed' && order > 1) affected = false",
  ),
  sabotage(
    'a feed is as new as its file',
    'src/supply-chain/advisories/database/import-feed.ts',
    'const time = written.time ?? options.time ?? feed.modified',
    'const time = options.time ?? feed.modified',
  ),
]
