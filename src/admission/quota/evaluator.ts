// How much of what a quota can bound one object uses, by kind.
import type { KubeObject } from '../../api/object.ts'
import type { ReadonlyAmounts } from '../../api/resource-amounts.ts'
import type { ScopedResourceSelectorRequirement } from '../../api/types/core-v1.ts'
import type { AdmissionRequest } from '../admission.ts'

/** The rule of one resource. Pure: `now` is in milliseconds since the epoch. */
export interface Evaluator {
  readonly groupResource: string
  /**
   * `objects`: what an object uses is in the object, so that each change of one is looked at. `count`: each object uses the same, and their
   * number says all.
   */
  readonly measures: 'objects' | 'count'
  /** Whether the request can raise what the object uses. */
  handles(request: AdmissionRequest): boolean
  /** Whether a quota's resource of this name is one that these objects use. */
  covers(name: string): boolean
  usage(object: KubeObject, now: number): ReadonlyAmounts
  /** Whether the object is in the scope. */
  inScope(requirement: ScopedResourceSelectorRequirement, object: KubeObject): boolean
  /** Whether an object must say itself how much it uses of a resource that is bounded. */
  mustStateUsage?(name: string): boolean
  /** What the object leaves open of these, in upstream's words; undefined where it says all. */
  missing?(demanded: readonly string[], object: KubeObject): string | undefined
  /** When an object's use ends by time alone; undefined where it does not. */
  endsAt?(object: KubeObject): number | undefined
}

/** The name by which a quota counts objects of any resource. */
export const countName = (groupResource: string): string => `count/${groupResource}`
