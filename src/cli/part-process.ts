// The child's side of a supervised part: takes its settings from `bulkhead up` over Node's channel for children, says when it is ready, and ends with its parent.
import { flushCompileCache } from 'node:module'
import { untilAborted } from '../base/abort.ts'
import { createLogger, type Logger, type LogLevel } from '../base/log.ts'
import { messageOf, UserError } from '../base/user-error.ts'
import { collectOwnStart } from './collect-start.ts'

/** Parent -> child, first of all. */
export interface PartStart {
  readonly part: string
  readonly logLevel: LogLevel
  readonly settings: unknown
}

/** Parent -> child, once, when all is there that the part needs of others. */
export const beginMessage = 'begin'

/** Parent -> child, now and again; answered from the event loop at once, so that a part that hangs is found out. */
export const aliveMessage = 'alive?'

/** Parent -> child: end, now that those are gone who need this part. */
export const stopMessage = 'stop'

/** Parent -> child, whenever settings change that the part takes while it runs; behind `PartStart` always. Only the last one counts. */
export interface PartChange {
  readonly change: unknown
}

/** Child -> parent. `terminated`: somebody sent it SIGTERM. `fatal` is an error that a restart does not mend. */
export type PartMessage =
  | { readonly type: 'alive' }
  /** It ends by itself: for as long as a stop may take, then it is killed. */
  | { readonly type: 'ending' }
  | { readonly type: 'terminated' }
  /** What changed of the details that it was ready with. */
  | { readonly type: 'details'; readonly details: Readonly<Record<string, unknown>> }
  | { readonly type: 'ready'; readonly details: Readonly<Record<string, unknown>> }
  | { readonly type: 'fatal'; readonly message: string }

export interface PartContext<Settings, Change = never> {
  readonly settings: Settings
  readonly log: Logger
  /** Aborted when the supervisor says so; its reason is 'stop'. */
  readonly signal: AbortSignal
  /** Resolves when other parts are there to be asked; what needs none of them is done before. Rejects with the signal's reason. */
  mayBegin(): Promise<void>
  /** Says that the part does its work now, with what `bulkhead status` shows of it. `prepare` is called once, in the first quiet moment after it. */
  ready(details?: Readonly<Record<string, unknown>>, prepare?: () => Promise<void>): void
  /** Says that the part ends by itself, in order. Whatever keeps it from that is cut short when a stop would be. */
  ends(): void
  /** `take` is called with the last change that came, and with each that comes from now on. It returns what `bulkhead status` shows of it. */
  onChange(take: (change: Change) => Readonly<Record<string, unknown>>): void
}

export async function runPart<Settings, Change = never>(
  part: string,
  body: (context: PartContext<Settings, Change>) => Promise<void>,
): Promise<void> {
  if (process.send === undefined) throw new UserError(`"bulkhead ${part}" is a part of a cluster: it is started by "bulkhead up"`)
  const stop = new AbortController()
  const send = (message: PartMessage) => {
    if (process.connected) process.send?.(message)
  }
  // Ctrl-C and a closing terminal reach every process of the terminal, a service manager's SIGTERM every process of the service; the supervisor
  // decides the order of the stop.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('SIGTERM', () => send({ type: 'terminated' }))
  // A killed supervisor takes its parts with it, at once, so that the next start finds port and store free. Each part survives a kill -9 of itself
  // anyway: nothing acknowledged is lost, and a node's containers go on until they are taken over.
  process.once('disconnect', () => {
    if (!stop.signal.aborted) process.kill(process.pid, 'SIGKILL')
  })
  const begin = Promise.withResolvers<void>()
  let changed: PartChange | undefined
  let take: ((change: Change) => Readonly<Record<string, unknown>>) | undefined
  const takeChange = () => {
    // From our own supervisor, as the settings are.
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
    // The settings come from our own supervisor over a private channel, in the type that it sends to this part.
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
