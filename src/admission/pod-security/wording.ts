// Upstream's wording of Pod Security findings: quoted and joined names, plural nouns for several.
import { writeJson } from '../../base/write-json.ts'

export const quoted = (values: readonly string[]): string => values.map(value => writeJson(value)).join(', ')

export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many)

/** `container "a"`, `containers "a", "b"` */
export const containers = (names: readonly string[]): string => `${plural('container', 'containers', names.length)} ${quoted(names)}`

export const sortedSet = (values: Iterable<string>): string[] => [...new Set(values)].sort()

/** `pod and containers "a", "b"` */
export function setters(pod: boolean, names: readonly string[]): string {
  return [...(pod ? ['pod'] : []), ...(names.length > 0 ? [containers(names)] : [])].join(' and ')
}
