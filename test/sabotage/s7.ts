// Sabotage of the proposals of updates.
import type { Sabotage } from './sabotage.ts'

const file = 'src/supply-chain/advisories/propose-updates.ts'
const sabotage = (name: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S7' })

export const s7: readonly Sabotage[] = [
  sabotage(
    'older tags are proposed',
    '(versionOrders.deb(candidate.version, current.version) ?? -1) >= 0',
    '(versionOrders.deb(candidate.version, current.version) ?? -1) >= -1',
  ),
  sabotage('other variants are proposed', '|| current.variant !== candidate.variant) return false', ') return false'),
  sabotage('a tag that moved is not seen', 'if (from === to) return true', 'if (from === to) return false'),
  sabotage(
    'images with as many findings are proposed',
    'compareRisk(best, current) >= 0) return undefined',
    'compareRisk(best, current) > 0) return undefined',
  ),
  sabotage(
    'low findings weigh as much as critical ones',
    'for (const severity of severities.toReversed()) {',
    'for (const severity of severities) {',
  ),
  sabotage(
    'versions are compared as text',
    "versionOrders.deb(parseTag(a)?.version ?? '0', parseTag(b)?.version ?? '0') ?? 0",
    "(parseTag(a)?.version ?? '0') < (parseTag(b)?.version ?? '0') ? -1 : 1",
  ),
]
