// The JSON patch (RFC 6902) that turns one JSON value into another.
import { copyJson } from '../../base/data/copy-json.ts'
import { isRecord } from '../schema/compile.ts'

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace'
  /** A JSON pointer. */
  readonly path: string
  readonly value?: unknown
}

/** Removes members and list items from the end, then adds new ones: no operation moves what a later one names. Lists are compared by index. */
export function jsonPatchBetween(before: unknown, after: unknown, path = ''): PatchOperation[] {
  if (before === after) return []
  const lists = Array.isArray(before) && Array.isArray(after)
  if (!lists && !(isRecord(before) && isRecord(after))) return [{ op: 'replace', path, value: copyJson(after) }]
  const at = (key: string): string => `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
  const [old, current] = [members(before), members(after)]
  const changes = [...old].reverse().flatMap(([key, value]): PatchOperation[] => {
    return current.has(key) ? jsonPatchBetween(value, current.get(key), at(key)) : [{ op: 'remove', path: at(key) }]
  })
  const added = [...current].filter(([key]) => !old.has(key))
  return [...changes, ...added.map(([key, value]): PatchOperation => ({ op: 'add', path: at(key), value: copyJson(value) }))]
}

/** The JSON of a list or an object. */
const members = (value: object): ReadonlyMap<string, unknown> => new Map(Object.entries(value).filter(([, member]) => member !== undefined))
