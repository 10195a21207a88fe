// Turns a manifest into the object that checks read: decoded and defaulted by the functions of its kind.
import { groupResource, groupVersion, type KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import { isRecord } from '../api/schema/compile.ts'
import { decodeBody } from '../api/schema/decode.ts'
import { ApiError } from '../api/status.ts'
import { writeJson } from '../base/write-json.ts'
import type { CheckedObject } from './object-set.ts'

const kinds = new WeakMap<readonly ResourceDefinition[], ReadonlyMap<string, ResourceDefinition>>()

/** The definition of a built-in kind. */
function definitionOf(definitions: readonly ResourceDefinition[], apiVersion: string, kind: string): ResourceDefinition | undefined {
  let known = kinds.get(definitions)
  if (known === undefined) {
    known = new Map(definitions.map(one => [`${groupVersion(one.group, one.version)}/${one.kind}`, one]))
    kinds.set(definitions, known)
  }
  return known.get(`${apiVersion}/${kind}`)
}

/** Undefined if the value is not an object of its kind; the server reports why. `namespace` applies to objects without one. */
export function checkedObject(value: unknown, definitions: readonly ResourceDefinition[], namespace: string): CheckedObject | undefined {
  if (!isRecord(value)) return undefined
  const { apiVersion, kind, metadata } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined
  const definition = definitionOf(definitions, apiVersion, kind)
  if (definition === undefined) {
    if (!isRecord(metadata)) return undefined
    const own = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : namespace
    return { resource: kind.toLowerCase(), namespace: own, object: { ...value, apiVersion, kind, metadata } }
  }
  const object = decoded(value, definition)
  if (object === undefined) return undefined
  return {
    resource: groupResource(definition.group, definition.plural),
    namespace: definition.namespaced ? object.metadata.namespace || namespace : '',
    object,
  }
}

function decoded(value: unknown, definition: ResourceDefinition): KubeObject | undefined {
  try {
    const { object } = decodeBody(Buffer.from(writeJson(value)), definition, 'Ignore')
    object.metadata ??= {}
    definition.setDefaults?.(object)
    return definition.storedAs === undefined ? object : definition.storedAs.toStored(object)
  } catch (err) {
    if (err instanceof ApiError) return undefined
    throw err
  }
}
