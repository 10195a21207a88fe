// What a pod takes from Secrets and ConfigMaps: a message about its start may quote it, whatever the class of the pod is.
import { worstOf } from '../../api/data-classes/classify.ts'
import { type DataClass, highest, redacted } from '../../api/data-classes/data-class.ts'
import { maskText, valuesOf } from '../../api/data-classes/redact.ts'
import type { KubeObject } from '../../api/object.ts'
import { containersOf } from '../../api/pods/containers-of.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { DataClassSource } from '../../server/request/data-class-source.ts'

/** Limit of objects read for one message. */
const maxReferences = 32

export interface MaskParts {
  readonly classes: DataClassSource
  readonly view: Pick<StoreReader, 'get'>
  /** Whether the writer of the text may read this object: a mark would confirm to another one that it guessed a value. */
  mayRead(place: { readonly group: string; readonly resource: string; readonly namespace: string; readonly name: string }): Promise<boolean>
}

/**
 * The text without the values of classified objects that the containers of the pod get as variables; undefined if they are too many. Values of
 * those that the writer may not read stay: it has them from elsewhere.
 */
export async function maskReferences(
  text: string | undefined,
  object: KubeObject,
  namespace: string,
  { classes, view, mayRead }: MaskParts,
): Promise<string | undefined> {
  const found = references(object)
  if (found.length > maxReferences) return undefined
  const values = new Set<string>()
  let most: DataClass | undefined
  for (const { resource, kind, name } of found) {
    const worst = worstOf(classes.classify({ group: '', resource, namespace, name }, []))
    const referred = classes.handling[worst].events === 'show' ? undefined : view.get(resource, namespace, name)
    if (referred === undefined || !(await mayRead({ group: '', resource, namespace, name }))) continue
    for (const value of valuesOf({ ...referred, kind }, 'all', text?.length)) values.add(value)
    most = highest(worst, ...(most === undefined ? [] : [most]))
  }
  return text === undefined || most === undefined ? text : maskText(text, values, redacted(most))
}

interface Reference {
  readonly resource: 'secrets' | 'configmaps'
  readonly kind: string
  readonly name: string
}

/** Empty for what is no pod. */
function references(object: KubeObject): Reference[] {
  if (object.kind !== 'Pod') return []
  const { spec }: KubeObject & Partial<Pick<Pod, 'spec'>> = object
  const secrets = new Set<string | undefined>()
  const configMaps = new Set<string | undefined>()
  if (spec === undefined) return []
  for (const {
    container: { env = [], envFrom = [] },
  } of containersOf(spec)) {
    for (const { valueFrom } of env) {
      secrets.add(valueFrom?.secretKeyRef?.name)
      configMaps.add(valueFrom?.configMapKeyRef?.name)
    }
    for (const { secretRef, configMapRef } of envFrom) {
      secrets.add(secretRef?.name)
      configMaps.add(configMapRef?.name)
    }
  }
  const named = (names: ReadonlySet<string | undefined>): string[] => [...names].flatMap(name => name ?? [])
  return [
    ...named(secrets).map(name => ({ resource: 'secrets', kind: 'Secret', name }) as const),
    ...named(configMaps).map(name => ({ resource: 'configmaps', kind: 'ConfigMap', name }) as const),
  ]
}
