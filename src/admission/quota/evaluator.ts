// The quota usage of one object, by kind.
import type { KubeObject } from '../../api/object.ts'
import type { ReadonlyAmounts } from '../../api/quantity/resource-amounts.ts'
import type { ScopedResourceSelectorRequirement } from '../../api/types/core-v1.ts'
import type { AdmissionRequest } from '../admission.ts'

/** The usage rule of one resource. Pure: `now` is in milliseconds since the epoch. */
export interface Evaluator {
  readonly groupResource: string
  /**
   * `objects`: the usage depends on the object, so each change is evaluated. `count`: each object uses the same, so their number is enough.
   */
  readonly measures: 'objects' | 'count'
  /** Whether the request can increase the usage of the object. */
  handles(request: AdmissionRequest): boolean
  /** Whether these objects use a quota resource of this name. */
  covers(name: string): boolean
  usage(object: KubeObject, now: number): ReadonlyAmounts
  /** Whether the object is in the scope. */
  inScope(requirement: ScopedResourceSelectorRequirement, object: KubeObject): boolean
  /** Whether an object must state its usage of a limited resource. */
  mustStateUsage?(name: string): boolean
  /** Which of these the object does not state, in upstream's words; undefined if it states all. */
  missing?(demanded: readonly string[], object: KubeObject): string | undefined
  /** When an object's usage ends by time alone; undefined if it does not. */
  endsAt?(object: KubeObject): number | undefined
}

/** The quota resource that counts objects of any resource. */
export const countName = (groupResource: string): string => `count/${groupResource}`
