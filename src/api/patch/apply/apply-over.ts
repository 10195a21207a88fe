// Merges a policy's configuration into an object by the merge of server-side apply. No manager owns the result, and atomic values must not
// be set: a policy that sets a part of one would silently remove the rest (KEP-3962).
import { isRecord } from '../../schema/compile.ts'
import { mergeConfiguration } from './merge.ts'
import { memberShape, resolve, type Shape } from './shape.ts'

export interface ConfigurationType {
  readonly shape: Shape
  /** Why a configuration is none of this type, each as `path: problem`. */
  problems(config: Readonly<Record<string, unknown>>): readonly string[]
}

export type AppliedOver = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string }

/** The value may share parts with both. `problem` is in upstream's words. */
export function applyOver(live: unknown, config: Readonly<Record<string, unknown>>, { shape, problems }: ConfigurationType): AppliedOver {
  const found = problems(config)
  if (found.length > 0) {
    const shown = found.length === 1 ? found[0] : ['errors:', ...found.map(problem => `  ${problem}`)].join('\n')
    return { ok: false, problem: `failed to convert patch object to typed object: ${shown}` }
  }
  const atomic = atomicPaths(config, shape, '')
  if (atomic.length > 0) {
    return { ok: false, problem: `invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}` }
  }
  return { ok: true, value: mergeConfiguration(live, config, shape) }
}

/** Atomic lists, maps and structs of a configuration. */
function atomicPaths(value: unknown, shape: Shape, path: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  const resolved = resolve(shape, value)
  if (resolved.kind === 'leaf') return [path]
  if (resolved.kind === 'list') {
    return Array.isArray(value) ? value.flatMap((item, index) => atomicPaths(item, resolved.item, `${path}[${index}]`)) : []
  }
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([name, member]) => atomicPaths(member, memberShape(resolved, name), `${path}.${name}`))
}
