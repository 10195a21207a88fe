// Takes values out of objects and texts, by their class.
import { writeJson } from '../../base/write-json.ts'
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
  if (typeof value === 'number' || typeof value === 'bigint') return [String(value)]
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

/**
 * The texts that somebody wrote into the object, for `maskText`: all of them, or those of some fields. A value longer than the text that is
 * searched cannot be in it, and is not even decoded.
 */
export function valuesOf(
  object: Json,
  fields: readonly ClassifiedField[] | 'all',
  maxLength = Number.POSITIVE_INFINITY,
): ReadonlySet<string> {
  const { kind, metadata, apiVersion: _apiVersion, status: _status, ...content } = object
  const found = new Set<string>()
  const add = (value: string) => {
    if (value.length < minValueLength || value.length > maxLength || found.size > maxMasked.values) return
    found.add(value)
    const quoted = writeJson(value).slice(1, -1)
    if (quoted !== value) found.add(quoted)
  }
  if (fields === 'all') {
    const skips = typeof kind === 'string' && workloads.has(kind) ? plain : new Set<string>()
    collect(content, skips, add)
    if (isObject(metadata)) collect(metadata['annotations'], new Set(), add)
  } else for (const { path } of fields) for (const value of textsAt(object, path)) add(value)
  // A Secret holds base64, and a message may quote what that stands for.
  if (kind === 'Secret' && isObject(object['data']))
    for (const value of textsIn(object['data']))
      if (value.length <= maxEncodedLength(maxLength)) add(Buffer.from(value, 'base64').toString('utf8'))
  return found
}

/** Of what stands for a text of this length, whose characters have up to three bytes for each unit of length. */
const maxEncodedLength = (length: number): number => 4 * length + 4

function collect(value: unknown, skips: ReadonlySet<string>, add: (value: string) => void): void {
  if (typeof value === 'string') add(value)
  else if (Array.isArray(value)) for (const each of value) collect(each, skips, add)
  else if (isObject(value))
    for (const [key, each] of Object.entries(value)) if (typeof each !== 'string' || !skips.has(key)) collect(each, skips, add)
}

/**
 * The text with one mark for each part that these values cover; undefined if it or they are too many to be searched. The values are searched in
 * the text alone: one that is part of the mark would multiply the marks.
 */
export function maskText(text: string, values: ReadonlySet<string>, mark: string): string | undefined {
  if (text.length > maxMasked.textLength || values.size > maxMasked.values) return undefined
  const covered = new Uint8Array(text.length)
  for (const value of values)
    for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) covered.fill(1, at, at + value.length)
  let masked = ''
  for (let from = 0; from < text.length; ) {
    const isCovered = covered[from] === 1
    const end = covered.indexOf(isCovered ? 0 : 1, from)
    const to = end < 0 ? text.length : end
    masked += isCovered ? mark : text.slice(from, to)
    from = to
  }
  return masked
}
