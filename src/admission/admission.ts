// Admission of an object: all mutations, then all validations, in the order of `plugins/index.ts`.

import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import type { ApiError } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import type { ExternalWait } from '../base/async/external-wait.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

export interface AdmissionRequest {
  readonly operation: Operation
  readonly resource: ResourceDefinition
  /** '' for the main path. */
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** The object is deleted with its collection: the request does not contain its name. */
  readonly ofCollection?: boolean
  /** The object as it would be stored; plug-ins change it in mutate(). Undefined for DELETE. For CONNECT the options object. */
  readonly object: KubeObject | undefined
  /** Frozen. Undefined for CREATE. */
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** CreateOptions and the like, as the client sent them; undefined if there are none. */
  readonly options?: Readonly<Record<string, unknown>> | undefined
  /** Measures the waits for webhooks; undefined if they are not measured. */
  readonly externalWait?: ExternalWait | undefined
  /** Sends a Warning header to the client. */
  warn(message: string): void
  /** Adds an annotation to the audit event. */
  annotate(key: string, value: string): void
}

/** `no` always carries what the client sees: usually `forbidden(...)` or `invalid(...)`. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly error: ApiError }

export const admitted: Verdict = { allowed: true }

/** On the audit event: the plug-in that refused the request. */
export const refusedByAnnotation = 'admission.bulkhead.dev/refused-by'
/** On the audit event: a JSON patch of the sent object with which the plug-in would have admitted it. */
export const patchAnnotation = 'admission.bulkhead.dev/patch'

export interface AdmissionPlugin {
  readonly name: string
  /** Whether this plug-in handles the request at all. */
  handles(request: AdmissionRequest): boolean
  /** Changes `request.object` in place. Runs before any validate(). */
  mutate?(request: AdmissionRequest, signal: AbortSignal): Promise<void>
  /** Decides. Must not change the object. A throw counts as a denial. */
  validate?(request: AdmissionRequest, signal: AbortSignal): Promise<Verdict>
  /** Decides on the size of the object in the step that stores it; called last, and for no dry run. A throw counts as a denial. */
  validateSize?(request: AdmissionRequest, size: StoredGrowth): Verdict
  /**
   * Another server wrote since validate(), and its changes are visible: decides again on what depends on other objects. A throw counts as a
   * denial.
   */
  recheck?(request: AdmissionRequest): Verdict
  /** The request has ended; `stored` says whether its change is stored. Called once for a create or for each attempt of an update. */
  finish?(request: AdmissionRequest, stored: boolean): void
}

/** Sizes of an object to be stored, in bytes; `growth` is negative if it shrinks. */
export interface StoredGrowth {
  readonly bytes: number
  readonly growth: number
}
