// Objects, writes and a recording watch for the store's tests.
import assert from 'node:assert/strict'
import type { KubeObject } from '../api/object.ts'
import { parseJson } from '../base/json.ts'
import type { Collection, Entry, Selection, Watch, Watched } from './store.ts'

export interface TestObject extends KubeObject {
  data?: Record<string, string>
  spec?: { nodeName?: string }
}

export const testResource = {
  groupResource: 'pods',
  fieldsOf: (object: TestObject) => ({ 'spec.nodeName': object.spec?.nodeName ?? '' }),
  indexedFields: ['spec.nodeName'],
}

export const onNode1: Selection = { exactFields: [['spec.nodeName', 'n1']], matches: entry => entry.fields['spec.nodeName'] === 'n1' }

export function object(name: string, rest: Partial<TestObject> = {}, namespace = 'default'): TestObject {
  return { apiVersion: 'v1', kind: 'Pod', ...rest, metadata: { name, namespace, ...rest.metadata } }
}

export function write(
  collection: Collection,
  name: string,
  expected: Entry | undefined,
  rest: Partial<TestObject> = {},
  namespace = 'default',
) {
  return collection.write({ namespace, name, expected, object: object(name, rest, namespace) })
}

/** Creates an object or updates its newest version. */
export function put(collection: Collection, name: string, rest: Partial<TestObject> = {}, namespace = 'default'): Promise<Entry> {
  return write(collection, name, collection.newest(namespace, name), rest, namespace)
}

export function remove(collection: Collection, name: string, namespace = 'default'): Promise<Entry> {
  return collection.write({ namespace, name, expected: collection.newest(namespace, name), object: undefined })
}

export function parse(entry: Entry): TestObject {
  return parseJson(entry.bytes.toString()) as TestObject
}

export function must<T>(value: T | undefined): T {
  assert.notEqual(value, undefined)
  return value as T
}

/** Collects what a watch delivers. */
export function record(watch: Watch) {
  const events: Watched[] = []
  let reason: string | undefined
  watch.onEvents(batch => events.push(...batch))
  watch.onEnd(ended => {
    reason = ended
  })
  return {
    events,
    ended: () => reason,
    types: () => events.map(({ type, event }) => `${type} ${event.entry.name}`),
    keys: () => keys(events.map(({ event }) => event.entry)),
    revisions: () => events.map(({ event }) => event.entry.revision),
    frames: () => events.map(({ type, event }) => parseJson(event.frame(type).toString()) as { type: string; object: TestObject }),
  }
}

/** Waits for the microtask in which a watch begins. */
export async function settle(): Promise<void> {
  await Promise.resolve()
  await Promise.resolve()
}

export function keys(entries: readonly Entry[]): string[] {
  return entries.map(entry => `${entry.namespace}/${entry.name}`)
}

export function names(entries: readonly Entry[]): string[] {
  return entries.map(entry => entry.name)
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
}
