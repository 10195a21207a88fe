// Sabotage of the match with advisories, and of imports.
import type { Sabotage } from './sabotage.ts'

const importing = 'src/supply-chain/advisories/database/import-feed.ts'
const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S4' })

export const s4: readonly Sabotage[] = [
  sabotage(
    'older feeds are imported',
    importing,
    'if (!force && before !== undefined && time < before.time)',
    'if (!force && before === undefined && time < 0)',
  ),
  sabotage('feeds from the future are imported', importing, 'if (time > now + maxClockSkewMs)', 'if (time > Number.MAX_SAFE_INTEGER)'),
  sabotage('a signature is not verified', importing, 'if (!verifyFeed(bytes, signed.signature, signed.key))', 'if (bytes.length === 0)'),
  sabotage(
    'another key may sign',
    importing,
    'before?.key !== undefined && before.key !== key',
    'before?.key !== undefined && key === before.digest',
  ),
  sabotage(
    'the fixed version counts as affected',
    'src/supply-chain/advisories/affects.ts',
    "else if (kind === 'fixed' && order >= 0) affected = false",
    "else if (kind === 'fixed' && order > 0) affected = false",
  ),
  sabotage(
    'the last affected version counts as fixed',
    'src/supply-chain/advisories/affects.ts',
    "else if (kind === 'lastAffected' && order > 0) affected = false",
    "else if (kind === 'lastAffected' && order >= 0) affected = false",
  ),
  sabotage(
    'names of PyPI are compared as they are written',
    'src/supply-chain/advisories/ecosystems.ts',
    "if (type === 'pypi') return name.toLowerCase().replace(/[-_.]+/g, '-')",
    "if (type === 'pypi') return name.toLowerCase()",
  ),
]
