// Is this object acceptable: mutate all, then validate all, in the order of `plugins/index.ts`.

import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import type { ApiError } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import type { ExternalWait } from '../base/external-wait.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

export interface AdmissionRequest {
  readonly operation: Operation
  readonly resource: ResourceDefinition
  /** '' for the main path. */
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** The object is deleted as one of a collection: its name stands in no request. */
  readonly ofCollection?: boolean
  /** The object as it would be stored; plugins change it in mutate(). Undefined for DELETE. For CONNECT the options object. */
  readonly object: KubeObject | undefined
  /** Frozen. Undefined for CREATE. */
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** CreateOptions and the like, as the client gave them; undefined where there are none. */
  readonly options?: Readonly<Record<string, unknown>> | undefined
  /** Told of the waits for webhooks; undefined where nobody measures them. */
  readonly away?: ExternalWait | undefined
  /** Sends a Warning header to the client. */
  warn(message: string): void
  /** Adds an annotation to the audit event. */
  annotate(key: string, value: string): void
}

/** `no` always carries what the client sees: usually `forbidden(...)` or `invalid(...)`. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly error: ApiError }

export const admitted: Verdict = { allowed: true }

/** Of the audit event: which plugin refused the request. */
export const refusedByAnnotation = 'admission.bulkhead.dev/refused-by'
/** Of the audit event: the JSON patch of the object that was sent with which the plugin would have let it pass. */
export const patchAnnotation = 'admission.bulkhead.dev/patch'

export interface AdmissionPlugin {
  readonly name: string
  /** Whether this plugin looks at the request at all. */
  handles(request: AdmissionRequest): boolean
  /** Changes `request.object` in place. Runs before any validate(). */
  mutate?(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  /** Decides. Must not change the object. A throw counts as a denial. */
  validate?(request: AdmissionRequest, signal: AbortSignal): Promise<Verdict> | Verdict
  /** Decides on the size of what is about to be stored, in the step that stores it; asked last, and for no dry run. A throw counts as a denial. */
  validateSize?(request: AdmissionRequest, size: StoredGrowth): Verdict
  /** The request is over, whoever ended it: whether its change is stored. Called once for a creation or an attempt of an update. */
  finish?(request: AdmissionRequest, stored: boolean): void
}

/** Of an object that is to be stored, in bytes; `growth` is negative where it becomes smaller. */
export interface StoredGrowth {
  readonly bytes: number
  readonly growth: number
}
