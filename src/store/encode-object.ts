// The canonical JSON of an object. Managed fields that many objects share are half of a pod's text, so they are encoded once.
import { randomUUID } from 'node:crypto'
import type { KubeObject, ManagedFieldsEntry } from '../api/object.ts'
import { sharedText } from '../api/patch/apply/outline.ts'
import { writeJson } from '../base/write-json.ts'

/** Stands for the shared part during encoding. Random per process, so that no client can write it into an object. */
const placeholder = randomUUID()
const entriesMember = `"managedFields":"${placeholder}"`
const setMember = `"fieldsV1":"${placeholder}"`

/** Equals `JSON.stringify(object)`. An object with shared fields is modified and restored meanwhile, so it must not be frozen. */
export function encodeObject(object: KubeObject): string {
  const { managedFields } = object.metadata
  if (managedFields === undefined || !managedFields.some(({ fieldsV1 }) => sharedText(fieldsV1) !== undefined)) return writeJson(object)
  const metadata: { managedFields?: unknown } = object.metadata
  metadata.managedFields = placeholder
  const text = writeJson(object)
  metadata.managedFields = managedFields
  return replaced(text, entriesMember, `"managedFields":[${managedFields.map(encodeEntry).join()}]`)
}

function encodeEntry(entry: ManagedFieldsEntry): string {
  const shared = sharedText(entry.fieldsV1)
  if (shared === undefined) return writeJson(entry)
  return replaced(writeJson({ ...entry, fieldsV1: placeholder }), setMember, `"fieldsV1":${shared}`)
}

function replaced(text: string, member: string, by: string): string {
  const at = text.indexOf(member)
  return text.slice(0, at) + by + text.slice(at + member.length)
}
