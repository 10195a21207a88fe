// Creates the Jobs of CronJobs when they are due, and removes old ones.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { CronJob, CronJobStatus, Job } from '../../api/types/batch-v1.ts'
import type { ObjectReference } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { messageOf } from '../../base/user-error.ts'
import { ownerIndex, ownerUids } from '../../client/cache/object-cache.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { cronJobs, jobs } from '../../client/resources.ts'
import { type Context, type Controller, done, type Result } from '../controller.ts'
import { LatestWritten } from '../latest-written.ts'
import { isControlledBy } from '../owner.ts'
import { isNamespaceEnding } from '../pod-control.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { dueTime, jobOf, planHistory } from './cron-plan.ts'
import { parseSchedule, type Schedule } from './cron-times.ts'
import { finishedCondition } from './job-condition.ts'

/** The next check is slightly late, so that the start is surely due. */
const slackMs = 100

export const cronJob: Controller = {
  name: 'cronjob-controller',
  identity: {
    account: 'cronjob-controller',
    rules: [
      rule('get list update watch', 'batch', 'cronjobs'),
      rule('create delete get list patch update watch', 'batch', 'jobs'),
      rule('update', 'batch', 'cronjobs/status'),
      rule('update', 'batch', 'cronjobs/finalizers'),
      rule('delete list watch', 'core', 'pods'),
      recordEvents,
    ],
  },
  watches: cronJobs,
  owns: [jobs],
  begin(context) {
    const cache = context.informers.full(cronJobs)
    context.informers.full(jobs).addIndex(ownerIndex, ownerUids)
    const written = new LatestWritten<CronJob>()
    return async (key, signal) => {
      const object = cache.getByKey(key)
      if (object !== undefined) return new Pass(context, written, written.newest(key, object), signal).run()
      written.forget(key)
      return done
    }
  },
}

class Pass {
  readonly #context: Context
  readonly #written: LatestWritten<CronJob>
  readonly #signal: AbortSignal
  readonly #cronJob: CronJob
  #status: CronJobStatus

  constructor(context: Context, written: LatestWritten<CronJob>, object: CronJob, signal: AbortSignal) {
    this.#context = context
    this.#written = written
    this.#cronJob = object
    this.#status = { ...object.status }
    this.#signal = signal
  }

  async run(): Promise<Result> {
    const owned = this.#context.informers
      .full(jobs)
      .byIndex(ownerIndex, this.#cronJob.metadata.uid ?? '')
      .filter(job => isControlledBy(job, this.#cronJob))
    try {
      await this.#clearHistory(owned)
      await this.#followJobs(owned)
      if (this.#cronJob.metadata.deletionTimestamp !== undefined) return done
      const schedule = this.#schedule()
      return schedule === undefined || this.#cronJob.spec.suspend === true ? done : await this.#start(schedule)
    } finally {
      await this.#write()
    }
  }

  get #active(): readonly ObjectReference[] {
    return this.#status.active ?? []
  }

  async #clearHistory(owned: readonly Job[]): Promise<void> {
    for (const job of planHistory(this.#cronJob, owned)) await this.#delete(job.metadata.namespace ?? '', job.metadata.name ?? '')
  }

  /** Removes finished and missing jobs from the active list. */
  async #followJobs(owned: readonly Job[]): Promise<void> {
    for (const job of owned) {
      const { name, uid } = job.metadata
      const isListed = this.#active.some(reference => reference.uid === uid)
      const ended = finishedCondition(job)
      if (!isListed && ended === undefined && !this.#isOwnStart(job))
        this.#event('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`)
      if (isListed && ended !== undefined) {
        this.#forget(uid)
        this.#event('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${ended.type}`)
      }
      const completion = job.status?.completionTime
      if (ended?.type === 'Complete' && completion !== undefined && completion > (this.#status.lastSuccessfulTime ?? ''))
        this.#status.lastSuccessfulTime = completion
    }
    for (const { namespace = '', name = '', uid } of this.#active) {
      if (owned.some(({ metadata }) => metadata.uid === uid) || (await this.#exists(namespace, name))) continue
      this.#forget(uid)
      this.#event('Normal', 'MissingJob', `Active job went missing: ${name}`)
    }
  }

  /** Created in a pass that could not write its status. */
  #isOwnStart({ metadata }: Job): boolean {
    const prefix = `${this.#cronJob.metadata.name}-`
    const { name = '' } = metadata
    return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))
  }

  async #exists(namespace: string, name: string): Promise<boolean> {
    try {
      await this.#context.client.get(jobs, namespace, name, this.#signal)
      return true
    } catch (err) {
      if (isReason(err, 'NotFound')) return false
      throw err
    }
  }

  #schedule(): Schedule | undefined {
    const { schedule, timeZone } = this.#cronJob.spec
    try {
      return parseSchedule(schedule, timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone)
    } catch (err) {
      if (err instanceof RangeError) this.#event('Warning', 'UnknownTimeZone', `invalid timeZone: "${timeZone}": ${messageOf(err)}`)
      else this.#event('Warning', 'UnparseableSchedule', `unparseable schedule: "${schedule}" : ${messageOf(err)}`)
      return undefined
    }
  }

  async #start(schedule: Schedule): Promise<Result> {
    const now = this.#context.clock.now()
    const { spec } = this.#cronJob
    const { time, tooManyMissed, next, never } = dueTime(this.#cronJob, schedule, now)
    if (never) {
      const why = 'time difference between two schedules is less than 1 second'
      this.#event('Warning', 'InvalidSchedule', `invalid schedule: ${spec.schedule} : ${why}`)
      return done
    }
    const later: Result = next === undefined ? done : { requeueAfterMs: next - now + slackMs }
    if (tooManyMissed) {
      const advice = 'Set or decrease .spec.startingDeadlineSeconds or check clock skew'
      this.#event('Warning', 'TooManyMissedTimes', `too many missed start times. ${advice}`)
    }
    if (time === undefined) return later
    const wanted = jobOf(this.#cronJob, time)
    if (spec.startingDeadlineSeconds != null && time + spec.startingDeadlineSeconds * 1000 < now) {
      this.#event(
        'Warning',
        'MissSchedule',
        `Missed scheduled time to start a job: ${new Date(time).toUTCString().replace('GMT', '+0000')}`,
      )
      return later
    }
    if (this.#active.some(({ name }) => name === wanted.metadata.name)) return later
    if (Date.parse(this.#status.lastScheduleTime ?? '') === time) return later
    if (spec.concurrencyPolicy === 'Forbid' && this.#active.length > 0) {
      const why = 'prior execution is running and concurrency policy is Forbid'
      this.#event('Normal', 'JobAlreadyActive', `Not starting job because ${why}`)
      return later
    }
    if (spec.concurrencyPolicy === 'Replace') {
      for (const { namespace = '', name = '', uid } of this.#active) {
        await this.#delete(namespace, name)
        this.#forget(uid)
      }
    }
    const job = await this.#create(wanted)
    if (job !== undefined) {
      const { name = '', namespace = '', uid = '', resourceVersion = '' } = job.metadata
      if (finishedCondition(job) === undefined)
        this.#status.active = [...this.#active, { kind: 'Job', apiVersion: 'batch/v1', name, namespace, uid, resourceVersion }]
      this.#status.lastScheduleTime = formatTime(time)
    }
    return later
  }

  /** The job of this start, created now or in an earlier pass; undefined if it cannot be created. */
  async #create(wanted: Job): Promise<Job | undefined> {
    const { client } = this.#context
    const { namespace = '', name = '' } = wanted.metadata
    try {
      const created = await client.create(jobs, namespace, wanted, this.#signal)
      this.#event('Normal', 'SuccessfulCreate', `Created job ${name}`)
      return created
    } catch (err) {
      if (isNamespaceEnding(err)) return undefined
      if (isReason(err, 'AlreadyExists')) {
        const found = await client.get(jobs, namespace, name, this.#signal)
        // A foreign job with this name takes this start.
        return isControlledBy(found, this.#cronJob) ? found : undefined
      }
      if (!this.#signal.aborted) this.#event('Warning', 'FailedCreate', `Error creating job: ${messageOf(err)}`)
      throw err
    }
  }

  async #delete(namespace: string, name: string): Promise<void> {
    try {
      await this.#context.client.delete(jobs, namespace, name, { propagationPolicy: 'Background' }, this.#signal)
      this.#event('Normal', 'SuccessfulDelete', `Deleted job ${name}`)
    } catch (err) {
      if (isReason(err, 'NotFound')) return
      if (!this.#signal.aborted) this.#event('Warning', 'FailedDelete', `Deleted job: ${messageOf(err)}`)
      throw err
    }
  }

  #forget(uid: string | undefined): void {
    this.#status.active = this.#active.filter(reference => reference.uid !== uid)
  }

  async #write(): Promise<void> {
    const plain = ({ active = [], ...status }: CronJobStatus) => canonical([active, status])
    if (plain(this.#cronJob.status ?? {}) === plain(this.#status)) return
    const { client } = this.#context
    this.#written.wrote(keyOf(this.#cronJob), await client.updateStatus(cronJobs, { ...this.#cronJob, status: this.#status }, this.#signal))
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.record(referenceTo(this.#cronJob, 'batch/v1', 'CronJob'), type, reason, message)
  }
}
