// Sabotage of the alarms of silent sources, and of what pods are told.
import type { Sabotage } from './sabotage.ts'

const plan = 'src/controllers/advisory-silence-plan.ts'
const told = 'src/controllers/image-finding-plan.ts'
const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S10' })

export const s10: readonly Sabotage[] = [
  sabotage(
    'what a source published is not read',
    plan,
    'const last = status?.published ?? metadata.creationTimestamp ?? time',
    'const last = metadata.creationTimestamp ?? time',
  ),
  sabotage(
    'the limit of a source is not read',
    plan,
    "const limit = typeof parsed === 'number' ? parsed : defaultSilenceMs",
    "const limit = typeof parsed === 'string' ? 0 : 30 * defaultSilenceMs",
  ),
  sabotage('every source is silent', plan, 'const silent = now >= ends', 'const silent = now >= 0'),
  sabotage(
    'a silent source makes no event',
    'src/controllers/advisory-silence.ts',
    "if (condition.status === 'True')",
    'if (condition.status === undefined)',
  ),
  sabotage(
    'pods are not told of findings',
    told,
    'if (current === undefined && lines.length === 0) return {}',
    'if (current === undefined) return {}',
  ),
  sabotage('what is overdue is not told', told, "now >= due ? 'Overdue'", "now >= due * 2 ? 'Overdue'"),
  sabotage('the fix is not told', told, "named?.fixedVersion === undefined ? '' :", "named?.fixedVersion !== undefined ? '' :"),
]
