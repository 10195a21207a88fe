// What the writing verbs need, as small interfaces that the composition supplies.
import type { AdmissionRequest } from '../admission/admission.ts'
import type { KubeObject } from '../api/object.ts'
import type { Identifiers } from './identifiers.ts'
import type { ResourceContext } from './request-context.ts'

/** All admission plugins in their order. A refusal is thrown as the ApiError that the client sees. */
export interface AdmissionChain {
  mutate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  validate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  /** How a creation or an attempt of an update ended. */
  finish?(request: AdmissionRequest, stored: boolean): void
}

/** Admits everything; for tests of what is not admission. */
export const noAdmission: AdmissionChain = { mutate: () => undefined, validate: () => undefined }

/**
 * What a resource reserves beside its object (addresses and ports of a Service). `begin…` may change the object and is undone by
 * `finish(false)`; with `dryRun` nothing is reserved.
 */
export interface Reservations {
  beginCreate(object: KubeObject, dryRun: boolean): Finish
  beginUpdate(object: KubeObject, old: KubeObject, dryRun: boolean): Finish
  release(object: KubeObject): void
}

export type Finish = (success: boolean) => void

export interface WriteParts {
  readonly admission: AdmissionChain
  readonly identifiers: Identifiers
  /** Throws the 403 of a user who may not create the object that an update or an apply finds missing. */
  demandCreate?(context: ResourceContext): void
  /** By group resource. */
  readonly reservations: ReadonlyMap<string, Reservations>
}
