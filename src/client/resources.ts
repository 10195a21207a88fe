// The resources that parts of Bulkhead read and write by name.
import type { KubeObject } from '../api/object.ts'
import { resourceRef } from './resource-ref.ts'

export interface ObjectReference {
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  resourceVersion?: string
  fieldPath?: string
}

/** The core v1 form, which kubectl describe reads. */
export interface CoreEvent extends KubeObject {
  involvedObject: ObjectReference
  reason?: string
  message?: string
  type?: string
  source?: { component?: string; host?: string }
  firstTimestamp?: string
  lastTimestamp?: string
  count?: number
  reportingComponent?: string
  reportingInstance?: string
}

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export const events = resourceRef<CoreEvent>('', 'v1', 'events', 'Event')
export const leases = resourceRef<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease')
