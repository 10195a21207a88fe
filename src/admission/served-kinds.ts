// The served kinds, for policies and webhooks: by name, and with the other versions of the same objects.
import { groupResource, groupVersion, type KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import { copyJson } from '../base/data/copy-json.ts'

export interface ServedKinds {
  byKind(apiVersion: string, kind: string): ResourceDefinition | undefined
  /** All served versions of the objects of this resource, including itself and other groups. */
  versionsOf(definition: ResourceDefinition): readonly ResourceDefinition[]
}

/** The resource under which objects are stored: `events.events.k8s.io` and `events` are the same. */
export function storedResource({ group, plural, storedAs }: ResourceDefinition): string {
  return groupResource(storedAs?.group ?? group, plural)
}

export function servedKinds(definitions: readonly ResourceDefinition[]): ServedKinds {
  const byKind = new Map<string, ResourceDefinition>()
  const versions = new Map<string, ResourceDefinition[]>()
  for (const definition of definitions) {
    byKind.set(`${groupVersion(definition.group, definition.version)}/${definition.kind}`, definition)
    const stored = storedResource(definition)
    const known = versions.get(stored)
    if (known === undefined) versions.set(stored, [definition])
    else known.push(definition)
  }
  return {
    byKind: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`),
    versionsOf: definition => versions.get(storedResource(definition)) ?? [definition],
  }
}

/** The object in another version of its resource; the same object if both are equal. The argument is not changed. */
export function inVersion(object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): KubeObject {
  if (from === to) return object
  const stored = from.storedAs === undefined ? object : from.storedAs.toStored(copyJson(object))
  return to.storedAs === undefined ? stored : to.storedAs.fromStored(copyJson(stored))
}

/** A stored object in this version. */
export function fromStored(object: KubeObject, to: ResourceDefinition): KubeObject {
  return to.storedAs === undefined ? object : to.storedAs.fromStored(copyJson(object))
}
