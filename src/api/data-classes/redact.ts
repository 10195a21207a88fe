// Takes values out of objects and texts, by their class.
import type { ClassifiedField } from './classified-fields.ts'
import { type DataClass, redacted } from './data-class.ts'

/** Shorter values are in half of all texts, and say little. */
const minValueLength = 4
/** Limits of a text in which values are searched, and of these. Beyond them nothing of the text stays. */
export const maxMasked = { textLength: 8192, values: 1000 }

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A copy without the values of these fields. What has the same value elsewhere goes too, and kubectl's copy of the whole object. */
export function redactFields(object: unknown, fields: readonly ClassifiedField[]): unknown {
  if (fields.length === 0) return object
  const values = new Map<string, DataClass>()
  for (const { path, dataClass } of fields) for (const value of textsAt(object, path)) values.set(value, dataClass)
  const marked = fields.reduce((left, { path, dataClass }) => replaceAt(left, path, redacted(dataClass)), object)
  return replaceTexts(marked, text => {
    const dataClass = text.length < minValueLength ? undefined : values.get(text)
    return dataClass === undefined ? text : redacted(dataClass)
  })
}

/** Texts that an object holds at a path. */
export function textsAt(value: unknown, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((each: unknown) => textsAt(each, path))
  const [name, ...rest] = path
  if (name === undefined) return textsIn(value)
  if (!isObject(value)) return []
  return (name === '*' ? Object.values(value) : Object.hasOwn(value, name) ? [value[name]] : []).flatMap(each => textsAt(each, rest))
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  if (Array.isArray(value)) return value.flatMap((each: unknown) => textsIn(each))
  return isObject(value) ? Object.values(value).flatMap(textsIn) : []
}

function replaceAt(value: unknown, path: readonly string[], mark: string): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => replaceAt(each, path, mark))
  const [name, ...rest] = path
  if (name === undefined) return value === undefined ? undefined : mark
  if (!isObject(value)) return value
  const changed = Object.entries(value).map(([key, each]) => [key, name === '*' || name === key ? replaceAt(each, rest, mark) : each])
  return Object.fromEntries(changed)
}

/** The annotation in which kubectl keeps the object as it was applied last. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

function replaceTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value)
  if (Array.isArray(value)) return value.map((each: unknown) => replaceTexts(each, replace))
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([key]) => key !== lastApplied)
  return Object.fromEntries(kept.map(([key, each]) => [key, replaceTexts(each, replace)]))
}

/** Members of pods and their templates that hold no values of their author, but names and choices that messages need. */
const plain = new Set([
  ...[
    'name',
    'namespace',
    'image',
    'imagePullPolicy',
    'restartPolicy',
    'dnsPolicy',
    'schedulerName',
    'serviceAccountName',
    'serviceAccount',
  ],
  ...['nodeName', 'type', 'protocol', 'operator', 'effect', 'key', 'terminationMessagePath', 'terminationMessagePolicy', 'fieldPath'],
])
const workloads = new Set([
  'Pod',
  'ReplicationController',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'PodTemplate',
])

/** The texts that somebody wrote into the object, for `maskText`: all of them, or those of some fields. */
export function valuesOf(object: Json, fields: readonly ClassifiedField[] | 'all'): ReadonlySet<string> {
  const { kind, metadata, apiVersion: _apiVersion, status: _status, ...content } = object
  const found = new Set<string>()
  const add = (value: string) => {
    if (value.length < minValueLength || found.size > maxMasked.values) return
    found.add(value)
    const quoted = JSON.stringify(value).slice(1, -1)
    if (quoted !== value) found.add(quoted)
  }
  if (fields === 'all') {
    const skips = typeof kind === 'string' && workloads.has(kind) ? plain : new Set<string>()
    collect(content, skips, add)
    if (isObject(metadata)) collect(metadata['annotations'], new Set(), add)
  } else for (const { path } of fields) for (const value of textsAt(object, path)) add(value)
  // A Secret holds base64, and a message may quote what that stands for.
  if (kind === 'Secret' && isObject(object['data']))
    for (const value of textsIn(object['data'])) add(Buffer.from(value, 'base64').toString('utf8'))
  return found
}

function collect(value: unknown, skips: ReadonlySet<string>, add: (value: string) => void): void {
  if (typeof value === 'string') add(value)
  else if (Array.isArray(value)) for (const each of value) collect(each, skips, add)
  else if (isObject(value))
    for (const [key, each] of Object.entries(value)) if (typeof each !== 'string' || !skips.has(key)) collect(each, skips, add)
}

/** The text without these values, the longest first; undefined if it or they are too many to be searched. */
export function maskText(text: string, values: ReadonlySet<string>, mark: string): string | undefined {
  if (text.length > maxMasked.textLength || values.size > maxMasked.values) return undefined
  const longest = [...values].filter(({ length }) => length <= text.length).sort((one, other) => other.length - one.length)
  return longest.reduce((left, value) => left.replaceAll(value, () => mark), text)
}
