// Sabotage of trust roots: what keeps older ones out.
import type { Sabotage } from './sabotage.ts'

const floor = 'src/api/resources/supply/trust-floor.ts'
const kind = 'src/api/resources/supply/trust-root.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S6' })

export const s6: readonly Sabotage[] = [
  sabotage('an earlier version is accepted', floor, '(spec.version ?? 0) < floor.version', '(spec.version ?? 0) < 0'),
  sabotage(
    'an older root of TUF is accepted',
    floor,
    'tufRoot !== undefined && tufRoot < floor.tufRoot',
    'tufRoot !== undefined && tufRoot < 0',
  ),
  sabotage('older imported metadata is accepted', floor, 'now !== undefined && now < version', 'now !== undefined && now < 0'),
  sabotage('a revoked identity comes back', floor, 'return hasAuthorities ? [', 'return !hasAuthorities ? ['),
  sabotage(
    'a revoked key is known by its name alone',
    floor,
    'return fingerprint === undefined ? [] : [`key ${fingerprint}`]',
    "return fingerprint === undefined ? [] : [`key ${key ?? ''}`]",
  ),
  sabotage('a revocation with a time counts as one without', floor, 'if (before !== undefined) return []', "if (before === '') return []"),
  sabotage('any acceptance accepts everything', floor, '=== acceptanceOf(floor)\n', '!== undefined\n'),
  sabotage(
    'what was revoked is forgotten with its key',
    kind,
    'remember(object, givesUp ? undefined : floor)',
    'remember(object, undefined)',
  ),
  sabotage('updates are not compared', kind, '...(rollbacks.length === 0 ? [] :', '...(rollbacks.length >= 0 ? [] :'),
  sabotage('plain HTTP is accepted for TUF', kind, "if (protocol === 'https:' &&", "if (protocol !== '' &&"),
  sabotage(
    'an object that is created again is used whatever was before',
    'src/artifacts/trust/known-trust-roots.ts',
    'return rollbacks.length === 0 ? undefined :',
    'return rollbacks.length >= 0 ? undefined :',
  ),
  sabotage(
    'the part forgets a trust root that is deleted',
    'src/artifacts/trust/known-trust-roots.ts',
    'if (before === undefined) return { floor: floorOf(object) }',
    'if (before === undefined || before.accepted === undefined) return { floor: floorOf(object) }',
  ),
]
