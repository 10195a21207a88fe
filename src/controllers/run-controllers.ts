// Runs all controllers of a process on shared informers.
import { groupVersion, type KubeObject } from '../api/object.ts'
import { isReason } from '../api/status.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics/metrics.ts'
import { InformerPool } from '../client/cache/informer-pool.ts'
import { keyOf, makeKey } from '../client/cache/object-key.ts'
import type { Client } from '../client/client.ts'
import { EventRecorder } from '../client/event-recorder.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import { WorkQueue } from '../client/work-queue.ts'
import type { Context, Controller, Reconcile } from './controller.ts'
import { controllers } from './index.ts'
import { type ControllerMetrics, controllerMetrics } from './metrics.ts'
import { controllerOf } from './owner.ts'
import { type ControllerSettings, defaultSettings } from './settings.ts'

export interface RunControllersOptions {
  /** A client that authenticates as this controller: `system:serviceaccount:kube-system:<name>`. */
  clientFor(controllerName: string): Client
  /** Reads for all of them: `system:kube-controller-manager`. */
  readonly informerClient: Client
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  /** In [0, 1). */
  readonly random: () => number
  readonly rootCa: string
  readonly signCertificate: ControllerSettings['signCertificate']
  readonly settings?: Partial<ControllerSettings>
  /** Default: all. */
  readonly controllers?: readonly Controller[]
  /** Shared with the scheduler of the same process; run by these controllers. */
  readonly informers?: InformerPool
}

/** Resolves when all have stopped after the signal. Failures of single keys are retried and logged, never thrown. */
export async function runControllers(options: RunControllersOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, random, informerClient, rootCa, signCertificate } = options
  const informers = options.informers ?? new InformerPool({ client: informerClient, clock, log, random })
  const settings = { ...defaultSettings, ...options.settings, rootCa, signCertificate }
  const metrics = controllerMetrics(options.metrics)
  const runs = (options.controllers ?? controllers).map(controller =>
    begin(controller, { ...options, informers, settings }, metrics, signal),
  )
  await Promise.all([informers.run(signal), ...runs.map(run => run())])
}

function begin(
  controller: Controller,
  shared: RunControllersOptions & { readonly informers: InformerPool; readonly settings: ControllerSettings },
  metrics: ControllerMetrics,
  signal: AbortSignal,
): () => Promise<void> {
  const { clock, random, informers, settings } = shared
  const log = shared.log.with({ controller: controller.name })
  const client = shared.clientFor(controller.identity.account)
  const queue = new WorkQueue({ clock })
  const events = new EventRecorder({ client, component: controller.eventSource ?? controller.name, clock, log, random })
  const enqueue = (key: string, afterMs = 0) => queue.addAfter(key, afterMs)
  const context: Context = { client, informers, events, clock, log, random, settings, signal, enqueue }
  const reconcile = controller.begin(context)
  const synced = subscribe(controller, context, queue)
  return async () => {
    signal.addEventListener('abort', () => queue.stop(), { once: true })
    try {
      await Promise.all(synced.map(informer => informer.synced(signal)))
    } catch (err) {
      if (signal.aborted) return
      throw err
    }
    const workers = Array.from({ length: controller.workers ?? 5 }, () => work(controller, queue, reconcile, context, metrics))
    await Promise.all([...workers, controller.run?.(context)])
    await events[Symbol.asyncDispose]()
  }
}

interface Synced {
  synced(signal: AbortSignal): Promise<void>
}

function subscribe(controller: Controller, context: Context, queue: WorkQueue): Synced[] {
  const { informers } = context
  const synced: Synced[] = []
  const { watches } = controller
  if (watches !== undefined) {
    const own = informers.full(watches)
    const add = (object: KubeObject) => queue.add(keyOf(object))
    own.onChange({ add, update: add, delete: add })
    synced.push(own)
  }
  for (const resource of watches === undefined ? [] : (controller.owns ?? [])) {
    const owned = informers.full(resource)
    const addOwner = (object: KubeObject) => {
      const key = watches === undefined ? undefined : ownerKey(object, watches)
      if (key !== undefined) queue.add(key)
    }
    owned.onChange({
      add: addOwner,
      update: (object, old) => {
        addOwner(old)
        addOwner(object)
      },
      delete: addOwner,
    })
    synced.push(owned)
  }
  for (const follow of controller.follows ?? []) {
    const { resource, selection } = follow
    const followed = selection === undefined ? informers.full(resource) : informers.selected(resource, selection)
    const addAll = (object: KubeObject, old?: KubeObject) => {
      for (const key of follow.keys(object, context, old)) queue.add(key)
    }
    followed.onChange({ add: object => addAll(object), update: addAll, delete: object => addAll(object) })
    synced.push(followed)
  }
  return synced
}

function ownerKey(object: KubeObject, resource: ResourceRef): string | undefined {
  const owner = controllerOf(object)
  if (owner === undefined || owner.kind !== resource.kind) return undefined
  if (owner.apiVersion !== groupVersion(resource.group, resource.version)) return undefined
  return makeKey(object.metadata.namespace ?? '', owner.name)
}

async function work(
  controller: Controller,
  queue: WorkQueue,
  reconcile: Reconcile,
  context: Context,
  metrics: ControllerMetrics,
): Promise<void> {
  const { log, signal, informers } = context
  const { name, watches } = controller
  const own = watches && informers.full(watches)
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    metrics.adds.inc({ name })
    metrics.depth.set({ name }, queue.depth)
    const finished = metrics.duration.startTimer({ name })
    try {
      const result = await reconcile(key, signal)
      queue.forget(key)
      if ('requeueAfterMs' in result) queue.addAfter(key, result.requeueAfterMs)
      else if (own !== undefined && own.getByKey(key) === undefined) queue.cancelDelay(key)
    } catch (err) {
      if (signal.aborted) return
      metrics.retries.inc({ name })
      // A conflict only means that the cache was outdated: the next pass sees the newer object.
      const expected = isReason(err, 'Conflict') || isReason(err, 'NotFound')
      log[expected || queue.failuresOf(key) < 3 ? 'debug' : 'info']('reconcile failed', { key, err })
      queue.addBackedOff(key)
    } finally {
      finished()
      queue.done(key)
    }
  }
}
