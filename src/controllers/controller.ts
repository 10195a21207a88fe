// The interface of controllers: a key goes in, and the state of the cluster is changed to match the object.
import type { KubeObject } from '../api/object.ts'
import type { PolicyRule } from '../api/types/rbac-v1.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { InformerPool, ObjectSelection } from '../client/cache/informer-pool.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import type { ControllerSettings } from './settings.ts'

/** What every controller gets. Caches are shared and frozen; the client has the identity of this controller. */
export interface Context {
  readonly client: Client
  readonly informers: InformerPool
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly settings: ControllerSettings
  readonly signal: AbortSignal
  /** Puts a key into this controller's queue, as an event of its resource would. */
  enqueue(key: string, afterMs?: number): void
}

export type Result = { readonly done: true } | { readonly requeueAfterMs: number }

export const done: Result = { done: true }

/** Level-based: reads the caches and ignores which event came. A throw is retried with back-off. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Result>

/** Another resource whose changes affect objects of this controller. */
export interface Follow<T extends KubeObject = KubeObject> {
  readonly resource: ResourceRef<T>
  /** Only these objects of the resource. */
  readonly selection?: ObjectSelection
  /** Keys to reconcile after a change of `object`; `old` is the previous state, if there is one. */
  keys(object: T, context: Context, old?: T): readonly string[]
}

/**
 * The identity of a controller and its permissions, from which `generated/controller-grants.json` of the bootstrap policy is made. The
 * ClusterRole is `system:controller:<account>`, as upstream's; several controllers may share an account.
 */
export interface ControllerIdentity {
  /** A ServiceAccount in kube-system. */
  readonly account: string
  /** Kubernetes has no such controller: the role is `bulkhead:controller:<account>`. */
  readonly own?: true
  /** Cluster-wide rules; none: no ClusterRole. */
  readonly rules: readonly PolicyRule[]
  /** Rules within a namespace, by the namespace; the Role has the name of the ClusterRole by default. */
  readonly roles?: readonly { readonly namespace: string; readonly name?: string; readonly rules: readonly PolicyRule[] }[]
}

/** Settings that decide which controllers run. */
export interface ControllerChoice {
  /** As the flag of kube-controller-manager: false if no node of this cluster would use a range of pod addresses. */
  readonly allocateNodeCidrs: boolean
  /** Whether the API server accepts bootstrap tokens. */
  readonly bootstrapTokens: boolean
  /** Whether a deleted Node needs a new join ticket to come back; upstream's nodes create their Node again. */
  readonly denyDeletedNodes: boolean
}

export interface Controller {
  /** Upstream's name, such as `deployment-controller`. */
  readonly name: string
  /** The source of its events, as upstream, if it is not the name. */
  readonly eventSource?: string
  readonly identity: ControllerIdentity
  /** Runs only where this holds. */
  readonly needs?: keyof ControllerChoice
  /** Absent for a controller that fills its queue itself. */
  readonly watches?: ResourceRef
  /** Resources whose objects lead to their controlling owner of the watched kind. */
  readonly owns?: readonly ResourceRef[]
  readonly follows?: readonly Follow[]
  /** Number of keys that are reconciled at a time; default 5. */
  readonly workers?: number
  /** Called once per run, before caches fill: adds indexes and handlers, creates the controller's state. */
  begin(context: Context): Reconcile
  /** Work without keys (periodic checks); ends with the signal. */
  run?(context: Context): Promise<void>
}

/** Keeps the type of the followed object for `keys`, while the list holds follows of many resources. */
export function follow<T extends KubeObject>(follow: Follow<T>): Follow {
  return {
    resource: follow.resource,
    ...(follow.selection === undefined ? {} : { selection: follow.selection }),
    // The runner passes to each follow only objects of its own resource.
    keys: (object, context, old) => follow.keys(object as T, context, old as T | undefined),
  }
}
