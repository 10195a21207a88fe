// All usage rules: three resources have their own, objects of all others are counted.
import type { Evaluator } from './evaluator.ts'
import { objectCount } from './object-count.ts'
import { persistentVolumeClaims } from './persistent-volume-claims.ts'
import { pods } from './pods.ts'
import { services } from './services.ts'

const own: ReadonlyMap<string, Evaluator> = new Map([pods, services, persistentVolumeClaims].map(rule => [rule.groupResource, rule]))

const counting = new Map<string, Evaluator>()
/** Quotas may name resources that are not served, so their names must be limited here. */
const maxCounting = 1000

export function evaluatorOf(groupResource: string): Evaluator {
  const found = own.get(groupResource) ?? counting.get(groupResource)
  if (found !== undefined) return found
  if (counting.size >= maxCounting) counting.clear()
  const made = objectCount(groupResource)
  counting.set(groupResource, made)
  return made
}

/** The resource whose objects use the quota resource of this name; undefined if none does. */
export function resourceOf(name: string): string | undefined {
  if (name.startsWith('count/')) return name.slice('count/'.length)
  for (const evaluator of own.values()) if (evaluator.covers(name)) return evaluator.groupResource
  return evaluatorOf(name).covers(name) ? name : undefined
}
