// Moves all objects from one store into another, empty one, and compares both.
import { createHash } from 'node:crypto'
import type { KubeObject } from '../api/object.ts'
import { parseExactJson } from '../base/exact-json.ts'
import { writeJson } from '../base/write-json.ts'
import { keyOf } from './ordered-slots.ts'
import { noFields } from './restored-object.ts'
import type { Collection, Entry, Store } from './store.ts'

/** Writes that wait at a time. */
const batch = 500

/** Writes every object of `source` into `target`, in the order of their revisions. Returns their number. */
export async function copyObjects(source: Store, target: Store): Promise<number> {
  const all = source
    .collections()
    .flatMap(collection => entriesOf(collection).map(entry => ({ groupResource: collection.groupResource, entry })))
    .sort((one, other) => one.entry.revision - other.entry.revision)
  for (let at = 0; at < all.length; at += batch) {
    const writes = all.slice(at, at + batch).map(({ groupResource, entry }) => {
      const { namespace, name } = entry
      const collection = target.collection({ groupResource, fieldsVersion: noFields })
      return collection.write({ namespace, name, expected: undefined, object: objectOf(entry) })
    })
    await Promise.all(writes)
  }
  return all.length
}

/** Of all objects with their keys, without their resourceVersion: equal for equal stores, in hexadecimal. */
export function digestOf(store: Store): string {
  const hash = createHash('sha256')
  const collections = store.collections().filter(({ size }) => size > 0)
  for (const collection of collections.sort((one, other) => (one.groupResource < other.groupResource ? -1 : 1))) {
    for (const entry of entriesOf(collection)) {
      const object = objectOf(entry)
      object.metadata.resourceVersion = ''
      hash.update(writeJson([collection.groupResource, keyOf(entry.namespace, entry.name), object]))
    }
  }
  return hash.digest('hex')
}

const entriesOf = (collection: Collection): readonly Entry[] => collection.list({}).entries

/** A copy that the caller may change. */
const objectOf = (entry: Entry): KubeObject => parseExactJson(entry.bytes.toString('utf8')) as KubeObject
