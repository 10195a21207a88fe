// Sabotage of the attestation of developers' machines.
import type { Sabotage } from './sabotage.ts'

const reading = 'src/supply-chain/environment/read-environment.ts'
const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'D1' })

export const d1: readonly Sabotage[] = [
  sabotage(
    'changed files of dependencies are not recorded',
    reading,
    'if (archive !== undefined) changed.push',
    'if (archive === null) changed.push',
  ),
  sabotage(
    'further files of dependencies are not recorded',
    reading,
    '!archive.has(name) && code.test(name)',
    'archive.has(name) && code.test(name)',
  ),
  sabotage(
    'changed dependencies are no problem',
    'src/supply-chain/environment/environment-predicate.ts',
    'if (changed.length === 0) return undefined',
    'if (changed.length >= 0) return undefined',
  ),
  sabotage(
    'an attestation counts for any object',
    'src/supply-chain/policy/evaluate-signer.ts',
    'const about = readable.filter(({ statement }) => statement.digests.includes(facts.digest))',
    'const about = [...readable]',
  ),
  sabotage(
    'attestations are not required',
    'src/supply-chain/policy/evaluate-signer.ts',
    'for (const attestation of attestations) {',
    'for (const attestation of attestations.slice(1)) {',
  ),
  sabotage(
    'sources are compared by their number',
    'src/supply-chain/environment/compare-environments.ts',
    'if (attested.sources.sha256 === now.sources.sha256) return []',
    'if (attested.sources.count === now.sources.count) return []',
  ),
]
