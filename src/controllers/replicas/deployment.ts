// Rolls out a Deployment's pods through its replica sets.

import { recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/types/apps-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { ownerIndex, ownerUids } from '../../client/cache/object-cache.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { deployments, pods, replicaSets } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { controllerOf, controllerReference, planOwnership } from '../owner.ts'
import { isNamespaceEnding } from '../pod-control.ts'
import { isFinished } from '../pod-state.ts'
import { applyClaim } from '../volumes/claim.ts'
import {
  currentSize,
  desiredReplicas,
  isRolling,
  isScaling,
  planCleanup,
  planRolling,
  planScaling,
  revisionAfter,
  revisionAnnotation,
  type Scale,
  sizeOf,
  splitReplicaSets,
} from './deployment-plan.ts'
import { currentAnnotations, sameAnnotations, sizeAnnotations } from './deployment-revision.ts'
import { planRollback, requestedRevision } from './deployment-rollback.ts'
import {
  conditionOf,
  countStatus,
  isComplete,
  makeCondition,
  pauseCondition,
  progressDeadline,
  rolloutStatus,
  untilDeadline,
  withCondition,
} from './deployment-status.ts'
import { canonical, hashTemplate, sameTemplate, templateHashLabel } from './pod-template-hash.ts'

export const deployment: Controller = {
  name: 'deployment-controller',
  identity: {
    account: 'deployment-controller',
    rules: [
      rule('get list update watch', 'apps extensions', 'deployments'),
      rule('update', 'apps extensions', 'deployments/status'),
      rule('update', 'apps extensions', 'deployments/finalizers'),
      rule('create delete get list patch update watch', 'apps extensions', 'replicasets'),
      rule('get list update watch', 'core', 'pods'),
      recordEvents,
    ],
  },
  watches: deployments,
  owns: [replicaSets],
  follows: [
    follow({ resource: replicaSets, keys: orphanKeys }),
    // Recreate waits until the last old pod is gone.
    follow({ resource: pods, keys: (pod, context, old) => (old === undefined || isFinished(pod) ? recreatingKeys(pod, context) : []) }),
  ],
  begin(context) {
    const cache = context.informers.full(deployments)
    context.informers.full(replicaSets).addIndex(ownerIndex, ownerUids)
    context.informers.full(pods).addIndex(ownerIndex, ownerUids)
    return async (key, signal) => {
      const object = cache.getByKey(key)
      return object === undefined ? done : new Pass(context, object, signal).run()
    }
  },
}

function orphanKeys(set: ReplicaSet, { informers }: Context): string[] {
  if (controllerOf(set) !== undefined || set.metadata.deletionTimestamp !== undefined) return []
  return informers
    .full(deployments)
    .list(set.metadata.namespace)
    .filter(({ spec }) => selects(spec.selector, set.metadata.labels))
    .map(keyOf)
}

function recreatingKeys(pod: { metadata: { namespace?: string; labels?: Record<string, string> } }, { informers }: Context): string[] {
  return informers
    .full(deployments)
    .list(pod.metadata.namespace)
    .filter(object => !isRolling(object) && selects(object.spec.selector, pod.metadata.labels))
    .map(keyOf)
}

/** One pass over one deployment. It writes several times, and each write continues with the object that the server returned. */
class Pass {
  readonly #context: Context
  readonly #signal: AbortSignal
  #deployment: Deployment
  #current: ReplicaSet | undefined
  #old: readonly ReplicaSet[] = []

  constructor(context: Context, object: Deployment, signal: AbortSignal) {
    this.#context = context
    this.#deployment = object
    this.#signal = signal
  }

  async run(): Promise<Result> {
    const object = this.#deployment
    const { selector } = object.spec
    if (selector === undefined || selector === null || canonical(selector) === '{}') {
      this.#event('Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.')
      return done
    }
    const candidates = this.#context.informers.full(replicaSets).list(object.metadata.namespace)
    const claim = planOwnership(object, candidates, ({ metadata }) => selects(selector, metadata.labels))
    this.#split(await applyClaim(this.#context, object, deployments, replicaSets, claim, this.#signal))
    if (object.metadata.deletionTimestamp !== undefined) {
      await this.#writeStatus(countStatus(object, this.#current, this.#all, this.#now))
      return done
    }
    const pause = pauseCondition(object, this.#now)
    if (pause !== undefined) await this.#writeStatus(withCondition(object.status ?? {}, pause))
    if (object.spec.paused === true) return this.#scaleOnly()
    const revision = requestedRevision(object)
    if (revision !== undefined) return this.#rollBack(revision)
    if (isScaling(object, this.#all)) return this.#scaleOnly()
    return isRolling(object) ? this.#rolling() : this.#recreate()
  }

  get #now(): number {
    return this.#context.clock.now()
  }

  get #all(): readonly ReplicaSet[] {
    return this.#current === undefined ? this.#old : [...this.#old, this.#current]
  }

  /** Changes only the template: the update triggers the next pass, which scales. */
  async #rollBack(revision: bigint): Promise<Result> {
    await this.#syncCurrent(true)
    const { deployment, event } = planRollback(this.#deployment, this.#all, revision)
    this.#deployment = await this.#context.client.update(deployments, deployment, this.#signal)
    this.#event(event.type, event.reason, event.message)
    return done
  }

  async #scaleOnly(): Promise<Result> {
    await this.#syncCurrent(false)
    await this.#scale(planScaling(this.#deployment, this.#current, this.#old))
    if (this.#deployment.spec.paused === true) await this.#cleanUp()
    await this.#writeStatus(countStatus(this.#deployment, this.#current, this.#all, this.#now))
    return done
  }

  async #rolling(): Promise<Result> {
    await this.#syncCurrent(true)
    if (this.#current === undefined) return done
    const steps = planRolling(this.#deployment, this.#current, this.#old)
    if (steps.length > 0) await this.#scale(steps)
    else if (isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp()
    return this.#finish()
  }

  async #recreate(): Promise<Result> {
    await this.#syncCurrent(false)
    const active = this.#old.filter(set => sizeOf(set) > 0)
    if (active.length > 0) {
      await this.#scale(active.map(replicaSet => ({ replicaSet, to: 0 })))
      return this.#finish()
    }
    if (this.#oldPodsRun()) return this.#finish()
    if (this.#current === undefined) await this.#syncCurrent(true)
    if (this.#current === undefined) return done
    const wanted = desiredReplicas(this.#deployment)
    if (sizeOf(this.#current) !== wanted) await this.#scale([{ replicaSet: this.#current, to: wanted }])
    else if (isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp()
    return this.#finish()
  }

  #oldPodsRun(): boolean {
    const cache = this.#context.informers.full(pods)
    return this.#old.some(
      set => (set.status?.replicas ?? 0) > 0 || cache.byIndex(ownerIndex, set.metadata.uid ?? '').some(pod => !isFinished(pod)),
    )
  }

  async #finish(): Promise<Result> {
    const status = rolloutStatus(this.#deployment, this.#current, this.#all, this.#now)
    await this.#writeStatus(status)
    const wait = untilDeadline(this.#deployment, status, this.#now)
    return wait === undefined ? done : { requeueAfterMs: wait }
  }

  #split(sets: readonly ReplicaSet[]): void {
    const { current, old } = splitReplicaSets(this.#deployment, sets)
    this.#current = current
    this.#old = old
  }

  /** Updates the current replica set's annotations, or creates the set if it is missing and `create` is set. */
  async #syncCurrent(create: boolean): Promise<void> {
    const object = this.#deployment
    const revision = revisionAfter(this.#old)
    if (this.#current === undefined) {
      if (create) await this.#createCurrent(revision)
      return
    }
    const annotations = currentAnnotations(object, this.#current, revision)
    const minReadySeconds = object.spec.minReadySeconds ?? 0
    const { metadata, spec } = this.#current
    if (!sameAnnotations(metadata.annotations, annotations) || (spec.minReadySeconds ?? 0) !== minReadySeconds) {
      const next = { ...this.#current, metadata: { ...metadata, annotations }, spec: { ...spec, minReadySeconds } }
      this.#current = await this.#context.client.update(replicaSets, next, this.#signal)
    }
    const found = makeCondition('Progressing', 'True', 'FoundNewReplicaSet', `Found new replica set "${metadata.name}"`, this.#now)
    const known = progressDeadline(object) === undefined || conditionOf(object.status, 'Progressing') !== undefined
    await this.#writeStatus(known ? (object.status ?? {}) : withCondition(object.status ?? {}, found), annotations[revisionAnnotation])
  }

  async #createCurrent(revision: bigint): Promise<void> {
    const object = this.#deployment
    const { client } = this.#context
    const { template, selector, minReadySeconds } = object.spec
    const hash = hashTemplate(template, object.status?.collisionCount)
    const labels = { ...template.metadata?.labels, [templateHashLabel]: hash }
    const replicas = currentSize(object, this.#old, 0)
    const annotations = currentAnnotations(object, undefined, revision)
    const set: ReplicaSet = {
      metadata: {
        name: `${object.metadata.name}-${hash}`,
        namespace: object.metadata.namespace ?? '',
        labels,
        annotations,
        ownerReferences: [controllerReference(object, deployments)],
      },
      spec: {
        replicas,
        minReadySeconds: minReadySeconds ?? 0,
        selector: { ...selector, matchLabels: { ...selector?.matchLabels, [templateHashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    }
    let existed = false
    try {
      this.#current = await client.create(replicaSets, object.metadata.namespace ?? '', set, this.#signal)
    } catch (err) {
      if (isNamespaceEnding(err)) return
      if (!isReason(err, 'AlreadyExists')) return this.#createFailed(set, err)
      this.#current = await this.#existing(set, err)
      existed = true
    }
    const name = this.#current.metadata.name
    if (!existed && replicas > 0) this.#event('Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${replicas}`)
    const created = makeCondition('Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`, this.#now)
    const report = !existed && progressDeadline(object) !== undefined
    const status = this.#deployment.status ?? {}
    await this.#writeStatus(report ? withCondition(status, created) : status, this.#current.metadata.annotations?.[revisionAnnotation])
  }

  /** The set of this name: ours from a pass that the cache has not seen yet, or a hash collision. */
  async #existing(set: ReplicaSet, err: unknown): Promise<ReplicaSet> {
    const object = this.#deployment
    const found = await this.#context.client.get(replicaSets, object.metadata.namespace ?? '', set.metadata.name ?? '', this.#signal)
    if (controllerOf(found)?.uid === object.metadata.uid && sameTemplate(found.spec.template, object.spec.template)) return found
    const collisionCount = (object.status?.collisionCount ?? 0) + 1
    await this.#writeStatus({ ...object.status, collisionCount })
    throw err
  }

  async #createFailed(set: ReplicaSet, err: unknown): Promise<never> {
    const message = `Failed to create new replica set "${set.metadata.name}": ${messageOf(err)}`
    if (progressDeadline(this.#deployment) !== undefined) {
      const failed = makeCondition('Progressing', 'False', 'ReplicaSetCreateError', message, this.#now)
      await this.#writeStatus(withCondition(this.#deployment.status ?? {}, failed))
    }
    this.#event('Warning', 'ReplicaSetCreateError', message)
    throw err
  }

  async #scale(steps: readonly Scale[]): Promise<void> {
    const sizes = sizeAnnotations(this.#deployment)
    for (const { replicaSet, to } of steps) {
      const from = sizeOf(replicaSet)
      const annotations = { ...replicaSet.metadata.annotations, ...sizes }
      if (from === to && sameAnnotations(replicaSet.metadata.annotations, annotations)) continue
      const next = { ...replicaSet, metadata: { ...replicaSet.metadata, annotations }, spec: { ...replicaSet.spec, replicas: to } }
      const updated = await this.#context.client.update(replicaSets, next, this.#signal)
      if (replicaSet === this.#current) this.#current = updated
      else this.#old = this.#old.map(set => (set === replicaSet ? updated : set))
      if (from === to) continue
      const direction = from < to ? 'up' : 'down'
      this.#event('Normal', 'ScalingReplicaSet', `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${from} to ${to}`)
    }
  }

  async #cleanUp(): Promise<void> {
    for (const { metadata } of planCleanup(this.#deployment, this.#old)) {
      try {
        const options = metadata.uid === undefined ? {} : { uid: metadata.uid }
        await this.#context.client.delete(replicaSets, metadata.namespace ?? '', metadata.name ?? '', options, this.#signal)
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
    }
  }

  /** Writes status and revision if they changed. */
  async #writeStatus(status: DeploymentStatus, revision = this.#deployment.metadata.annotations?.[revisionAnnotation]): Promise<void> {
    const object = this.#deployment
    const annotations = { ...object.metadata.annotations, ...(revision === undefined ? {} : { [revisionAnnotation]: revision }) }
    if (sameStatus(object.status, status) && sameAnnotations(object.metadata.annotations, annotations)) return
    const next = { ...object, metadata: { ...object.metadata, annotations }, status }
    // Upstream's status path accepts metadata too: kubectl reads the revision from the deployment itself.
    this.#deployment = await this.#context.client.updateStatus(deployments, next, this.#signal)
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.record(referenceTo(this.#deployment, 'apps/v1', 'Deployment'), type, reason, message)
  }
}

/** Zero and absent are equal on the wire. */
function sameStatus(a: DeploymentStatus | undefined, b: DeploymentStatus): boolean {
  const plain = ({ conditions = [], ...counts }: DeploymentStatus) => {
    const sorted = [...conditions].sort((x, y) => (x.type < y.type ? -1 : 1))
    return canonical({ conditions: sorted, ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) })
  }
  return plain(a ?? {}) === plain(b)
}
