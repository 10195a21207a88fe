// Interfaces that the writing verbs need and the composition supplies.
import type { AdmissionRequest, StoredGrowth } from '../../admission/admission.ts'
import type { KubeObject } from '../../api/object.ts'
import type { WrittenBytes } from '../flow-control/written-bytes.ts'
import type { ResourceContext } from '../request/request-context.ts'
import type { Identifiers } from './identifiers.ts'

/** All admission plugins in their order. A refusal is thrown as the ApiError that the client sees. */
export interface AdmissionChain {
  mutate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  validate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  /** Checks the size of an object to be stored. */
  validateSize?(request: AdmissionRequest, size: StoredGrowth): void
  /** Called after another server wrote before this request; throws to refuse it. */
  recheck?(request: AdmissionRequest): void
  /** How a creation or an attempt of an update ended. */
  finish?(request: AdmissionRequest, stored: boolean): void
}

/** Admits everything; for tests of other parts. */
export const noAdmission: AdmissionChain = { mutate: () => undefined, validate: () => undefined }

/** Reservations beside the object (addresses and ports of a Service). `begin…` may modify the object; with `dryRun` nothing stays reserved. */
export interface Reservations {
  beginCreate(object: KubeObject, dryRun: boolean): Reservation
  beginUpdate(object: KubeObject, old: KubeObject, dryRun: boolean): Reservation
  /** After the object was removed. */
  release(object: KubeObject): Promise<void>
}

export interface Reservation {
  /**
   * Stores the reservation's object right before the object itself: after a crash between the two, something may be reserved without a
   * user, but never used without a reservation. Called again if the object got another name. Rejects with the client's error.
   */
  claim(): Promise<void> | undefined
  /**
   * Called after another server wrote before this request. Throws the client's error if something that it chose is now taken, and
   * `ReservationLost` if something that it got is.
   */
  recheck?(): void
  /** For a creation that lost what it got: gets something else. Throws the client's error. */
  renew?(): void
  /** How the write ended; without success all is undone. */
  finish(success: boolean): Promise<void>
}

/** Another server gave what was reserved to another object first. */
export class ReservationLost extends Error {
  constructor() {
    super('Another server gave the number away first')
    this.name = 'ReservationLost'
  }
}

export interface WriteParts {
  /**
   * Resolves when everything decided before the call is durable and visible. Without it, as in tests of other parts, an answer may show or
   * mean a version that a crash undoes.
   */
  settled?(): Promise<void>
  readonly admission: AdmissionChain
  readonly identifiers: Identifiers
  /** Undefined if there is no limit. */
  readonly writtenBytes?: Pick<WrittenBytes, 'take' | 'count'>
  /** Throws the 403 of a user who may not create the missing object of an update or an apply. */
  requireCreate?(context: ResourceContext): Promise<void> | void
  /** By group resource. */
  readonly reservations: ReadonlyMap<string, Reservations>
}
