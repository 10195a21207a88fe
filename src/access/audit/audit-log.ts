// The audit log: events are collected into batches; a batch is written and synced as a whole, and a write is answered after its batch. Each
// line is a leaf of a Merkle tree, whose checkpoints are signed afterwards.

import { StallWatch } from '../../base/async/stall-watch.ts'
import { type Clock, formatTime, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { codeOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { AuditAlarms } from './audit-alarms.ts'
import { type AuditEvent, eventLine } from './audit-event.ts'
import { AuditFailure, auditFailure, LogTampered } from './audit-failure.ts'
import { CheckpointSchedule } from './checkpoint-schedule.ts'
import { type CheckpointSigner, Checkpoints } from './checkpoints.ts'
import { appendEpoch, epochsPath, type LoggedEpoch } from './epochs-file.ts'
import { eventOf, type FoundEvent, findEvent } from './find-event.ts'
import { LogLines } from './log-lines.ts'
import { alarmLine, epochLine } from './log-record.ts'
import { LogWriter } from './log-writer.ts'
import { continuesRecord } from './older-log.ts'
import { openTree } from './open-tree.ts'
import { type AuditDecision, type AuditedRequest, type AuditPolicy, auditDecision, defaultAuditPolicy, isWrite } from './policy.ts'
import { RecordSealer, type SealRule } from './sealed-records.ts'
import type { WatchedFiles } from './watched-files.ts'

export interface AuditLogOptions {
  /** Created with mode 0700 if missing; files are `audit-<number>.log`, 0600. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
  /** Signs checkpoints, at most a second apart while there are records, and at the end. Without it there are tiles, and no checkpoints. */
  readonly signer?: CheckpointSigner | undefined
  /** Of each new checkpoint, as a signed note. */
  readonly onCheckpoint?: (note: string) => void
  /** Default: everything except health checks, at level Metadata. */
  readonly policy?: AuditPolicy
  /** Whether each write is recorded whatever the policy says. Default: true. */
  readonly keepsWrites?: boolean
  /** The size from which the next file is begun. Default 100 MiB. */
  readonly maxFileBytes?: number
  /** Default 20. */
  readonly maxFiles?: number
  /** Whose records only readers can read. Default: none. */
  readonly seal?: readonly SealRule[]
  /** The oldest file that a sink still needs: it stays, and if it is too old, writes are refused. */
  neededFile?(): number
}

interface Pending {
  readonly resolve: () => void
  readonly reject: (err: AuditFailure) => void
}

/** The oldest file is removed when the newest is full. */
export const defaultMaxFiles = 20

const maxBatchBytes = 1 << 20
const maxBuffered = 20_000
/** Limit of bytes of all waiting records: with bodies, a record of a read may be large. */
const maxBufferedBytes = 32 << 20
const maxSearchedBytes = 256 << 20
const readDelayMs = 500
/** Between looks at whether another program changes the log. */
const checkMs = 500
const retryDelayMs = 1000
const signEndMs = 10_000
/** Files that may wait for a sink, beside those that are kept anyway. */
const maxHeldFiles = 20
const behind = new AuditFailure('a sink of the audit log is too far behind')
const stalled = new AuditFailure('the disk under the audit log does not answer')

export class AuditLog implements AsyncDisposable {
  readonly #writer: LogWriter
  readonly #options: AuditLogOptions
  readonly #closing = new AbortController()
  readonly #recordsBodies: boolean
  /** Records for the next batch. */
  #lines = new LogLines()
  /** The batch that is being written, else empty. */
  #batch = new LogLines()
  #waiting: Pending[] = []
  #running: Promise<void> | undefined
  #flushTimer = false
  readonly #watched: WatchedFiles
  readonly #sealer: RecordSealer | undefined
  readonly alarms: AuditAlarms
  readonly #checkpoints: Checkpoints
  readonly #schedule: CheckpointSchedule
  readonly #checking: Promise<void>
  #failure: AuditFailure | undefined
  readonly #stalls: StallWatch
  #checksFile = false
  #lost = 0

  private constructor(options: AuditLogOptions, alarms: AuditAlarms, opened: Awaited<ReturnType<typeof openTree>>) {
    this.#options = options
    const { directory, signer, onCheckpoint, clock, log } = options
    const { rules } = options.policy ?? defaultAuditPolicy
    this.#recordsBodies = rules.some(({ level }) => level === 'Request' || level === 'RequestResponse')
    this.#writer = new LogWriter(opened, options)
    this.#sealer = options.seal === undefined || options.seal.length === 0 ? undefined : new RecordSealer(options.seal)
    this.#watched = opened.watched
    this.alarms = alarms
    const { tree, tiles } = opened
    this.#checkpoints = new Checkpoints({
      ...{ directory, tree, tiles, signer, onEpoch: (next: LoggedEpoch) => this.#recordEpoch(next) },
      ...(onCheckpoint === undefined ? {} : { onCheckpoint }),
    })
    this.#schedule = new CheckpointSchedule({ checkpoints: this.#checkpoints, alarms, clock, log, signal: this.#closing.signal })
    this.#stalls = new StallWatch({ clock, log, subject: 'audit log' })
    this.#checking = this.#checkUntilClosed()
  }

  /** Continues the log in the folder. Whole lines that a crash left are kept; anything after the first damaged one is removed. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { directory, clock, log } = options
    const alarms = new AuditAlarms(directory, clock, log)
    const opened = await openTree(directory, options.maxFiles ?? defaultMaxFiles, options.signer)
    await alarms.written()
    const continues = opened.tree.size === 0 ? await continuesRecord(directory) : undefined
    const audit = new AuditLog(options, alarms, opened)
    if (continues !== undefined) audit.#lines.add(continues)
    if (opened.files.ragged) log.info('audit log ended within a line', { record: opened.tree.size })
    if (opened.changedTiles.length > 0)
      audit.#alarm(`tiles were changed while the server did not run: ${opened.changedTiles.slice(0, 3).join(', ')}`)
    return audit
  }

  /**
   * Records one event unless the policy omits it. For a write, the promise resolves when the record is on disk, and rejects with an
   * `AuditFailure` if that is not possible now: the record is kept for later, like those of reads. Lost records (disk full for long) are
   * counted and logged.
   */
  record(event: AuditEvent): Promise<void> | undefined {
    const { level, omitStages } = this.#decision(event)
    if (level === 'None' || omitStages.includes(event.stage)) return undefined
    const writes = isWrite(event)
    if (this.#closing.signal.aborted) {
      return writes ? Promise.reject(new AuditFailure('the audit log is closed')) : undefined
    }
    const failure = writes ? this.#failure : undefined
    const waits = writes && failure === undefined
    if (!waits && (this.#lines.count >= maxBuffered || this.#lines.length >= maxBufferedBytes)) this.#lost++
    else this.#add(event.level === level && level === 'Metadata' ? event : ofLevel(event, level))
    if (failure !== undefined) return Promise.reject(failure)
    if (!waits) {
      this.#flushLater()
      return undefined
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#flush()
    })
  }

  #add(event: AuditEvent): void {
    const line = eventLine(event)
    for (const each of this.#sealer?.seal(event, line) ?? [line]) this.#lines.add(each)
  }

  /** Beyond that, records would have to be dropped before the sink got them. */
  #isBehind(): boolean {
    const { neededFile, maxFiles = 20 } = this.#options
    return neededFile !== undefined && this.#writer.place.file - neededFile() > maxFiles + maxHeldFiles
  }

  /** Everything before it is on disk. */
  get place(): { readonly file: number; readonly bytes: number } {
    return this.#writer.place
  }

  /** Which parts of the bodies to record; undefined if the policy never records bodies. */
  decide(asked: AuditedRequest): AuditDecision | undefined {
    return this.#recordsBodies ? this.#decision(asked) : undefined
  }

  #decision(asked: AuditedRequest): AuditDecision {
    const { policy = defaultAuditPolicy, keepsWrites = true } = this.#options
    return auditDecision(policy, asked, keepsWrites)
  }

  seals(namespace: string): boolean {
    return this.#sealer?.covers(namespace) ?? false
  }

  /** The event with this id, as far back as is cheap to read; undefined if it is not found there. */
  async find(auditId: string, signal: AbortSignal): Promise<FoundEvent | undefined> {
    const text = `"auditID":${writeJson(auditId)}`
    const ofRequest = (line: string) => eventOf(auditId, line)
    const waiting = this.#lines.findLast(text, ofRequest) ?? this.#batch.findLast(text, ofRequest)
    if (waiting !== undefined) return waiting
    return await findEvent(auditId, { directory: this.#options.directory, maxBytes: maxSearchedBytes, signal })
  }

  /** Why writes must be refused before they happen; undefined while the log can be written. */
  refusal(): AuditFailure | undefined {
    return this.#failure ?? (this.#stalls.stalled ? stalled : this.#isBehind() ? behind : undefined)
  }

  /** How many records the newest checkpoint has. */
  get signedSize(): number {
    return this.#checkpoints.signedSize
  }

  /** Writes waiting records, signs the end, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the audit log is closing'))
    await this.#checking
    await this.#schedule.ended()
    await this.#running
    // There may be space again.
    this.#failure = undefined
    await this.#drain()
    if (this.#failure === undefined) await this.#signEnd()
    const lost = this.#lost + this.#lines.count
    if (lost > 0) this.#options.log.error('audit events lost', { events: lost })
    this.#stalls[Symbol.dispose]()
    await this.alarms.written()
    await this.#writer.close()
  }

  #flushLater(): void {
    // After a failure the next attempt is already scheduled.
    if (this.#flushTimer || this.#failure !== undefined) return
    if (this.#lines.length >= maxBatchBytes) {
      this.#flush()
      return
    }
    this.#flushAfter(readDelayMs)
  }

  #flushAfter(ms: number): void {
    this.#flushTimer = true
    void pause(this.#options.clock, ms, this.#closing.signal).then(() => {
      this.#flushTimer = false
      // Closing writes waiting records itself.
      if (!this.#closing.signal.aborted) this.#flush()
    })
  }

  #flush(): void {
    this.#running ??= this.#writeBatches().finally(() => {
      this.#running = undefined
      // A write that came after the last check of the queue.
      if (this.#waiting.length > 0) this.#flush()
    })
  }

  async #drain(): Promise<void> {
    while (this.#running || (this.#lines.length > 0 && this.#failure === undefined)) {
      this.#flush()
      await this.#running
    }
  }

  /** Writes batches until no record waits; records that come during a sync form the next batch. */
  async #writeBatches(): Promise<void> {
    // Waits one turn, so that requests of the same moment share a sync.
    await new Promise(resolve => setImmediate(resolve))
    if (this.#checksFile) await this.#checkFile()
    while (this.#lines.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      const lines = this.#lines
      this.#lines = this.#batch
      this.#batch = lines
      this.#stalls.begin()
      try {
        await this.#writeBatch(lines)
      } catch (err) {
        this.#failed(err, waiting)
        return
      } finally {
        this.#stalls.end()
      }
      lines.clear()
      this.#failure = undefined
      for (const { resolve } of waiting) resolve()
      this.#schedule.recorded()
    }
  }

  async #checkFile(): Promise<void> {
    this.#checksFile = false
    if (this.#failure !== undefined) return
    try {
      await this.#writer.check()
    } catch (err) {
      this.#failed(err, [])
    }
  }

  async #writeBatch(lines: LogLines): Promise<void> {
    await this.#writer.append(lines.bytes)
    if (this.#lost > 0) {
      this.#options.log.error('audit events lost', { events: this.#lost })
      this.#lost = 0
    }
  }

  #failed(err: unknown, waiting: readonly Pending[]): void {
    const failure = auditFailure(err)
    this.#options.log.error('audit log cannot be written', { file: this.#writer.path, err })
    this.#failure = failure
    if (err instanceof LogTampered) this.alarms.raise('tampering', err.message)
    // Reads continue, and their events are kept for the next attempt; so are those of writes, because they show what was tried.
    const later = this.#lines
    this.#lines = this.#batch
    this.#lines.addAll(later, maxBuffered)
    this.#batch = later
    later.clear()
    const all = [...waiting, ...this.#waiting]
    this.#waiting = []
    for (const { reject } of all) reject(failure)
    if (!this.#flushTimer) this.#flushAfter(retryDelayMs)
  }

  /** Without a signer the end stays unsigned: the next start continues after it, and the log is closed anyway. */
  async #signEnd(): Promise<void> {
    const signal = AbortSignal.timeout(signEndMs)
    try {
      await this.#checkpoints.make(signal)
      await this.#drain()
      // A signature that began an epoch appended the record of it.
      await this.#checkpoints.make(signal)
      await this.#drain()
    } catch (err) {
      this.#options.log.error('end of the audit log not signed', { err })
    }
  }

  async #recordEpoch(epoch: LoggedEpoch): Promise<void> {
    this.#sealer?.forget()
    await appendEpoch(this.#options.directory, epoch)
    await this.#watched.addOwn(epochsPath(this.#options.directory))
    this.#lines.add(epochLine(epoch.epoch, epoch.certificate))
    this.#flush()
    await this.#running
  }

  /** Notices within a second that another program changes the files of the log. */
  async #checkUntilClosed(): Promise<void> {
    const { signal } = this.#closing
    while (true) {
      await pause(this.#options.clock, checkMs, signal)
      if (signal.aborted) return
      await this.#compareContent()
      this.#checksFile = true
      this.#flush()
      await this.#running
      try {
        for (const what of await this.#watched.changed()) this.#alarm(what)
        await this.#writer.removeOutdated(this.#options.neededFile?.() ?? Number.POSITIVE_INFINITY)
      } catch (err) {
        this.#options.log.error('files of the audit log not checked', { err })
      }
    }
  }

  async #compareContent(): Promise<void> {
    try {
      await this.#writer.compareContent()
    } catch (err) {
      // One that was removed or moved is found by the check that follows.
      if (codeOf(err) !== 'ENOENT') this.#options.log.error('content of the audit log not compared', { err })
    }
  }

  /** The alarm is a record, too. */
  #alarm(message: string): void {
    if (!this.alarms.raise('tampering', message)) return
    this.#lines.add(alarmLine(formatTime(this.#options.clock.now()), 'tampering', message))
    this.#flushLater()
  }
}

/** Removes bodies above the level, whatever the event contains. */
function ofLevel({ requestObject, responseObject, ...event }: AuditEvent, level: AuditEvent['level']): AuditEvent {
  return {
    ...{ ...event, level },
    ...(level !== 'Metadata' && requestObject !== undefined ? { requestObject } : {}),
    ...(level === 'RequestResponse' && responseObject !== undefined ? { responseObject } : {}),
  }
}
