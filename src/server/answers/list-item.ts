// Objects as items of a list: the list names their kind. As upstream, items of custom kinds name it too.
import type { KubeObject } from '../../api/object.ts'
import type { ServedResource } from '../resource/served-resource.ts'

const opening = new WeakMap<ServedResource, Buffer>()

/** The first bytes of an object of a kind. */
export function kindBytes(served: ServedResource): Buffer {
  let bytes = opening.get(served)
  if (bytes === undefined) {
    bytes = Buffer.from(`{"kind":"${served.definition.kind}","apiVersion":"${served.apiVersion}",`)
    opening.set(served, bytes)
  }
  return bytes
}

/** An object's bytes without the first brace, and without the kind if they begin with it. */
export function withoutKind(bytes: Buffer, kind: Buffer): Buffer {
  // For so few bytes a native comparison would cost more than the loop.
  for (let i = 0; i < kind.length; i++) if (bytes[i] !== kind[i]) return bytes.subarray(1)
  return bytes.subarray(kind.length)
}

export function itemOf(served: ServedResource, object: KubeObject): object {
  if (served.definition.custom !== undefined) return object
  const { kind: _kind, apiVersion: _apiVersion, ...item } = object
  return item
}
