// The form of the attacks on ResourceQuotas: one namespace that is filled up to its bounds, and writes that go one above one of them.
import type { ResourceQuotaSpec } from '../../../api/types/core-v1.ts'
import type { ProofRequest } from '../../request.ts'

export interface QuotaWrite extends Omit<ProofRequest, 'method' | 'path'> {
  readonly name: string
  /** Default: POST. */
  readonly method?: ProofRequest['method']
  /** Default: `v1`. */
  readonly groupVersion?: string
  /** Begins with the plural. */
  readonly path: string
}

export interface QuotaExcess extends QuotaWrite {
  /** What the refusal must contain; see `exceeds`. */
  readonly message: string
}

/** Names the one quota that is exceeded and what was requested of it, such as `requests.cpu=1m`. */
export const exceeds = (quota: string, requested: string): string => `exceeded quota: ${quota}, requested: ${requested}, used: `

/** PriorityClasses of the run. */
export interface Classes {
  readonly x: string
  readonly y: string
}

export interface QuotaRoom {
  readonly name: string
  /** By name. */
  readonly quotas: Readonly<Record<string, ResourceQuotaSpec>>
  /** Stored one after the other; the last ones reach the bounds exactly. */
  readonly fills: readonly QuotaWrite[]
  readonly excesses: readonly QuotaExcess[]
  /** Differ from an excess only in that they take nothing of the quota; also what must state a resource and does. */
  readonly twins: readonly QuotaWrite[]
  /** Resources to add up for `status.used`, each with its group and version. */
  readonly counted: readonly (readonly [groupVersion: string, plural: string])[]
}

/** The bytes that a namespace's objects take in the store. */
export const storedBytesName = 'bulkhead.dev/stored-bytes'
