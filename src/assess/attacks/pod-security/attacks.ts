// The attacks on one level: pods that it must refuse for one reason, with twins that it accepts.
import { type Breach, type BreachLevel, type Place, reasonAt } from './breach.ts'
import { capabilityBreaches, containerBreaches } from './container-breaches.ts'
import { podBreaches } from './pod-breaches.ts'
import { type BreachedPod, places, podOfContainerBreach, podOfPodBreach } from './pod-of-breach.ts'

export interface PodAttack {
  readonly name: string
  readonly bad: BreachedPod
  readonly twin: BreachedPod
  /** The reasons for a refusal, the attacked one first; empty if this level allows it. */
  readonly reasons: readonly string[]
  /** Every update of an object can say it; what only leaves a field out, a patch cannot. */
  readonly patchable: boolean
}

const podPlaces = places.filter((place): place is Exclude<Place, 'ephemeral'> => place !== 'ephemeral')

/** Pods for `POST`. */
export function attacksOn(level: BreachLevel): PodAttack[] {
  const inContainers = containerBreaches.flatMap(breach =>
    podPlaces
      .filter(place => breach.places?.includes(place) !== false)
      .map(
        (place): PodAttack => ({
          name: `${breach.name} in a container (${place})`,
          bad: podOfContainerBreach(breach, place, 'bad'),
          twin: podOfContainerBreach(breach, place, 'good'),
          reasons: reasonsAt(breach, level),
          patchable: true,
        }),
      ),
  )
  const capabilities = capabilityBreaches.map(
    (breach): PodAttack => ({
      name: breach.name,
      bad: podOfContainerBreach(breach, 'regular', 'bad'),
      twin: podOfContainerBreach(breach, 'regular', 'good'),
      reasons: reasonsAt(breach, level),
      patchable: true,
    }),
  )
  const ofPods = podBreaches.map(
    (breach): PodAttack => ({
      name: breach.name,
      bad: podOfPodBreach(breach, 'bad'),
      twin: podOfPodBreach(breach, 'good'),
      reasons: reasonsAt(breach, level),
      patchable: !breach.name.endsWith('left open'),
    }),
  )
  return [...inContainers, ...capabilities, ...ofPods]
}

/** One attack for each rule, place and kind of field: for templates, whose pods the same rules evaluate. */
export function representativeAttacks(level: BreachLevel): PodAttack[] {
  const seen = new Set<string>()
  return attacksOn(level).filter(({ bad, reasons }) => {
    const key = `${reasons.join()} ${bad.field.replace(/^volumes\[1\]\.\w+/, 'volumes')}`
    if (reasons.length === 0 || seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** The reasons for which a level refuses a breach; empty if it does not. */
export function reasonsAt({ rule, also }: Breach, level: BreachLevel): string[] {
  if (level === 'baseline' && rule.level === 'restricted') return []
  return [reasonAt(rule, level), ...(also?.[level] ?? [])]
}
