// Objects as the items of a list: the list names the kind of all of them. Items of custom kinds name theirs too, as on upstream.
import type { KubeObject } from '../../api/object.ts'
import type { ServedResource } from '../resource/served-resource.ts'

const opening = new WeakMap<ServedResource, Buffer>()

/** How the bytes of an object of a kind begin. */
export function kindBytes(served: ServedResource): Buffer {
  let bytes = opening.get(served)
  if (bytes === undefined) {
    bytes = Buffer.from(`{"kind":"${served.definition.kind}","apiVersion":"${served.apiVersion}",`)
    opening.set(served, bytes)
  }
  return bytes
}

/** An object's bytes behind their first brace, and behind its kind where they begin with it. */
export function withoutKind(bytes: Buffer, kind: Buffer): Buffer {
  // Of so few bytes the call of a native comparison is the greater part.
  for (let i = 0; i < kind.length; i++) if (bytes[i] !== kind[i]) return bytes.subarray(1)
  return bytes.subarray(kind.length)
}

export function itemOf(served: ServedResource, object: KubeObject): object {
  if (served.definition.custom !== undefined) return object
  const { kind: _kind, apiVersion: _apiVersion, ...item } = object
  return item
}
