// Compares an object that mutating policies changed with the expectation of a table.
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { ApiError } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Becomes } from './test-file.ts'

/** Returns the difference; undefined if all is as expected. Pure. */
export function becomesProblem({ mutated, patch, absent }: Becomes, sent: unknown, stored: unknown): string | undefined {
  const gone = [...absent, ...(patch ?? []).flatMap(removedPath)].find(path => valueAt(stored, path) !== undefined)
  if (gone !== undefined) return `${gone} must be absent, got ${writeJson(valueAt(stored, gone))}`
  const wanted = [...(mutated === undefined ? [] : [mutated]), ...(patch === undefined ? [] : [patched(sent, patch)])]
  for (const each of wanted) {
    const problem = typeof each === 'string' ? each : difference(each, stored, '')
    if (problem !== undefined) return problem
  }
  return undefined
}

const removedPath = (operation: unknown): string[] =>
  isRecord(operation) && operation['op'] === 'remove' && typeof operation['path'] === 'string' ? [operation['path']] : []

/** Throws if the patch cannot be applied. */
function patched(sent: unknown, patch: readonly unknown[]): unknown {
  try {
    return applyJsonPatch(sent, patch)
  } catch (err) {
    if (!(err instanceof ApiError)) throw err
    return `the patch of the table cannot be applied to the object: ${err.cause instanceof Error ? err.cause.message : err.message}`
  }
}

/** The first place where `found` lacks a part of `wanted`. */
function difference(wanted: unknown, found: unknown, path: string): string | undefined {
  if (isRecord(wanted) && isRecord(found)) {
    for (const [name, member] of Object.entries(wanted)) {
      const problem = difference(member, found[name], `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (Array.isArray(wanted) && Array.isArray(found)) {
    if (wanted.length !== found.length) return `${path} must have ${wanted.length} items, got ${found.length}`
    for (const [index, item] of wanted.entries()) {
      const problem = difference(item, found[index], `${path}/${index}`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (wanted === found) return undefined
  return `${path || '/'} must be ${writeJson(wanted)}, got ${found === undefined ? 'nothing' : writeJson(found)}`
}

function valueAt(value: unknown, path: string): unknown {
  let at = value
  for (const part of path.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(at)) at = at[Number(name)]
    else at = isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined
  }
  return at
}
