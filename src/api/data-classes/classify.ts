// Decides the class of an object and of its fields. What writes to logs, events and the audit log asks here.
import { writeJson } from '../../base/write-json.ts'
import type { ObjectMeta } from '../object.ts'
import { type ClassifiedField, parseClassifiedFields } from './classified-fields.ts'
import {
  type DataClass,
  dataClassFieldsAnnotation,
  dataClassLabel,
  defaultClass,
  highest,
  isBelow,
  isDataClass,
  secretClass,
} from './data-class.ts'

/** What may lie in an object's labels and annotations before it is validated. */
export type Labeled = { readonly [K in 'labels' | 'annotations']?: unknown }

export interface Classification {
  /** Of all fields. */
  readonly base: DataClass
  /** Of single fields, above that. */
  readonly fields: readonly ClassifiedField[]
}

export interface ClassifiedObject {
  /** Such as `secrets`, or `widgets.example.org`. */
  readonly groupResource: string
  /** Of the object in each of its states: stored, sent, changed. */
  readonly states: readonly (Labeled | undefined)[]
  readonly namespace: Labeled | undefined
  /** Of its CustomResourceDefinition. */
  readonly definition?: Labeled | undefined
}

/** The highest class of all that apply: no state of an object, and no label of its own, lowers what its namespace says. */
export function classify({ groupResource, states, namespace, definition }: ClassifiedObject): Classification {
  const own = states.map(labelOf)
  const labels = [labelOf(namespace), labelOf(definition), ...own, groupResource === 'secrets' ? secretClass : undefined]
  const [first, ...others] = labels.filter(label => label !== undefined)
  const listed = [definition, ...states].map(fieldsOf)
  // What cannot be read may have named any field.
  const base = listed.includes('unreadable') ? 'personal' : highest(first ?? defaultClass, ...others)
  const fields = listed.flatMap(each => (each === 'unreadable' ? [] : each))
  return { base, fields: fields.filter(({ dataClass }) => isBelow(base, dataClass)) }
}

/** The highest class of anything in the object: what a text may quote. */
export const worstOf = ({ base, fields }: Classification): DataClass => highest(base, ...fields.map(({ dataClass }) => dataClass))

/** Of the object alone. A label that is no class may have meant any. */
export function labelOf(object: Labeled | undefined): DataClass | undefined {
  const label = member(object?.labels, dataClassLabel)
  if (label === undefined) return undefined
  return isDataClass(label) ? label : 'personal'
}

export function fieldsOf(object: Labeled | undefined): readonly ClassifiedField[] | 'unreadable' {
  const listed = member(object?.annotations, dataClassFieldsAnnotation)
  if (listed === undefined) return []
  const parsed = parseClassifiedFields(listed)
  return 'problem' in parsed ? 'unreadable' : parsed.fields
}

/** Undefined unless it is a text. */
function member(record: unknown, name: string): string | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const value: unknown = Object.getOwnPropertyDescriptor(record, name)?.value
  return typeof value === 'string' ? value : undefined
}

/** Which classes a change of labels and annotations lowers, in words; undefined for none. */
export function lowering(
  before: Pick<ObjectMeta, 'labels' | 'annotations'>,
  after: Pick<ObjectMeta, 'labels' | 'annotations'>,
): string | undefined {
  const [old, now] = [labelOf(before), labelOf(after)]
  if (old !== undefined && isBelow(now ?? defaultClass, old)) return `the data class "${old}"`
  const fields = fieldsOf(after)
  const classes = new Map((fields === 'unreadable' ? [] : fields).map(({ path, dataClass }) => [writeJson(path), dataClass]))
  const listed = fieldsOf(before)
  for (const { path, dataClass } of listed === 'unreadable' ? [] : listed)
    if (isBelow(classes.get(writeJson(path)) ?? now ?? defaultClass, dataClass)) return `the data class "${dataClass}" of ${path.join('.')}`
  return undefined
}
