// Runs the pods of Jobs to completion and counts each exactly once.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import type { Job, JobStatus } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { jobs, pods } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import type { Expectations } from '../expectations.ts'
import { hasFinalizer } from '../finalizer.ts'
import { LatestWritten } from '../latest-written.ts'
import { controllerOf, isControlledBy, planOwnership } from '../owner.ts'
import { createPod, deleteExpected, deletePod, inGrowingBatches, isNamespaceEnding } from '../pod-control.ts'
import { expectPods } from '../pod-expectations.ts'
import { isActive } from '../pod-state.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { applyClaim } from '../volumes/claim.ts'
import { type BackoffRecord, noFailures, recordFinished } from './job-backoff.ts'
import { finishedCondition } from './job-condition.ts'
import { planJob } from './job-plan.ts'
import { jobPod, jobTrackingFinalizer } from './job-pods.ts'
import { TrackedPods, trackingJobKey } from './job-release.ts'
import { countJob, type JobState } from './job-state.ts'
import { finish, planTracking, settle, withJobCondition } from './job-tracking.ts'
import { completed, decide, untilDeadline, type Verdict } from './job-verdict.ts'

/** Another value of spec.managedBy leaves the job to another controller. */
const managedByThis = 'kubernetes.io/job-controller'

export const job: Controller = {
  name: 'job-controller',
  identity: {
    account: 'job-controller',
    rules: [
      rule('get list patch update watch', 'batch', 'jobs'),
      rule('update', 'batch', 'jobs/status'),
      rule('update', 'batch', 'jobs/finalizers'),
      rule('create delete list patch watch', 'core', 'pods'),
      recordEvents,
    ],
  },
  watches: jobs,
  owns: [pods],
  follows: [follow({ resource: pods, keys: strayKeys })],
  begin(context) {
    const cache = context.informers.full(jobs)
    const memory: Memory = {
      expectations: expectPods(context, jobs),
      tracked: new TrackedPods(context),
      backoffs: new Map(),
      written: new LatestWritten(),
    }
    return async (key, signal) => {
      const object = cache.getByKey(key)
      await releaseStrays(context, memory, key, object, signal)
      if (object === undefined) {
        memory.expectations.forget(key)
        memory.backoffs.delete(key)
        memory.written.forget(key)
        return done
      }
      return new Pass(context, memory, memory.written.newest(key, object), signal).run()
    }
  },
}

interface Memory {
  readonly expectations: Expectations
  readonly tracked: TrackedPods
  readonly backoffs: Map<string, BackoffRecord>
  readonly written: LatestWritten<Job>
}

/** Pods without a controller: adopted by jobs that select them, or released from a finalizer that nothing else removes. */
function strayKeys(pod: Pod, context: Context): string[] {
  if (controllerOf(pod) !== undefined) return []
  const keys = adoptersOf(pod, context).map(keyOf)
  const tracking = trackingJobKey(pod)
  return tracking === undefined ? keys : [...keys, tracking]
}

function adoptersOf({ metadata }: Pod, { informers }: Context): Job[] {
  if (metadata.deletionTimestamp !== undefined) return []
  const all = informers.full(jobs).list(metadata.namespace)
  return all.filter(
    job => job.metadata.deletionTimestamp === undefined && isManagedHere(job) && selects(job.spec.selector, metadata.labels),
  )
}

function isManagedHere({ spec }: Job): boolean {
  return spec.managedBy == null || spec.managedBy === managedByThis
}

/** Without their job, tracked pods would never be deleted. */
async function releaseStrays(
  context: Context,
  { tracked }: Memory,
  key: string,
  object: Job | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const pod of tracked.of(key)) {
    const stays =
      controllerOf(pod) === undefined ? adoptersOf(pod, context).length > 0 : object !== undefined && isControlledBy(pod, object)
    if (!stays) await tracked.release(pod, signal)
  }
}

class Pass {
  readonly #context: Context
  readonly #memory: Memory
  readonly #signal: AbortSignal
  readonly #key: string
  #job: Job
  #failure: unknown

  constructor(context: Context, memory: Memory, object: Job, signal: AbortSignal) {
    this.#context = context
    this.#memory = memory
    this.#job = object
    this.#key = keyOf(object)
    this.#signal = signal
  }

  async run(): Promise<Result> {
    const { spec, metadata } = this.#job
    // Without a selector no pod would ever be its own, and each pass would make more.
    if (spec.selector == null || !isManagedHere(this.#job)) return done
    if (finishedCondition(this.#job) !== undefined) return this.#leave()
    const trusted = this.#memory.expectations.fulfilled(this.#key, this.#context.clock.monotonic())
    const owned = await this.#claim()
    let status: JobStatus = { ...this.#job.status }
    if (status.startTime == null && spec.suspend !== true) status.startTime = formatTime(this.#now)
    const started = { ...this.#job, status }
    const state = countJob(started, owned, this.#memory.tracked.released)
    const backoff = recordFinished(this.#memory.backoffs.get(this.#key) ?? noFailures, state.newSucceeded, state.newFailed)
    const waits = [untilDeadline(started, this.#now)]
    let verdict = decide(started, state, this.#now)
    const counts = { active: state.active.length, terminating: state.terminating.length, ready: state.ready }
    if (verdict !== undefined) {
      const deleted = await this.#deleteAll(state.active, false)
      counts.active -= deleted
      counts.terminating += deleted
      counts.ready = deleted === state.active.length ? 0 : counts.ready
      // The job must not be said to end while a pod may be running that is not accounted for.
      if (deleted !== state.active.length || !trusted) verdict = undefined
    } else if (trusted) {
      // A job that is being deleted gets no more pods, but may complete with the existing ones.
      const isManaged = metadata.deletionTimestamp === undefined
      if (isManaged) waits.push(await this.#manage(started, state, backoff, counts))
      verdict = completed(started, state.succeeded, counts.active)
      if (verdict === undefined && isManaged) status = this.#suspension(status)
    }
    await this.#track({ ...status, ...counts }, state, verdict, backoff)
    if (this.#failure !== undefined) throw this.#failure
    const due = waits.filter(wait => wait !== undefined).filter(wait => wait > 0)
    return due.length === 0 || verdict !== undefined ? done : { requeueAfterMs: Math.min(...due) }
  }

  /** A finished job. A pod whose creation succeeded although its answer was lost may only be seen now: its work is not needed. */
  async #leave(): Promise<Result> {
    const { backoffs, tracked } = this.#memory
    backoffs.delete(this.#key)
    const own = this.#context.informers
      .full(pods)
      .list(this.#job.metadata.namespace)
      .filter(pod => isControlledBy(pod, this.#job))
    const late = own.filter(pod => isActive(pod) && hasFinalizer(pod, jobTrackingFinalizer))
    await this.#deleteAll(late, false)
    if (this.#failure !== undefined) throw this.#failure
    for (const pod of own) await tracked.release(pod, this.#signal)
    return done
  }

  get #now(): number {
    return this.#context.clock.now()
  }

  #claim(): Promise<Pod[]> {
    const candidates = this.#context.informers.full(pods).list(this.#job.metadata.namespace)
    const claim = planOwnership(this.#job, candidates, pod => selects(this.#job.spec.selector, pod.metadata.labels))
    return applyClaim(this.#context, this.#job, jobs, pods, claim, this.#signal, jobTrackingFinalizer)
  }

  /** Modifies `counts` to the remainder. */
  async #manage(
    object: Job,
    state: JobState,
    backoff: BackoffRecord,
    counts: { active: number; ready: number; terminating: number },
  ): Promise<number | undefined> {
    const plan = planJob(object, state, backoff, this.#now)
    if (plan.remove.length > 0) {
      const deleted = await this.#deleteAll(plan.remove, true)
      counts.active -= deleted
      counts.terminating += deleted
      counts.ready = Math.min(counts.ready, counts.active)
    }
    if (plan.create.length > 0) {
      const { expectations } = this.#memory
      expectations.expect(this.#key, { creations: plan.create.length }, this.#context.clock.monotonic())
      const { succeeded, err } = await inGrowingBatches(plan.create.length, async at => {
        const wanted = plan.create[at]
        if (wanted === undefined) return
        await createPod(this.#context, object, jobs, jobPod(object, wanted.index, wanted.failures), this.#signal)
      })
      for (let at = succeeded; at < plan.create.length; at++) expectations.created(this.#key)
      counts.active += succeeded
      if (err !== undefined && !isNamespaceEnding(err)) this.#failure = err
    }
    return plan.waitMs
  }

  /** How many went. `uncounted`: the pods are surplus or suspended, and their end is no failure. */
  async #deleteAll(targets: readonly Pod[], uncounted: boolean): Promise<number> {
    if (targets.length === 0) return 0
    const { expectations, tracked } = this.#memory
    expectations.expect(this.#key, { deletions: targets.map(({ metadata }) => metadata.uid ?? '') }, this.#context.clock.monotonic())
    const { gone, err } = await deleteExpected(expectations, this.#key, targets, async pod => {
      if (uncounted) await tracked.release(pod, this.#signal)
      return deletePod(this.#context, this.#job, jobs, pod, this.#signal)
    })
    if (err !== undefined) this.#failure = err
    return gone
  }

  #suspension(status: JobStatus): JobStatus {
    const now = this.#now
    const before = status.conditions?.find(({ type }) => type === 'Suspended')
    if (this.#job.spec.suspend === true) {
      if (before?.status === 'True') return status
      this.#event('Normal', 'Suspended', 'Job suspended')
      return withJobCondition(status, { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }, now)
    }
    if (before?.status !== 'True') return status
    this.#event('Normal', 'Resumed', 'Job resumed')
    const resumed = { ...status, startTime: formatTime(now) }
    return withJobCondition(resumed, { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }, now)
  }

  /** Writes at most twice: finished pods before their finalizers are removed, and the numbers after. */
  async #track(counted: JobStatus, state: JobState, verdict: Verdict | undefined, backoff: BackoffRecord): Promise<void> {
    const { tracked } = this.#memory
    const held = new Set([...state.tracked].map(({ metadata }) => metadata.uid ?? ''))
    const isHeld = (uid: string) => held.has(uid)
    const { status: noted, release, more } = planTracking(this.#job, settle(counted, isHeld), state, verdict)
    const { type, reason, message } = verdict ?? {}
    const status = type === undefined ? noted : withJobCondition(noted, { type, status: 'True', reason, message }, this.#now)
    const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
    // Once a finalizer is removed, its pod may disappear: its result must be in the status before.
    if (succeeded.length + failed.length > 0 || release.length > 0) await this.#write(status)
    this.#memory.backoffs.set(this.#key, backoff)
    const results = await Promise.allSettled(release.map(pod => tracked.release(pod, this.#signal)))
    for (const [at, result] of results.entries()) {
      if (result.status === 'fulfilled') held.delete(release[at]?.metadata.uid ?? '')
      else this.#failure ??= result.reason
    }
    const settled = settle(status, isHeld)
    const ended = verdict === undefined || more || this.#failure !== undefined ? undefined : finish(settled, verdict, this.#now)
    await this.#write(ended ?? settled)
    if (ended !== undefined && verdict !== undefined) this.#reportEnd(verdict)
    if (more) this.#context.enqueue(this.#key)
  }

  #reportEnd({ type, reason, message }: Verdict): void {
    if (type === 'FailureTarget') {
      this.#event('Warning', reason, message)
      return
    }
    const { completions } = this.#job.spec
    if (completions != null && (this.#job.status?.succeeded ?? 0) > completions)
      this.#event('Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached')
    this.#event('Normal', 'Completed', 'Job completed')
  }

  async #write(status: JobStatus): Promise<void> {
    if (plain(this.#job.status ?? {}) === plain(status)) return
    this.#job = await this.#context.client.updateStatus(jobs, { ...this.#job, status }, this.#signal)
    this.#memory.written.wrote(this.#key, this.#job)
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.record(referenceTo(this.#job, 'batch/v1', 'Job'), type, reason, message)
  }
}

/** Zero, an empty list and absent are equal on the wire, except for the counts of ready and terminating pods. */
function plain({ uncountedTerminatedPods, ...status }: JobStatus): string {
  const { succeeded = [], failed = [] } = uncountedTerminatedPods ?? {}
  const keep = new Set(['ready', 'terminating'])
  const shown = Object.entries(status).filter(([name, value]) => keep.has(name) || (value !== 0 && value !== ''))
  return canonical([Object.fromEntries(shown), succeeded, failed])
}
