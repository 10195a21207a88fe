// Deletes objects whose owners are gone, and carries out foreground deletion and orphaning.

import type { KubeObject, OwnerReference } from '../../api/object.ts'
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import { pause } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { discover } from '../../client/discovery.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { type ResourceRef, refName } from '../../client/resource-ref.ts'
import { type Context, type Controller, done, type Result } from '../controller.ts'
import {
  blockingReference,
  foregroundFinalizer,
  isDeletingDependents,
  isOrphaning,
  type OwnerState,
  orphanFinalizer,
  planGarbage,
} from './garbage-plan.ts'
import { apiVersionOf, groupOf, isElsewhere, isNamed, type Node, ObjectGraph } from './object-graph.ts'

/** Changes of these objects may change which resources exist. */
const definesResources = new Set(['customresourcedefinitions.apiextensions.k8s.io', 'apiservices.apiregistration.k8s.io'])
const settleMs = 500

/** Short-lived and without owners. */
const ignored = new Set(['events', 'events.events.k8s.io'])

export const garbageCollector: Controller = {
  name: 'generic-garbage-collector',
  eventSource: 'garbage-collector-controller',
  identity: {
    account: 'generic-garbage-collector',
    rules: [rule('delete get list patch update watch', '*', '*'), recordEvents],
  },
  workers: 10,
  begin(context) {
    const collector = new Collector(context)
    collectors.set(context, collector)
    return (key, signal) => collector.reconcile(key, signal)
  },
  async run(context) {
    await collectors.get(context)?.follow()
  },
}

/** begin() and run() of a run share state through their context. */
const collectors = new WeakMap<Context, Collector>()

class Collector {
  readonly #context: Context
  readonly #graph: ObjectGraph
  /** Uids of owners that are known to be gone (uids are never reused), and references that were found to be dangling. */
  readonly #absent = new Set<string>()
  /** Informers that had their time to sync. */
  readonly #waitedFor = new WeakSet<object>()
  #ready = false
  /** Aborted when the set of resources may have changed. */
  #outdated = new AbortController()

  constructor(context: Context) {
    this.#context = context
    this.#graph = new ObjectGraph((node, gone) => this.#changed(node, gone))
  }

  /** Watches every deletable resource; discovers new ones until the signal. */
  async follow(): Promise<void> {
    const { signal, clock, log, settings } = this.#context
    while (!signal.aborted) {
      try {
        const outdated = new AbortController()
        this.#outdated = outdated
        await this.#refresh(signal)
        await pause(clock, settings.discoveryPeriodMs, AbortSignal.any([signal, outdated.signal]))
        // Definitions often change in groups.
        if (outdated.signal.aborted) await pause(clock, settleMs, signal)
      } catch (err) {
        if (signal.aborted) return
        log.info('resources not discovered', { err })
        await pause(clock, 1000, signal)
      }
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const { client, informers } = this.#context
    const { resources, failed } = await discover(client, signal)
    const watched = resources.filter(
      resource => ['delete', 'list', 'watch'].every(verb => resource.verbs.includes(verb)) && !ignored.has(refName(resource)),
    )
    for (const resource of watched) if (!this.#graph.monitors(resource)) this.#graph.monitor(resource, informers.metadata(resource))
    // After a failed discovery, a missing resource may still be served.
    for (const resource of failed.length > 0 ? [] : this.#graph.resources) {
      if (watched.some(known => refName(known) === refName(resource))) continue
      this.#graph.drop(resource)
      informers.dropMetadata(resource)
    }
    await this.#untilSynced(signal)
    if (this.#ready) return
    this.#ready = true
    for (const resource of this.#graph.resources)
      for (const object of informers.metadata(resource).list()) this.#changed({ resource, object }, false)
  }

  /** A resource whose server does not answer is waited for once, and stops nothing else. */
  async #untilSynced(signal: AbortSignal): Promise<void> {
    const { clock, log, settings } = this.#context
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const waiting = this.#graph.informers.filter(informer => !informer.hasSynced && !this.#waitedFor.has(informer))
    for (const informer of waiting) this.#waitedFor.add(informer)
    const all = Promise.all(waiting.map(informer => informer.synced(either)))
    // It rejects after the wait for resources that are late.
    all.catch(() => undefined)
    await Promise.race([all, pause(clock, settings.resourceSyncMs, either)])
    over.abort(new Error('waited long enough'))
    const late = waiting.filter(({ hasSynced }) => !hasSynced).map(({ resource }) => refName(resource))
    if (late.length > 0 && !signal.aborted)
      log.info('garbage is collected without resources that do not answer', { resources: late.join(', ') })
  }

  #changed(node: Node, gone: boolean): void {
    if (definesResources.has(refName(node.resource))) this.#outdated.abort()
    // An incomplete graph would make owners look absent.
    if (!this.#ready) return
    const { object } = node
    const uid = object.metadata.uid ?? ''
    const owners = object.metadata.ownerReferences ?? []
    if (gone) {
      this.#rememberAbsent(uid)
      for (const dependent of this.#graph.dependents(uid)) this.#enqueue(dependent)
    } else if (isOrphaning(object) || isDeletingDependents(object)) {
      this.#enqueue(node)
      if (isDeletingDependents(object)) for (const dependent of this.#graph.dependents(uid)) this.#enqueue(dependent)
    }
    let doubtful = false
    for (const owner of owners) {
      const found = this.#graph.byUid(owner.uid)
      if (found !== undefined && isDeletingDependents(found.object)) this.#enqueue(found)
      if (found === undefined || isDeletingDependents(found.object) || !isNamed(found, owner, object.metadata.namespace ?? ''))
        doubtful = true
    }
    if (doubtful && !gone && object.metadata.deletionTimestamp === undefined) this.#enqueue(node)
  }

  #enqueue({ resource, object }: Node): void {
    this.#context.enqueue(`${refName(resource)} ${keyOf(object)}`)
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const [resourceName = '', name = ''] = key.split(' ')
    const node = this.#graph.byName(resourceName, name)
    if (node === undefined) return done
    if (isOrphaning(node.object)) await this.#orphan(node, signal)
    else if (isDeletingDependents(node.object)) await this.#finishForeground(node, signal)
    else if (node.object.metadata.deletionTimestamp === undefined) await this.#collect(node, signal)
    return done
  }

  async #collect({ resource, object }: Node, signal: AbortSignal): Promise<void> {
    const { client, log } = this.#context
    const { namespace = '', name = '', uid = '' } = object.metadata
    const live = await this.#read(resource, namespace, name, signal)
    if (live === undefined || live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) return
    const owners: { owner: OwnerReference; state: OwnerState }[] = []
    const dependent = { resource, object: live }
    for (const owner of live.metadata.ownerReferences ?? []) owners.push({ owner, state: await this.#stateOf(owner, dependent, signal) })
    const dependents = this.#graph.dependents(uid)
    const plan = planGarbage(live, owners, dependents.length > 0)
    if (plan.plan === 'unlink') await this.#unlink({ resource, object: live }, plan.uids, signal)
    if (plan.plan !== 'delete') return
    if (plan.policy === 'Foreground') await this.#breakCircles(uid, dependents, signal)
    log.debug('object collected', { resource: refName(resource), object: keyOf(object), policy: plan.policy })
    // With the evaluated version, because it may have a new owner meanwhile.
    const { resourceVersion = '' } = live.metadata
    await this.#quietly(() => client.delete(resource, namespace, name, { uid, resourceVersion, propagationPolicy: plan.policy }, signal))
  }

  async #stateOf(owner: OwnerReference, dependent: Node, signal: AbortSignal): Promise<OwnerState> {
    if (this.#absent.has(owner.uid)) return 'dangling'
    const { object } = dependent
    const known = this.#graph.byUid(owner.uid)
    const namespace = object.metadata.namespace ?? ''
    if (known !== undefined && isNamed(known, owner, namespace)) return isDeletingDependents(known.object) ? 'waiting' : 'solid'
    if (known !== undefined && isElsewhere(known, namespace)) this.#reportElsewhere(owner, dependent)
    const resource = this.#graph.resources.find(({ group, kind }) => kind === owner.kind && group === groupOf(owner.apiVersion))
    // A kind that is not served now may be served later: the state of its objects is unknown.
    if (resource === undefined)
      throw new Error(`Cannot tell whether ${owner.kind} "${owner.name}" exists: ${owner.apiVersion} is not served`)
    if (resource.namespaced && namespace === '') {
      this.#context.log.info('cluster-scoped object names a namespaced owner', { object: object.metadata.name, owner: owner.name })
      return 'solid'
    }
    const place = resource.namespaced ? namespace : ''
    const reference = [owner.apiVersion, owner.kind, place, owner.name, owner.uid].join(' ')
    if (this.#absent.has(reference)) return 'dangling'
    const live = await this.#read(resource, place, owner.name, signal)
    if (live?.metadata.uid === owner.uid) return isDeletingDependents(live) ? 'waiting' : 'solid'
    this.#rememberAbsent(reference)
    return 'dangling'
  }

  #rememberAbsent(owner: string): void {
    this.#absent.add(owner)
    if (this.#absent.size > 10_000) this.#absent.clear()
  }

  #reportElsewhere({ apiVersion, kind, name, uid }: OwnerReference, { resource, object }: Node): void {
    const namespace = object.metadata.namespace ?? ''
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`
    this.#context.events.record(
      referenceTo(object, apiVersionOf(resource), resource.kind),
      'Warning',
      'OwnerRefInvalidNamespace',
      `ownerRef ${owner} does not exist in namespace ${writeJson(namespace)}`,
    )
  }

  /** The deletion continues when nothing blocks it any more. */
  async #finishForeground(node: Node, signal: AbortSignal): Promise<void> {
    const uid = node.object.metadata.uid ?? ''
    const blocking = this.#graph.dependents(uid).filter(({ object }) => {
      const owner = blockingReference(object, uid)
      // A reference with only the right uid cannot block a deletion in another namespace.
      return owner !== undefined && isNamed(node, owner, object.metadata.namespace ?? '')
    })
    if (blocking.length === 0) await this.#removeFinalizer(node, foregroundFinalizer, signal)
    else for (const dependent of blocking) if (!isDeletingDependents(dependent.object)) this.#enqueue(dependent)
  }

  async #orphan(node: Node, signal: AbortSignal): Promise<void> {
    const uid = node.object.metadata.uid ?? ''
    for (const dependent of this.#graph.dependents(uid)) await this.#unlink(dependent, [uid], signal)
    await this.#removeFinalizer(node, orphanFinalizer, signal)
  }

  /** Owners that wait for each other would wait forever: dependents that wait themselves do not block. */
  async #breakCircles(uid: string, dependents: readonly Node[], signal: AbortSignal): Promise<void> {
    for (const { resource, object } of dependents.filter(dependent => isDeletingDependents(dependent.object))) {
      const ownerReferences = object.metadata.ownerReferences?.map(owner =>
        owner.uid === uid ? { ...owner, blockOwnerDeletion: false } : owner,
      )
      await this.#patch({ resource, object }, { ownerReferences }, signal)
    }
  }

  async #unlink({ resource, object }: Node, uids: readonly string[], signal: AbortSignal): Promise<void> {
    const ownerReferences = object.metadata.ownerReferences?.filter(({ uid }) => !uids.includes(uid)) ?? []
    await this.#patch({ resource, object }, { ownerReferences }, signal)
  }

  async #removeFinalizer({ resource, object }: Node, finalizer: string, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '', uid } = object.metadata
    const live = await this.#read(resource, namespace, name, signal)
    if (live === undefined || live.metadata.uid !== uid || !live.metadata.finalizers?.includes(finalizer)) return
    await this.#patch({ resource, object: live }, { finalizers: live.metadata.finalizers.filter(other => other !== finalizer) }, signal)
  }

  /** Whole lists by merge patch, with the version at which they were read; works for every kind. */
  async #patch({ resource, object }: Node, metadata: Record<string, unknown>, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '', resourceVersion, uid } = object.metadata
    const body = { metadata: { ...metadata, uid, resourceVersion } }
    await this.#quietly(() => this.#context.client.patch(resource, namespace, name, body, { type: 'merge' }, signal))
  }

  async #read(resource: ResourceRef, namespace: string, name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
    try {
      return await this.#context.client.get(resource, namespace, name, signal)
    } catch (err) {
      if (isReason(err, 'NotFound')) return undefined
      throw err
    }
  }

  /** Ignores objects that no longer exist. */
  async #quietly(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
    }
  }
}
