// Which field of an object is not as its signed manifest has it.
import { sameValue } from '../../api/same-value.ts'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'

export interface Before {
  /** The stored object, which was verified when it was written. */
  readonly object: unknown
  /** What was signed of it. */
  readonly signed: unknown
}

export interface FieldDifference {
  /** `spec.template.spec.containers[0].image` */
  readonly path: string
  readonly what: string
}

/**
 * What a client sent, against the signed manifest. `signed` is as its author wrote it, `complete` with the defaults of its kind. A field that is
 * not signed may have its default, or what the cluster itself gave it before if it was not signed then either. A signed field may have what the cluster made of the same signed
 * value before, such as an image with its digest.
 */
export function sentDifference(
  sent: unknown,
  complete: unknown,
  signed: unknown,
  before: Before | undefined,
  path = '',
): FieldDifference | undefined {
  if (sameValue(sent, complete)) return undefined
  if (before !== undefined && sameValue(sent, before.object) && sameValue(signed, before.signed)) return undefined
  if (isJsonObject(sent) && (isJsonObject(complete) || complete === undefined)) {
    const names = new Set([...Object.keys(sent), ...Object.keys(complete ?? {})])
    for (const name of names) {
      const found = sentDifference(
        member(sent, name),
        member(complete, name),
        member(signed, name),
        before && { object: member(before.object, name), signed: member(before.signed, name) },
        path === '' ? name : `${path}.${name}`,
      )
      if (found !== undefined) return found
    }
    return undefined
  }
  if (Array.isArray(sent) && Array.isArray(complete) && sent.length === complete.length) {
    for (const [index, item] of sent.entries()) {
      const found = sentDifference(
        item,
        complete[index],
        at(signed, index),
        before && { object: at(before.object, index), signed: at(before.signed, index) },
        `${path}[${index}]`,
      )
      if (found !== undefined) return found
    }
    return undefined
  }
  return { path, what: differs(sent, complete) }
}

/**
 * What will be stored, against what was signed, after all mutations: these may add fields, items with a name or at the end, and pin images.
 * `decoded` is `signed` in the forms in which values are stored.
 */
export function admittedDifference(admitted: unknown, decoded: unknown, signed: unknown, path = ''): FieldDifference | undefined {
  if (isJsonObject(signed) && isJsonObject(decoded) && isJsonObject(admitted)) {
    for (const name of Object.keys(signed)) {
      const at = path === '' ? name : `${path}.${name}`
      const found = admittedDifference(member(admitted, name), member(decoded, name), member(signed, name), at)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (Array.isArray(signed) && Array.isArray(decoded) && Array.isArray(admitted)) {
    const byName = new Map(
      admitted.flatMap((item): [string, unknown][] => (nameOf(item) === undefined ? [] : [[nameOf(item) ?? '', item]])),
    )
    for (const [index, item] of signed.entries()) {
      const name = nameOf(item)
      const found = admittedDifference(name === undefined ? admitted[index] : byName.get(name), decoded[index], item, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (decoded === undefined || sameValue(admitted, decoded) || isEmpty(decoded, admitted) || isPinned(admitted, decoded)) return undefined
  return { path, what: differs(admitted, decoded) }
}

/** Empty lists and maps, zero values and null may be dropped when the object is decoded. */
const isEmpty = (signed: unknown, admitted: unknown): boolean =>
  admitted === undefined &&
  (signed === null || signed === '' || signed === false || signed === 0 || (typeof signed === 'object' && Object.keys(signed).length === 0))

/** The plug-in ImageDigests adds the digest that it resolved. */
const isPinned = (admitted: unknown, signed: unknown): boolean =>
  typeof admitted === 'string' &&
  typeof signed === 'string' &&
  /^@sha256:[0-9a-f]{64}$/.test(admitted.slice(signed.length)) &&
  admitted.startsWith(signed)

/** Of an item of a list such as containers, whose order mutations may change. */
const nameOf = (item: unknown): string | undefined => {
  const name = member(item, 'name')
  return typeof name === 'string' ? name : undefined
}

const member = (value: unknown, name: string): unknown => (isJsonObject(value) ? getOwn(value, name) : undefined)
const at = (value: unknown, index: number): unknown => (Array.isArray(value) ? value[index] : undefined)

const shownLength = 80

function differs(found: unknown, wanted: unknown): string {
  if (wanted === undefined) return `is ${shown(found)}, and is not signed`
  if (found === undefined) return `is not there, and ${shown(wanted)} is signed`
  if (Array.isArray(found) && Array.isArray(wanted)) return `has ${found.length} items, and ${wanted.length} are signed`
  return `is ${shown(found)}, and ${shown(wanted)} is signed`
}

function shown(value: unknown): string {
  const text = writeJson(value)
  return text.length <= shownLength ? text : `${text.slice(0, shownLength)}…`
}
