// What the writing verbs need, as small interfaces that the composition supplies.
import type { AdmissionRequest, StoredGrowth } from '../../admission/admission.ts'
import type { KubeObject } from '../../api/object.ts'
import type { WrittenBytes } from '../flow-control/written-bytes.ts'
import type { ResourceContext } from '../request/request-context.ts'
import type { Identifiers } from './identifiers.ts'

/** All admission plugins in their order. A refusal is thrown as the ApiError that the client sees. */
export interface AdmissionChain {
  mutate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  validate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  /** Of what is about to be stored, by its size. */
  validateSize?(request: AdmissionRequest, size: StoredGrowth): void
  /** How a creation or an attempt of an update ended. */
  finish?(request: AdmissionRequest, stored: boolean): void
}

/** Admits everything; for tests of what is not admission. */
export const noAdmission: AdmissionChain = { mutate: () => undefined, validate: () => undefined }

/** What a resource reserves beside its object (addresses and ports of a Service). `begin…` may change the object; with `dryRun` nothing stays reserved. */
export interface Reservations {
  beginCreate(object: KubeObject, dryRun: boolean): Reservation
  beginUpdate(object: KubeObject, old: KubeObject, dryRun: boolean): Reservation
  /** After the object is gone. */
  release(object: KubeObject): Promise<void>
}

export interface Reservation {
  /**
   * Stores what stands for the reservation, right before the object itself is stored: after a crash between the two something is reserved that
   * nobody has, never the other way round. Called again where the object got another name. Rejects with what the client is answered.
   */
  claim(): Promise<void> | undefined
  /** How the write ended; without success all is undone. */
  finish(success: boolean): Promise<void>
}

export interface WriteParts {
  readonly admission: AdmissionChain
  readonly identifiers: Identifiers
  /** Undefined where nobody bounds it. */
  readonly writtenBytes?: Pick<WrittenBytes, 'take' | 'count'>
  /** Throws the 403 of a user who may not create the object that an update or an apply finds missing. */
  requireCreate?(context: ResourceContext): Promise<void> | void
  /** By group resource. */
  readonly reservations: ReadonlyMap<string, Reservations>
}
