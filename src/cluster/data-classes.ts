// Classes of stored objects, by their labels and those of their namespace and kind.
import { type Classification, classify, type Labeled } from '../api/data-classes/classify.ts'
import { defaultHandling, type HandlingOfClasses } from '../api/data-classes/data-class.ts'
import type { StoreReader } from '../api/store-view.ts'
import type { ClassifiedRequest, DataClassSource } from '../server/request/data-class-source.ts'

export interface DataClassOptions {
  readonly view: Pick<StoreReader, 'get'>
  readonly handling?: HandlingOfClasses
  /** Whether records about the namespace are sealed to readers. */
  seals?(namespace: string): boolean
}

export function createDataClasses({ view, handling = defaultHandling, seals = () => false }: DataClassOptions): DataClassSource {
  return {
    handling,
    seals,
    classify({ group, resource, namespace, name }: ClassifiedRequest, states: readonly (Labeled | undefined)[]): Classification {
      const groupResource = group === '' ? resource : `${resource}.${group}`
      // A namespace is in itself: its own label counts for it as for what is in it.
      const within = groupResource === 'namespaces' ? name : namespace
      const stored = name === '' ? undefined : view.get(groupResource, namespace, name)?.metadata
      return classify({
        groupResource,
        states: [stored, ...states],
        namespace: within === '' ? undefined : view.get('namespaces', '', within)?.metadata,
        // Kinds without a group have no definition.
        definition: group === '' ? undefined : view.get('customresourcedefinitions.apiextensions.k8s.io', '', groupResource)?.metadata,
      })
    },
  }
}
