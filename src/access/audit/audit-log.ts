// The audit log: events are collected into batches; a batch is written, sealed and synced as a whole, and a write is answered after its
// batch.

import { StallWatch } from '../../base/async/stall-watch.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { type AuditEvent, eventLine, parseEventLine } from './audit-event.ts'
import { AuditFailure, auditFailure } from './audit-failure.ts'
import { batchDigest, headLine, lostRecords, type SealedEnd, sealLine } from './chain.ts'
import { findEvent } from './find-event.ts'
import { type LogEnd, LogFiles } from './log-files.ts'
import { LogLines } from './log-lines.ts'
import { type AuditDecision, type AuditedRequest, type AuditPolicy, auditDecision, defaultAuditPolicy, isWrite } from './policy.ts'

export interface AuditLogOptions {
  /** Created with mode 0700 if missing; files are `audit-<number>.log`, 0600. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
  /** The signer's `signAuditHead`: signs the newest seal once a second while there are events, and at the end. */
  readonly signHead?: (head: SealedEnd, signal: AbortSignal) => Promise<{ readonly keyId: string; readonly signature: Buffer }>
  /** The newest signed head: a log that ends before it, or has a different one, is not continued. */
  readonly signedHead?: SealedEnd | undefined
  /** Default: everything except health checks, at level Metadata. */
  readonly policy?: AuditPolicy
  /** Whether each write is recorded whatever the policy says. Default: true. */
  readonly keepsWrites?: boolean
  /** The size from which the next file is begun. Default 100 MiB. */
  readonly maxFileBytes?: number
  /** Default 20. */
  readonly maxFiles?: number
}

interface Pending {
  readonly resolve: () => void
  readonly reject: (err: AuditFailure) => void
}

/** Bounds of the log: the oldest file is removed when the newest is full. */
export const defaultMaxFileBytes = 100 << 20
export const defaultMaxFiles = 20

const maxBatchBytes = 1 << 20
const maxBuffered = 20_000
/** Limit of bytes of all waiting records: with bodies, a record of a read may be large. */
const maxBufferedBytes = 32 << 20
const maxSearchedBytes = 256 << 20
const readDelayMs = 500
const headDelayMs = 1000
const retryDelayMs = 1000
const signEndMs = 10_000
const stalled = new AuditFailure('the disk under the audit log does not answer')

export class AuditLog implements AsyncDisposable {
  readonly #files: LogFiles
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
  #digest: Buffer
  #sequence: number
  #signed: number
  #signing: Promise<void> | undefined
  #failure: AuditFailure | undefined
  readonly #stalls: StallWatch
  #rotateAfter = 0
  #lost = 0

  private constructor(options: AuditLogOptions, files: LogFiles, digest: Buffer, sequence: number) {
    this.#options = options
    const { rules } = options.policy ?? defaultAuditPolicy
    this.#recordsBodies = rules.some(({ level }) => level === 'Request' || level === 'RequestResponse')
    this.#files = files
    this.#digest = digest
    this.#sequence = sequence
    this.#signed = sequence
    this.#stalls = new StallWatch({ clock: options.clock, log: options.log, subject: 'audit log' })
  }

  /**
   * Continues the log in the folder. Whole lines that the last run did not seal are sealed now; anything else after the last valid seal is
   * removed.
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { files, end } = await LogFiles.open(options.directory, options.maxFiles ?? defaultMaxFiles)
    const loss = lostRecords(end, options.signedHead)
    if (loss !== undefined) {
      await files.close()
      throw new Error(loss)
    }
    const log = new AuditLog(options, files, end.digest, end.sequence)
    if (files.ragged) await log.#closeCutBatch(end)
    return log
  }

  /** The lines are written again with their seal: that they can be read does not prove that they are on disk. */
  async #closeCutBatch({ digest: previous, sequence, unsealed }: LogEnd): Promise<void> {
    const count = unsealed.toString().split('\n').length - 1
    this.#options.log.info('audit log ended within a batch', { batch: sequence + 1, lines: count })
    if (count === 0) return await this.#files.append(unsealed)
    this.#digest = batchDigest(previous, unsealed)
    this.#sequence = sequence + 1
    await this.#files.append(Buffer.concat([unsealed, Buffer.from(sealLine(this.#sequence, count, previous, this.#digest))]))
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
    else this.#lines.add(eventLine(event.level === level && level === 'Metadata' ? event : ofLevel(event, level)))
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

  /** Which parts of the bodies to record; undefined if the policy never records bodies. */
  decide(asked: AuditedRequest): AuditDecision | undefined {
    return this.#recordsBodies ? this.#decision(asked) : undefined
  }

  #decision(asked: AuditedRequest): AuditDecision {
    const { policy = defaultAuditPolicy, keepsWrites = true } = this.#options
    return auditDecision(policy, asked, keepsWrites)
  }

  /** The event with this id, as far back as is cheap to read; undefined if it is not found there. */
  async find(auditId: string, signal: AbortSignal): Promise<AuditEvent | undefined> {
    const text = `"auditID":${JSON.stringify(auditId)}`
    const waiting = this.#lines.findLast(text) ?? this.#batch.findLast(text)
    if (waiting !== undefined) return parseEventLine(waiting)
    return await findEvent(auditId, { directory: this.#options.directory, maxBytes: maxSearchedBytes, signal })
  }

  /** Why writes must be refused before they happen; undefined while the log can be written. */
  refusal(): AuditFailure | undefined {
    return this.#failure ?? (this.#stalls.stalled ? stalled : undefined)
  }

  /** Writes waiting records, signs the end, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the audit log is closing'))
    await this.#signing
    await this.#running
    // There may be space again.
    this.#failure = undefined
    await this.#drain()
    if (this.#failure === undefined && this.#signed < this.#sequence) {
      await this.#signEnd()
      await this.#drain()
    }
    const lost = this.#lost + this.#lines.count
    if (lost > 0) this.#options.log.error('audit events lost', { events: lost })
    this.#stalls[Symbol.dispose]()
    await this.#files.close()
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
      this.#signLater()
    }
  }

  async #writeBatch(lines: LogLines): Promise<void> {
    const { length, count } = lines
    const digest = batchDigest(this.#digest, lines.bytes)
    lines.add(sealLine(this.#sequence + 1, count, this.#digest, digest))
    try {
      await this.#files.append(lines.bytes)
    } catch (err) {
      lines.cut(length, count)
      throw err
    }
    this.#digest = digest
    this.#sequence++
    await this.#rotateIfFull()
    if (this.#lost > 0) {
      this.#options.log.error('audit events lost', { events: this.#lost })
      this.#lost = 0
    }
  }

  /** The batch is on disk: if the next file cannot be begun, the full one grows, and a later batch retries. */
  async #rotateIfFull(): Promise<void> {
    const { clock, log, maxFileBytes = defaultMaxFileBytes } = this.#options
    if (this.#files.size < maxFileBytes || clock.monotonic() < this.#rotateAfter) return
    try {
      await this.#files.rotate()
    } catch (err) {
      this.#rotateAfter = clock.monotonic() + retryDelayMs
      log.error('audit log not rotated', { err })
    }
  }

  #failed(err: unknown, waiting: readonly Pending[]): void {
    const failure = auditFailure(err)
    this.#options.log.error('audit log cannot be written', { file: this.#files.path, err })
    this.#failure = failure
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

  #signLater(): void {
    if (this.#options.signHead === undefined || this.#signing || this.#closing.signal.aborted) return
    const { clock, log } = this.#options
    this.#signing = clock
      .sleep(headDelayMs, this.#closing.signal)
      .then(() => this.#sign(this.#closing.signal))
      .catch((err: unknown) => {
        if (!this.#closing.signal.aborted) log.error('audit head not signed', { err })
      })
      .finally(() => {
        this.#signing = undefined
      })
  }

  /** Without a signer the end stays unsigned: the next start continues after it, and the log is closed anyway. */
  async #signEnd(): Promise<void> {
    try {
      await this.#sign(AbortSignal.timeout(signEndMs))
    } catch (err) {
      this.#options.log.error('end of the audit log not signed', { err })
    }
  }

  /** The batch that holds the head needs no further head: it counts as signed. */
  async #sign(signal: AbortSignal): Promise<void> {
    const { signHead } = this.#options
    if (signHead === undefined || this.#signed >= this.#sequence) return
    const sequence = this.#sequence
    const digest = this.#digest
    const { keyId, signature } = await signHead({ sequence, digest }, signal)
    this.#lines.add(headLine(sequence, digest, keyId, signature))
    this.#signed = sequence + 1
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
