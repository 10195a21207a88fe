// The part `backup`: keeps its targets up to date, makes the backups that objects request, verifies each, and follows schedules.
import type { Backup, BackupSchedule, BackupStatus } from '../api/types/bulkhead-v1alpha1.ts'
import { type Clock, formatTime, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { messageOf } from '../base/user-error.ts'
import { Informer } from '../client/cache/informer.ts'
import type { Client } from '../client/client.ts'
import { EventRecorder } from '../client/event-recorder.ts'
import { backupSchedules, backups } from '../client/resources.ts'
import { planSchedule, retentionOf } from './schedule-plan.ts'
import { scheduleStatus } from './schedule-status.ts'
import type { MadeBackup, TargetBackups } from './target-backups.ts'

/** What came of a verification. */
export interface VerificationOutcome {
  /** Empty if every object is as it was. */
  readonly problems: readonly string[]
  /** SHA-256 of the signed report in hexadecimal. */
  readonly report: string | undefined
}

export interface RunBackupsOptions {
  readonly client: Client
  readonly targets: ReadonlyMap<string, TargetBackups>
  verify(target: string, made: MadeBackup, signal: AbortSignal): Promise<VerificationOutcome>
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

const everyMs = 300
const maxMessage = 1024
/** Failed ones that are kept for who looks. */
const keptFailures = 10

export class RunBackups {
  readonly #options: RunBackupsOptions
  readonly #backups: Informer<Backup>
  readonly #schedules: Informer<BackupSchedule>
  readonly #events: EventRecorder
  /** Names of what this process works on. */
  readonly #working = new Set<string>()
  readonly #alarms = new Map<string, string | undefined>()

  constructor(options: RunBackupsOptions) {
    this.#options = options
    const { client, clock, log, random } = options
    this.#backups = new Informer({ client, clock, log, random, resource: backups })
    this.#schedules = new Informer({ client, clock, log, random, resource: backupSchedules })
    this.#events = new EventRecorder({ client, component: 'backup', clock, log, random })
  }

  /** Numbers of the verified backups of a target. */
  verified(target: string): ReadonlySet<number> {
    const found = this.#of(target).filter(({ status }) => status?.verified !== undefined)
    return new Set(found.flatMap(({ status }) => status?.number ?? []))
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    await using _events = this.#events
    const running = [this.#backups.run(signal), this.#schedules.run(signal)]
    while (!signal.aborted) {
      try {
        await this.#pass(signal)
      } catch (err) {
        if (!signal.aborted) log.error('backups cannot be managed', { err })
      }
      await pause(clock, everyMs, signal)
    }
    await Promise.all(running)
  }

  async #pass(signal: AbortSignal): Promise<void> {
    if (!this.#backups.hasSynced || !this.#schedules.hasSynced) return
    for (const backup of this.#backups.list()) await this.#take(backup, signal)
    for (const schedule of this.#schedules.list()) await this.#follow(schedule, signal)
    for (const target of this.#options.targets.keys()) await this.#removeOld(target, signal)
  }

  #of(target: string): Backup[] {
    return this.#backups.list().filter(({ spec }) => spec.target === target)
  }

  async #take(backup: Backup, signal: AbortSignal): Promise<void> {
    const { name = '' } = backup.metadata
    const { phase } = backup.status ?? {}
    if (this.#working.has(name) || phase === 'Verified' || phase === 'Failed' || backup.metadata.deletionTimestamp !== undefined) return
    if (phase === 'Running')
      return await this.#write(name, { phase: 'Failed', message: 'It was interrupted: the part "backup" ended' }, signal)
    // The identity that opens it ended with its process; `bulkhead backup verify` can still verify it.
    if (phase === 'Stored')
      return await this.#write(name, { phase: 'Failed', message: 'It is stored, but its verification was interrupted' }, signal)
    const target = this.#options.targets.get(backup.spec.target)
    if (target === undefined) {
      const known = [...this.#options.targets.keys()].join(', ')
      return await this.#write(name, { phase: 'Failed', message: `There is no target "${backup.spec.target}", only ${known}` }, signal)
    }
    this.#working.add(name)
    void this.#make(backup, target, signal).finally(() => this.#working.delete(name))
  }

  /** Never rejects. */
  async #make(backup: Backup, target: TargetBackups, signal: AbortSignal): Promise<void> {
    const { clock, log, verify } = this.#options
    const { metadata, spec } = backup
    const { name = '' } = metadata
    try {
      await this.#write(name, { phase: 'Running' }, signal)
      const schedule = spec.schedule === undefined ? undefined : this.#schedules.get('', spec.schedule)
      const made = await target.request(spec.full === true, schedule && retentionOf(schedule))
      const { number, time, content } = made.link
      const stored = { number, revision: content.revision, objects: content.objects, created: `${time.slice(0, 19)}Z` }
      await this.#write(name, { phase: 'Stored', ...stored }, signal)
      const { problems, report } = await verify(spec.target, made, signal)
      const [first] = problems
      if (first === undefined)
        return await this.#write(
          name,
          { phase: 'Verified', verified: formatTime(clock.now()), ...(report === undefined ? {} : { report }) },
          signal,
        )
      this.#events.record({ ...backups, name }, 'Warning', 'BackupDamaged', first)
      log.error('backup is damaged', { backup: name, problems: problems.length, first })
      await this.#write(name, { phase: 'Failed', message: first, ...(report === undefined ? {} : { report }) }, signal)
    } catch (err) {
      if (signal.aborted) return
      log.error('backup failed', { backup: name, err })
      await this.#write(name, { phase: 'Failed', message: messageOf(err) }, signal).catch((failure: unknown) =>
        log.error('cannot write the status of a backup', { backup: name, err: failure }),
      )
    }
  }

  async #write(name: string, { message, ...status }: BackupStatus, signal: AbortSignal): Promise<void> {
    const changed = { ...status, ...(message === undefined ? {} : { message: message.slice(0, maxMessage) }) }
    await this.#options.client.patch(backups, '', name, { status: changed }, { type: 'merge', subresource: 'status' }, signal)
  }

  async #follow(schedule: BackupSchedule, signal: AbortSignal): Promise<void> {
    const { client, clock, targets } = this.#options
    const { name = '' } = schedule.metadata
    const now = clock.now()
    const plan = planSchedule(schedule, { backups: this.#of(schedule.spec.target), now })
    const state = targets.get(schedule.spec.target)?.state
    const { status, alarm } = scheduleStatus(schedule, plan, state, now)
    if (status !== undefined) await client.patch(backupSchedules, '', name, { status }, { type: 'merge', subresource: 'status' }, signal)
    if (alarm !== this.#alarms.get(name) && alarm !== undefined) {
      this.#events.record({ ...backupSchedules, name }, 'Warning', 'BackupTooOld', alarm)
      this.#options.log.error('backup alarm', { schedule: name, alarm })
    }
    this.#alarms.set(name, alarm)
    if (plan.due === undefined || state === undefined || state.reachedAt === undefined) return
    const stamp = new Date(now).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)
    const spec = { target: schedule.spec.target, schedule: name, full: plan.due.full }
    await client.create(backups, '', { metadata: { name: `${name.slice(0, 200)}-${stamp}` }, spec }, signal)
  }

  /** Objects of backups that were removed, and of old failures. */
  async #removeOld(target: string, signal: AbortSignal): Promise<void> {
    const kept = this.#options.targets.get(target)?.kept
    if (kept === undefined) return
    const all = this.#of(target)
    const gone = all.filter(({ status }) => status?.number !== undefined && status.number < kept.newest && !kept.numbers.has(status.number))
    const failed = all.filter(({ status }) => status?.phase === 'Failed' && status.number === undefined)
    failed.sort((one, other) => ((one.metadata.creationTimestamp ?? '') < (other.metadata.creationTimestamp ?? '') ? 1 : -1))
    for (const { metadata } of [...gone, ...failed.slice(keptFailures)])
      await this.#options.client.delete(backups, '', metadata.name ?? '', {}, signal)
  }
}
