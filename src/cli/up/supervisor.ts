// Starts the parts of a cluster, restarts those that die with back-off, and stops them in order.
import type { Clock } from '../../base/clock.ts'
import type { Logger, LogLevel } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { aliveMessage, beginMessage, type PartChange, type PartMessage, type PartStart, stopMessage } from '../parts/part-process.ts'
import { Heartbeat } from './heartbeat.ts'
import { maxMessageBytes, PartChannel } from './part-channel.ts'
import { type PartPriority, setNice } from './part-priority.ts'
import { type LaunchPart, launchChild, type PartExit, type PartRun } from './part-run.ts'

export interface PartDefinition {
  readonly name: string
  /** Numeric user and group; undefined keeps those of the supervisor. */
  readonly userId?: number
  /** Created for each start, because a node's join ticket is used once. */
  settings(): Promise<unknown> | unknown
  /** Environment of the child; it inherits nothing else. */
  readonly environment: Readonly<Record<string, string>>
  /** Folders outside of the data directory that it writes. Default: none. */
  readonly writes?: readonly string[]
  /** Default: that of the supervisor. */
  readonly priority?: PartPriority
  /** Flags of Node, such as heap limits. */
  readonly nodeFlags: readonly string[]
  /** Milliseconds for a clean stop before SIGKILL. */
  readonly stopTimeoutMs: number
  /** Removes what an unclean end left behind, if the part is not started again. */
  cleanUp?(): Promise<void>
}

export interface PartState {
  readonly name: string
  readonly state: 'starting' | 'ready' | 'restarting' | 'stopped'
  readonly pid: number | undefined
  readonly userId: number
  readonly restarts: number
  readonly lastExit: string | undefined
  readonly details: Readonly<Record<string, unknown>>
}

export interface SupervisorOptions {
  /** Node and its arguments before the script. */
  readonly command: readonly string[]
  /** Default: as a child process. */
  readonly launch?: LaunchPart
  readonly logLevel: LogLevel
  readonly clock: Clock
  readonly log: Logger
  /** Once aborted, no part is started again, whatever ended it. */
  readonly stopping: AbortSignal
  /** Rejects with a UserError if the code that the part would run is not what it must be; called before each start. */
  verifyCode?(): Promise<void>
  /** Called when a part died and will be restarted. */
  onRestart(part: string, exit: string, delayMs: number): void
}

const firstDelayMs = 200
const maxDelayMs = 30_000
/** After this run time the back-off begins again with the first delay. */
const resetAfterMs = 60_000
/** A service manager signals one process after the other, and a busy machine is slow: a part may get SIGTERM well before the supervisor. */
const ownSignalMs = 500

export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions
  readonly #parts: Part[] = []
  readonly #expected = new Set<PartDefinition>()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** Declares a part that will be started later: if a stop comes first, what an earlier run left behind is removed too. */
  expect(definition: PartDefinition): void {
    this.#expected.add(definition)
  }

  /**
   * Resolves when the part is ready for the first time; rejects with a UserError if it cannot start. The part prepares itself, and begins
   * when `others` resolves. If `others` rejects, the part waits until it is stopped.
   */
  start(definition: PartDefinition, others: Promise<unknown> = Promise.resolve()): Promise<Readonly<Record<string, unknown>>> {
    this.#expected.delete(definition)
    const part = new Part(definition, this.#options, others)
    this.#parts.push(part)
    return part.start()
  }

  /** Sends the change to the part of that name, in this run and at the start of each later one, until the next change. */
  change(part: string, change: unknown): void {
    this.#parts.find(({ name }) => name === part)?.change({ change })
  }

  states(): PartState[] {
    return this.#parts.map(part => part.state())
  }

  /** Stops in reverse order of the start. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const definition of this.#expected) await new Part(definition, this.#options, Promise.resolve()).stop()
    for (const part of this.#parts.splice(0).reverse()) await part.stop()
  }
}

class Part {
  readonly #definition: PartDefinition
  readonly #options: SupervisorOptions
  readonly #others: Promise<unknown>
  readonly #stopping = new AbortController()
  #run: PartRun | undefined
  #launching: Promise<PartRun> | undefined
  #exit: PartExit | undefined
  #channel: PartChannel | undefined
  #state: PartState['state'] = 'starting'
  #restarts = 0
  #failures = 0
  #lastExit: string | undefined
  #details: Readonly<Record<string, unknown>> = {}
  #change: PartChange | undefined

  constructor(definition: PartDefinition, options: SupervisorOptions, others: Promise<unknown>) {
    this.#definition = definition
    this.#options = options
    this.#others = others
  }

  get name(): string {
    return this.#definition.name
  }

  change(change: PartChange): void {
    this.#change = change
    this.#channel?.send(change)
  }

  state(): PartState {
    const userId = this.#definition.userId ?? process.getuid?.() ?? 0
    const { name } = this.#definition
    return {
      name,
      state: this.#state,
      pid: this.#run?.pid,
      userId,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
      details: this.#details,
    }
  }

  start(): Promise<Readonly<Record<string, unknown>>> {
    return new Promise((resolve, reject) => {
      const first = { resolve, reject, done: false }
      this.#keepRunning(first).catch(reject)
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort('stop')
    this.#state = 'stopped'
    // Its run has to exist before it can be stopped.
    const run = await this.#launching?.catch(() => undefined)
    if (run === undefined || this.#exit !== undefined) return await this.#cleanUp()
    this.#channel?.send(stopMessage)
    const timer = setTimeout(() => {
      this.#options.log.error('part killed because it did not stop in time', { part: this.#definition.name })
      run.kill()
    }, this.#definition.stopTimeoutMs)
    const { killed } = await run.exited
    clearTimeout(timer)
    if (killed) await this.#cleanUp()
  }

  /** If the cluster could not start, what still runs is left to its next start. */
  async #cleanUp(): Promise<void> {
    const { stopping, log } = this.#options
    if (!stopping.aborted) return
    await this.#definition
      .cleanUp?.()
      .catch((err: unknown) => log.error('cannot clean up after the part', { part: this.#definition.name, err }))
  }

  #stopped(): boolean {
    return this.#stopping.signal.aborted || this.#options.stopping.aborted
  }

  /** Runs and restarts the part until the stop or a fatal error. */
  async #keepRunning(first: {
    resolve(details: Readonly<Record<string, unknown>>): void
    reject(err: unknown): void
    done: boolean
  }): Promise<void> {
    const { clock, log, stopping } = this.#options
    while (!this.#stopped()) {
      const began = clock.monotonic()
      const settings = await this.#settings(!first.done)
      if (this.#stopped()) return
      const { exit, fatal } =
        'missing' in settings
          ? { exit: `not started: ${settings.missing}`, fatal: undefined }
          : await this.#live(settings.made, details => {
              this.#state = 'ready'
              this.#details = details
              if (!first.done) first.resolve(details)
              first.done = true
            })
      if (this.#stopped()) return
      this.#lastExit = fatal ?? exit
      if (!first.done) throw new UserError(fatal ?? `The ${this.#definition.name} ended before it was ready (${exit}): see its log above`)
      if (clock.monotonic() - began > resetAfterMs) this.#failures = 0
      const delay = Math.min(firstDelayMs * 2 ** this.#failures++, maxDelayMs)
      this.#state = 'restarting'
      this.#restarts++
      log.error('part ended and is restarted', { part: this.#definition.name, exit: this.#lastExit, delayMs: delay })
      this.#options.onRestart(this.#definition.name, this.#lastExit, delay)
      try {
        await clock.sleep(delay, AbortSignal.any([this.#stopping.signal, stopping]))
      } catch (err) {
        if (this.#stopped()) return
        throw err
      }
    }
  }

  /** Throws if the first run gets no settings. A later run retries, because the part that provides them may be restarting. */
  async #settings(isFirst: boolean): Promise<{ readonly made: unknown } | { readonly missing: string }> {
    try {
      await this.#options.verifyCode?.()
      return { made: await this.#definition.settings() }
    } catch (err) {
      if (isFirst) throw err
      this.#options.log.error('cannot get the settings of the part', { part: this.#definition.name, err })
      return { missing: err instanceof Error ? err.message : String(err) }
    }
  }

  async #live(
    settings: unknown,
    onReady: (details: Readonly<Record<string, unknown>>) => void,
  ): Promise<{ exit: string; fatal: string | undefined }> {
    const { name, priority } = this.#definition
    this.#exit = undefined
    this.#launching = (this.#options.launch ?? launchChild)(this.#definition, this.#options.command, this.#stopping.signal)
    const run = await this.#launching.catch((err: unknown) => messageOf(err))
    if (typeof run === 'string') return { exit: `not started: ${run}`, fatal: undefined }
    this.#run = run
    setNice(run.pid, priority?.all)
    let fatal: string | undefined
    let hung: string | undefined
    const ended = new AbortController()
    let isReady = false
    const kill = (why: string, text: string, fields: object = {}) => {
      hung ??= why
      this.#options.log.error(text, { part: name, ...fields })
      run.kill()
    }
    const heard = new Set<PartMessage['type']>()
    const channel = new PartChannel(run.channel, {
      onMessage: message => {
        const isFirst = !heard.has(message.type)
        heard.add(message.type)
        switch (message.type) {
          case 'alive':
            heartbeat.answered()
            break
          case 'ready':
            isReady = true
            setNice(run.pid, priority?.loop)
            onReady(message.details)
            break
          case 'details':
            this.#details = { ...this.#details, ...message.details }
            if (writeJson(this.#details).length > maxMessageBytes)
              kill('too many details, killed', 'part killed because it has too many details')
            break
          case 'fatal':
            fatal = message.message
            break
          case 'ending':
            if (isFirst) this.#limitEnd(run, ended.signal)
            break
          case 'terminated':
            if (isFirst) this.#endAlone(channel)
            break
        }
      },
      onBroken: reason => kill(`${reason}, killed`, 'part killed because it sent an invalid message', { reason }),
    })
    this.#channel = channel
    const heartbeat = new Heartbeat({ clock: this.#options.clock, ask: () => channel.send(aliveMessage), isReady: () => isReady })
    const start: PartStart = { part: name, logLevel: this.#options.logLevel, settings }
    channel.send(start)
    // Its settings may be slightly outdated.
    if (this.#change !== undefined) channel.send(this.#change)
    this.#others.then(
      () => channel.send(beginMessage),
      () => undefined, // the caller that started it reports the error
    )
    // A stop has its own time limit.
    const beating = heartbeat.run(AbortSignal.any([ended.signal, this.#stopping.signal])).then(lateMs => {
      if (lateMs === undefined) return
      kill(`no answer for ${lateMs / 1000} s, killed`, 'part killed because it does not answer', { lateMs })
    })
    const exit = await run.exited
    this.#exit = exit
    ended.abort('the part has ended')
    await beating
    return { exit: hung ?? exit.text, fatal }
  }

  /** A failed disk may keep a part from closing its files. */
  #limitEnd(run: PartRun, ended: AbortSignal): void {
    const { name, stopTimeoutMs } = this.#definition
    this.#options.clock.sleep(stopTimeoutMs, ended).then(
      () => {
        this.#options.log.error('part killed because it did not end in time', { part: name })
        run.kill()
      },
      () => undefined, // it has ended
    )
  }

  /** If all processes were signalled, our own signal comes soon, and each part ends in its turn. */
  #endAlone(channel: PartChannel): void {
    const { clock, stopping } = this.#options
    clock.sleep(ownSignalMs, AbortSignal.any([this.#stopping.signal, stopping])).then(
      () => channel.send(stopMessage),
      () => undefined, // all stop
    )
  }
}
