// Keeps one target up to date: a full backup at first, then every change within seconds, also after a restart, and further backups when they are
// requested.
import { isControl, parseControl } from '../api/backup/change-feed.ts'
import { parseRecord } from '../api/backup/record-line.ts'
import type { BackupContent, LinkFile } from '../base/backup/backup-link.ts'
import { pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { messageOf, UserError } from '../base/user-error.ts'
import { BackupSession, putPack } from './backup-session.ts'
import type { BackupSource } from './backup-source.ts'
import type { BackupLink } from './chain.ts'
import { ChainWriter, type ChainWriterOptions } from './chain-writer.ts'
import { copyAudit } from './copy-audit.ts'
import { feedLines } from './feed-lines.ts'
import { pruneTarget } from './prune-target.ts'
import type { Retention } from './retention.ts'
import { type Snapshot, SnapshotReader } from './snapshot-reader.ts'
import type { Target } from './targets/target.ts'

export interface TargetBackupsOptions extends Omit<ChainWriterOptions, 'target'> {
  open(signal: AbortSignal): Promise<Target>
  readonly source: BackupSource
  readonly log: Logger
  /** Which backups were restored and compared: retention keeps the newest of them. */
  verified(): ReadonlySet<number>
}

/** What a caller needs to verify a backup while the process runs. */
export interface MadeBackup {
  readonly link: BackupLink
  /** Opens the packs; it exists in this process only. */
  readonly identity: string
}

export interface TargetState {
  /** When the newest revision reached the target, in ms since the epoch; undefined before the first. */
  readonly reachedAt: number | undefined
  readonly revision: number
  /** Why it is not up to date. */
  readonly problem: string | undefined
}

export interface KeptNumbers {
  readonly numbers: ReadonlySet<number>
  /** The number of the newest link. */
  readonly newest: number
}

/** Changes wait at most this long, or until there are so many bytes. */
const flushMs = 1000
const flushBytes = 4 * 1024 * 1024
const retryMs = 1000
const maxRetryMs = 30_000

interface Request {
  readonly full: boolean
  readonly retention: Retention | undefined
  resolve(made: MadeBackup): void
  reject(err: unknown): void
}

export class TargetBackups {
  readonly #options: TargetBackupsOptions
  #session: BackupSession | undefined
  #request: Request | undefined
  /** The full backup of this session, which can open it; undefined after a restart until the next one. */
  #base: BackupLink | undefined
  #audit: readonly LinkFile[] = []
  #kept: KeptNumbers | undefined
  #state: TargetState = { reachedAt: undefined, revision: 0, problem: 'no backup yet' }

  constructor(options: TargetBackupsOptions) {
    this.#options = options
  }

  /** What the target keeps; undefined before it was read. */
  get kept(): KeptNumbers | undefined {
    return this.#kept
  }

  get state(): TargetState {
    return this.#state
  }

  /** Resolves when the backup is stored. A second one at the same time is refused. */
  request(full: boolean, retention: Retention | undefined): Promise<MadeBackup> {
    if (this.#request !== undefined)
      return Promise.reject(new UserError(`Another backup to target "${this.#options.name}" is running: wait for its end`))
    return new Promise((resolve, reject) => {
      this.#request = { full, retention, resolve, reject }
    })
  }

  /** Resolves after the signal. A fault of the target ends what runs, and it is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, name } = this.#options
    let delay = retryMs
    while (!signal.aborted) {
      const began = clock.monotonic()
      try {
        await this.#follow(signal)
      } catch (err) {
        if (signal.aborted) break
        this.#fail(err)
        log.error('backup target is not up to date', { target: name, err })
      }
      delay = clock.monotonic() - began > maxRetryMs ? retryMs : Math.min(delay * 2, maxRetryMs)
      await pause(clock, delay, signal)
    }
    this.#fail(new UserError('The backup ended with its process'))
  }

  #fail(err: unknown): void {
    this.#state = { ...this.#state, problem: messageOf(err) }
    this.#request?.reject(err)
    this.#request = undefined
  }

  async #follow(outer: AbortSignal): Promise<void> {
    const { open, recipients, source, log, name } = this.#options
    const ended = new AbortController()
    const signal = AbortSignal.any([outer, ended.signal])
    await using target = await open(signal)
    this.#session ??= await BackupSession.begin(recipients)
    const chain = await ChainWriter.open({ ...this.#options, target, recipients: this.#session.recipients }, signal)
    if (!chain.backups.some(({ number }) => number === this.#base?.number)) this.#base = undefined
    // Changes can follow a backup of an earlier run, if whoever opens them can open that one too.
    const earlier = chain.backups.at(-1)
    const resumes = this.#base !== undefined || (earlier !== undefined && recipients.every(each => earlier.recipients.includes(each)))
    if (resumes && this.#base === undefined) log.info('backup continues where it ended', { target: name, revision: chain.revision })
    const run = new Run(chain, target, this.#session, source, signal)
    try {
      const pieces = await source.changes(resumes ? chain.revision : undefined, signal)
      for await (const lines of feedLines(pieces)) for (const line of lines) await this.#take(line, run)
    } finally {
      ended.abort(new Error('The stream of changes ended'))
    }
    throw new Error('The API server ended the stream of changes')
  }

  async #take(line: Buffer, run: Run): Promise<void> {
    if (!isControl(line)) {
      await run.add(line)
      return
    }
    const control = parseControl(line)
    if (control.control === 'snapshot') run.beginSnapshot()
    else if (control.control === 'complete') await this.#full(await run.endSnapshot(control), run)
    else {
      run.reached = { revision: control.revision, objects: control.objects }
      const request = this.#request
      if (run.isDue(this.#options.clock.monotonic(), flushMs, flushBytes) || request !== undefined) await run.flush()
      if (run.isEmpty) this.#upToDate(control.revision, run)
      if (request !== undefined) await this.#answer(request, run)
    }
  }

  #upToDate(revision: number, { chain }: Run): void {
    this.#kept = { numbers: new Set(chain.kept.map(({ number }) => number)), newest: chain.newest?.link.number ?? 0 }
    this.#state = { reachedAt: this.#options.clock.now(), revision, problem: undefined }
  }

  async #full(snapshot: Snapshot, run: Run): Promise<void> {
    const number = run.chain.nextNumber
    this.#audit = []
    const { revision, objects, chunks, digest } = snapshot
    this.#base = await this.#append({ kind: 'backup', revision, objects, base: number, chunks, digest }, run)
    this.#upToDate(revision, run)
  }

  async #answer(request: Request, run: Run): Promise<void> {
    const { base } = this.#base?.content ?? {}
    // What an earlier run wrote cannot be opened here, so that a backup on top of it could not be verified.
    if (request.full || base === undefined) {
      // The stream of changes goes on meanwhile: its changes follow the backup, and those that are in it are skipped at a restore.
      await this.#full(await this.#snapshot(run), run)
    } else await this.#append({ kind: 'backup', ...run.state, base, chunks: [] }, run)
    const link = run.chain.backups.at(-1)
    if (link === undefined) throw new Error('No backup was written')
    if (request.retention !== undefined) await this.#prune(request.retention, run)
    this.#request = undefined
    request.resolve({ link, identity: run.session.identity })
  }

  async #snapshot({ target, session, source, signal }: Run): Promise<Snapshot> {
    const stop = new AbortController()
    const until = AbortSignal.any([signal, stop.signal])
    const reader = new SnapshotReader(chunk => session.store(target, chunk, until))
    for await (const lines of feedLines(await source.changes(undefined, until)))
      for (const line of lines) {
        if (!isControl(line)) await reader.add(line)
        else {
          const control = parseControl(line)
          if (control.control !== 'complete') continue
          const snapshot = await reader.end(control)
          stop.abort(new Error('The snapshot is complete'))
          return snapshot
        }
      }
    throw new Error('The API server ended the snapshot before it was complete')
  }

  async #append(content: Omit<BackupContent, 'audit' | 'keys' | 'kept' | 'changesAfter'>, run: Run): Promise<BackupLink> {
    const { chain, target, session, source, signal } = run
    const sealed = await source.keys(signal)
    const keys = sealed && (await putPack(target, sealed, signal))
    this.#audit = await copyAudit(source, this.#audit, piece => session.store(target, piece, signal), signal)
    const { kept, changesAfter } = chain
    await chain.append({ ...content, audit: this.#audit, ...(keys === undefined ? {} : { keys }), kept, changesAfter }, signal)
    const link = chain.backups.at(-1)
    if (link === undefined) throw new Error('No backup was written')
    return link
  }

  async #prune(retention: Retention, { chain, target, session, signal }: Run): Promise<void> {
    const { clock, verified } = this.#options
    await pruneTarget({ chain, target, session, retention, verified: verified(), now: clock.now() }, signal)
  }
}

/** One connection to the target and to the API server. */
class Run {
  readonly chain: ChainWriter
  readonly target: Target
  readonly session: BackupSession
  readonly source: BackupSource
  readonly signal: AbortSignal
  reached = { revision: 0, objects: 0 }
  #snapshot: SnapshotReader | undefined
  #pending: Buffer[] = []
  #pendingBytes = 0
  #since = 0

  constructor(chain: ChainWriter, target: Target, session: BackupSession, source: BackupSource, signal: AbortSignal) {
    this.chain = chain
    this.target = target
    this.session = session
    this.source = source
    this.signal = signal
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  get state() {
    return this.reached
  }

  beginSnapshot(): void {
    this.#pending = []
    this.#pendingBytes = 0
    this.#snapshot = new SnapshotReader(chunk => this.session.store(this.target, chunk, this.signal))
  }

  async endSnapshot(control: Parameters<SnapshotReader['end']>[0]): Promise<Snapshot> {
    if (this.#snapshot === undefined) throw new Error('The API server ended a snapshot that it had not begun')
    const snapshot = await this.#snapshot.end(control)
    this.#snapshot = undefined
    return snapshot
  }

  async add(line: Buffer): Promise<void> {
    if (this.#snapshot !== undefined) return await this.#snapshot.add(line)
    // Validated here, so that no backup holds what cannot be restored.
    parseRecord(line)
    this.#pending.push(line, lineFeed)
    this.#pendingBytes += line.length + 1
  }

  isDue(now: number, ms: number, bytes: number): boolean {
    if (this.isEmpty) this.#since = now
    return !this.isEmpty && (now - this.#since >= ms || this.#pendingBytes >= bytes)
  }

  /** Stores the pending changes, if there are any. */
  async flush(): Promise<void> {
    if (this.isEmpty) return
    const lines = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    const { revision, objects } = this.reached
    const pack = await this.session.storeOnce(this.target, lines, this.signal)
    await this.chain.append({ kind: 'changes', after: this.chain.revision, revision, objects, pack }, this.signal)
  }
}

const lineFeed = Buffer.from('\n')
