// Sabotage of what is recorded of how an image was built, and for which platforms.
import type { Sabotage } from './sabotage.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S1' })

export const s1: readonly Sabotage[] = [
  sabotage(
    'anybody attests how an image was built',
    'src/supply-chain/policy/attested-predicates.ts',
    'if (signers.some(({ identity }) => checks.verify(claim, identity).verified)) yield',
    'if (signers.some(({ identity }) => checks.verify(claim, identity).verified || claim.signature.length > 0)) yield',
  ),
  sabotage(
    'an attestation about another image counts',
    'src/supply-chain/policy/attested-predicates.ts',
    '!statement.digests.includes(digest)) continue',
    'statement.digests.length === 0) continue',
  ),
  sabotage(
    'provenance is not recorded',
    'src/artifacts/image-record.ts',
    'provenance: provenance.slice(0, maxProvenance)',
    'provenance: provenance.slice(0, 0)',
  ),
  sabotage(
    'the platforms of an image are not recorded',
    'src/artifacts/image-record.ts',
    'const platforms = seen.platforms.length > 0 ? [...seen.platforms]',
    'const platforms = seen.platforms.length > 50 ? [...seen.platforms]',
  ),
  sabotage(
    'an image for other machines is not read',
    'src/artifacts/findings/image-scans.ts',
    'if (first === undefined || isFor) throw err',
    'if (first === undefined || !isFor) throw err',
  ),
]
