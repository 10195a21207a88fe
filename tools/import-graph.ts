// The import graph of src/: circles of files that need each other's values, and pairs of folders that import each other. Pure.
import { dirname, join } from 'node:path'

export interface Import {
  readonly from: string
  readonly to: string
  /** Type imports are removed before the code runs, and a late import is not part of a circle. */
  readonly isValue: boolean
}

/** `import { a } from './x.ts'`, `export type { B } from './x.ts'`, `import './x.ts'`, over several lines too. */
const statement = /^(?:import|export)\b(?:(\s+type\b)?\s*([\w$*{}\s,]*?)\s*\bfrom)?\s*'(\.[^']+)'/gm
const later = /\bimport\(\s*'(\.[^']+)'\s*\)/g

export function importsOf(path: string, text: string): Import[] {
  const of = (target: string, isValue: boolean): Import => ({ from: path, to: join(dirname(path), target), isValue })
  return [
    ...[...text.matchAll(statement)].map(([, type, names = '', target = '']) => of(target, type === undefined && !namesTypesAlone(names))),
    ...[...text.matchAll(later)].map(([, target = '']) => of(target, false)),
  ]
}

function namesTypesAlone(names: string): boolean {
  const [, list] = /^\{([^}]*)\}$/.exec(names) ?? []
  const each = list?.split(',').flatMap(name => name.trim() || []) ?? []
  return each.length > 0 && each.every(name => name.startsWith('type '))
}

/** Each circle as the files in it, sorted. By Tarjan's algorithm: files that reach each other make one circle. */
export function valueCircles(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to, isValue } of imports) if (isValue) next.set(from, [...(next.get(from) ?? []), to])
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (file: string): number => {
    const own = order.size
    order.set(file, own)
    lowest.set(file, own)
    open.push(file)
    for (const to of next.get(file) ?? []) {
      if (!order.has(to)) lowest.set(file, Math.min(lowest.get(file) ?? own, visit(to)))
      else if (open.includes(to)) lowest.set(file, Math.min(lowest.get(file) ?? own, order.get(to) ?? own))
    }
    if (lowest.get(file) === own) {
      const circle = open.splice(open.indexOf(file))
      if (circle.length > 1) circles.push(circle.sort())
    }
    return lowest.get(file) ?? own
  }
  for (const file of next.keys()) if (!order.has(file)) visit(file)
  return circles.sort(([a = ''], [b = '']) => a.localeCompare(b))
}

/**
 * Pairs of folders that import each other, as `a <-> b`. A folder and one within it are no pair: what lists the files of a folder stands above it, and
 * what these files implement does so too.
 */
export function pairsOfFolders(imports: readonly Import[]): string[] {
  const edges = new Set(imports.map(({ from, to }) => `${dirname(from)} ${dirname(to)}`))
  const pairs = new Set<string>()
  for (const edge of edges) {
    const [a = '', b = ''] = edge.split(' ')
    if (a === b || `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`)) continue
    if (edges.has(`${b} ${a}`)) pairs.add([a, b].sort().join(' <-> '))
  }
  return [...pairs].sort()
}
