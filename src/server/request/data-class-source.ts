// What the pipeline knows of the data classes of the objects that a request is about.
import type { Classification, Labeled } from '../../api/data-classes/classify.ts'
import type { HandlingOfClasses } from '../../api/data-classes/data-class.ts'
import type { ResourceRequestInfo } from './request-info.ts'

export interface DataClassSource {
  readonly handling: HandlingOfClasses
  /** Of the object, as it is stored and in the other states that the request has of it. */
  classify(info: ClassifiedRequest, states: readonly (Labeled | undefined)[]): Classification
  /** Whether records about this namespace are sealed to readers; '' for what is in none. */
  seals(namespace: string): boolean
}

export type ClassifiedRequest = Pick<ResourceRequestInfo, 'group' | 'resource' | 'namespace' | 'name'>
