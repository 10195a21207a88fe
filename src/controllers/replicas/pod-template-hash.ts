// Compares pod templates, and computes the name-safe hash that identifies them.
import type { PodTemplateSpec } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'

export const templateHashLabel = 'pod-template-hash'

/** Consonants and digits that form no words and are not confused with each other, as in apimachinery's rand.SafeEncodeString. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** Stable for equal templates; another `collisionCount` gives another hash. */
export function hashTemplate(template: PodTemplateSpec, collisionCount: number | undefined): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(canonical(template) + (collisionCount === undefined ? '' : `#${collisionCount}`))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  return Array.from(String(hash), digit => alphabet[digit.charCodeAt(0) % alphabet.length]).join('')
}

/** Equal except for the hash label that the deployment controller adds. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return canonical(withoutHash(a)) === canonical(withoutHash(b))
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  if (template === undefined) return undefined
  const { [templateHashLabel]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

/** JSON with sorted keys, without absent values, nulls and empty maps. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return writeJson(value) ?? 'null'
  const parts: string[] = []
  for (const [key, child] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (child !== undefined && child !== null && !(key === 'labels' && isEmpty(child))) parts.push(`${writeJson(key)}:${canonical(child)}`)
  }
  return `{${parts.join(',')}}`
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}
