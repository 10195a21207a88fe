// Which part of a set one path of the API owns: a write through it never changes the rest.
import { emptySet, type FieldSet, isEmpty, isMember, member } from './field-set.ts'

/** Undefined means no filter. */
export type PathFilter = ((set: FieldSet) => FieldSet) | undefined

/** Each path is field names separated by dots, and includes everything below it. */
export function excludingPaths(paths: readonly string[]): PathFilter {
  const split = paths.map(elementsOf)
  return split.length === 0 ? undefined : set => split.reduce((rest, path) => without(rest, path, 0) ?? emptySet, set)
}

/** Only what is at or below one of the paths; `*` matches any item of a list. */
export function onlyPaths(paths: readonly string[]): PathFilter {
  const split = paths.map(elementsOf)
  return set => kept(set, split, 0) ?? emptySet
}

function elementsOf(path: string): string[] {
  return path.split('.').map(name => (name === '*' ? name : `f:${name}`))
}

/** `set` itself if nothing is removed; undefined if nothing remains. */
function without(set: FieldSet, path: readonly string[], depth: number): FieldSet | undefined {
  const element = path[depth]
  if (element === undefined) return undefined
  const below = set[element]
  if (below === undefined) return set
  const rest = without(below, path, depth + 1)
  if (rest === below) return set
  if (rest !== undefined) return { ...set, [element]: rest }
  const { [element]: _gone, ...others } = set
  if (Object.keys(others).some(name => name !== '.')) return others
  // A single path of the set is an empty node.
  return depth > 0 && isMember(set) ? member : undefined
}

function kept(set: FieldSet, paths: readonly (readonly string[])[], depth: number): FieldSet | undefined {
  if (paths.some(path => path.length === depth)) return set
  const result: Record<string, FieldSet> = {}
  for (const element in set) {
    const below = set[element]
    if (element === '.' || below === undefined) continue
    const through = paths.filter(path => path[depth] === element || path[depth] === '*')
    const inner = through.length === 0 ? undefined : kept(below, through, depth + 1)
    if (inner !== undefined) result[element] = inner
  }
  return isEmpty(result) ? undefined : result
}
