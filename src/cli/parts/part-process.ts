// The child side of a supervised part: receives its settings from `bulkhead up` over Node's IPC channel, reports when it is ready, and ends
// with its parent.
import { flushCompileCache } from 'node:module'
import { untilAborted } from '../../base/async/abort.ts'
import { createLogger, type Logger, type LogLevel } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { collectOwnStart } from '../../base/v8/collect-start.ts'

/** Parent -> child, the first message. */
export interface PartStart {
  readonly part: string
  readonly logLevel: LogLevel
  readonly settings: unknown
}

/** Parent -> child, once, when everything that the part needs from other parts is ready. */
export const beginMessage = 'begin'

/** Parent -> child, repeatedly. The event loop answers at once, so that a part that hangs is detected. */
export const aliveMessage = 'alive?'

/** Parent -> child: end now; the parts that need this one have ended. */
export const stopMessage = 'stop'

/** Parent -> child, when settings change that the part accepts at run time; always after `PartStart`. Only the newest one counts. */
export interface PartChange {
  readonly change: unknown
}

/** Child -> parent. `terminated`: another process sent it SIGTERM. `fatal`: an error that a restart does not fix. */
export type PartMessage =
  | { readonly type: 'alive' }
  /** The part ends by itself. It has as much time as for a stop, then it is killed. */
  | { readonly type: 'ending' }
  | { readonly type: 'terminated' }
  /** Changes of the details that it was ready with. */
  | { readonly type: 'details'; readonly details: Readonly<Record<string, unknown>> }
  | { readonly type: 'ready'; readonly details: Readonly<Record<string, unknown>> }
  | { readonly type: 'fatal'; readonly message: string }

export interface PartContext<Settings, Change = never> {
  readonly settings: Settings
  readonly log: Logger
  /** Aborted with the reason 'stop' when the supervisor stops the part. */
  readonly signal: AbortSignal
  /** Resolves when the other parts are ready. Work that does not need them is done before. Rejects with the signal's reason. */
  mayBegin(): Promise<void>
  /**
   * Reports that the part works now, with the details for `bulkhead status`. `prepare` is called once, in the first quiet moment
   * afterwards.
   */
  ready(details?: Readonly<Record<string, unknown>>, prepare?: () => Promise<void>): void
  /** Reports that the part ends by itself, in order. It has as much time as for a stop. */
  ends(): void
  /** `take` is called with the newest change so far and with each later one. It returns details for `bulkhead status`. */
  onChange(take: (change: Change) => Readonly<Record<string, unknown>>): void
}

export async function runPart<Settings, Change = never>(
  part: string,
  body: (context: PartContext<Settings, Change>) => Promise<void>,
): Promise<void> {
  if (process.send === undefined) throw new UserError(`"bulkhead ${part}" is a part of a cluster and can only be started by "bulkhead up"`)
  const stop = new AbortController()
  const send = (message: PartMessage) => {
    if (process.connected) process.send?.(message)
  }
  // Ctrl-C and a closing terminal signal every process of the terminal, and a service manager sends SIGTERM to every process of the
  // service. The supervisor decides the order of the stop.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('SIGTERM', () => send({ type: 'terminated' }))
  // If the supervisor is killed, its parts end at once, so that the next start finds the port and the store free. Each part survives a kill
  // -9: nothing acknowledged is lost, and containers of the node run until the next start takes them over.
  process.once('disconnect', () => {
    if (!stop.signal.aborted) process.kill(process.pid, 'SIGKILL')
  })
  const begin = Promise.withResolvers<void>()
  let changed: PartChange | undefined
  let take: ((change: Change) => Readonly<Record<string, unknown>>) | undefined
  const takeChange = () => {
    // Changes come from our own supervisor, like the settings.
    if (take && changed) send({ type: 'details', details: take(changed.change as Change) })
  }
  const start = await new Promise<PartStart>(resolve =>
    process.on('message', message => {
      if (message === aliveMessage) send({ type: 'alive' })
      else if (message === beginMessage) begin.resolve()
      else if (message === stopMessage) stop.abort('stop')
      else if (isChange(message)) {
        changed = message
        takeChange()
      } else resolve(parseStart(message))
    }),
  )
  const log = createLogger({ part, level: start.logLevel })
  try {
    // The settings come from our own supervisor over a private channel, in the type for this part.
    const settings = start.settings as Settings
    const onChange: PartContext<Settings, Change>['onChange'] = given => {
      take = given
      takeChange()
    }
    const ready: PartContext<Settings>['ready'] = (details = {}, prepare) => {
      send({ type: 'ready', details })
      flushCompileCache()
      void collectOwnStart(log, stop.signal, prepare)
    }
    const ends = () => send({ type: 'ending' })
    await body({ settings, log, signal: stop.signal, mayBegin: () => untilAborted(begin.promise, stop.signal), ready, ends, onChange })
  } catch (err) {
    if (stop.signal.aborted && err === stop.signal.reason) return
    if (err instanceof UserError) send({ type: 'fatal', message: err.message })
    else log.error('part failed', { err })
    process.exitCode = 1
  } finally {
    stop.abort('stop')
    if (process.connected) process.disconnect()
  }
}

const isChange = (message: unknown): message is PartChange => typeof message === 'object' && message !== null && 'change' in message

function parseStart(message: unknown): PartStart {
  if (typeof message !== 'object' || message === null || !('part' in message))
    throw new Error(`unexpected first message: ${messageOf(message)}`)
  return message as PartStart
}
