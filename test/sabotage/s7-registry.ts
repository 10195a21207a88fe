// Sabotage of how the cluster looks for newer images in registries.
import type { Sabotage } from './sabotage.ts'

const proposals = 'src/artifacts/findings/update-proposals.ts'
const sabotage = (name: string, from: string, to: string, file = proposals): Sabotage => ({
  name,
  file,
  from,
  to,
  proof: 'S7',
})

export const s7: readonly Sabotage[] = [
  sabotage('candidates are not read', 'if (!scans.has(digest)) await scans.read(', 'if (scans.has(digest)) await scans.read('),
  sabotage(
    'what is proposed is not recorded',
    'note(digest, { updates: new Map([[reference, update]]) })',
    'note(digest, { updates: new Map() })',
  ),
  sabotage(
    'a registry has no tags',
    'return first === undefined ? [] : await clientFor(first).tags(signal)',
    'return first !== undefined ? [] : []',
    'src/artifacts/https-registries.ts',
  ),
  sabotage(
    'nobody is told of proposals',
    'if (updates.length === 0 || items.length >= maxItems) continue',
    'if (updates.length >= 0) continue',
    'src/server/paths/software/updates-path.ts',
  ),
]
