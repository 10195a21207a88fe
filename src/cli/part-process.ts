// The child's side of a supervised part: takes its settings from `bulkhead up` over the IPC channel, says when it is ready, and ends with its parent.
import { flushCompileCache } from 'node:module'
import { systemClock } from '../base/clock.ts'
import { createLogger, type Logger, type LogLevel } from '../base/log.ts'
import { messageOf, UserError } from '../base/user-error.ts'
import { collectStart, processMemory } from './collect-start.ts'

/** Parent -> child, once. */
export interface PartStart {
  readonly part: string
  readonly logLevel: LogLevel
  readonly settings: unknown
}

/** Child -> parent. `fatal` is an error that a restart does not mend. */
export type PartMessage =
  | { readonly type: 'ready'; readonly details: Readonly<Record<string, unknown>> }
  | { readonly type: 'fatal'; readonly message: string }

export interface PartContext<Settings> {
  readonly settings: Settings
  readonly log: Logger
  /** Aborted on SIGTERM; its reason is 'stop'. */
  readonly signal: AbortSignal
  /** Says that the part does its work now, with what `bulkhead status` shows of it. */
  ready(details?: Readonly<Record<string, unknown>>): void
}

export async function runPart<Settings>(part: string, body: (context: PartContext<Settings>) => Promise<void>): Promise<void> {
  if (process.send === undefined) throw new UserError(`"bulkhead ${part}" is a part of a cluster: it is started by "bulkhead up"`)
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort('stop'))
  // Ctrl-C and a closing terminal reach every process of the terminal; the supervisor decides the order of the stop.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  // A killed supervisor takes its parts with it, at once, so that the next start finds port and store free. Each part survives a kill -9 of itself
  // anyway: nothing acknowledged is lost, and a node's containers go on until they are taken over.
  process.once('disconnect', () => {
    if (!stop.signal.aborted) process.kill(process.pid, 'SIGKILL')
  })
  const start = await new Promise<PartStart>(resolve => process.once('message', message => resolve(parseStart(message))))
  const log = createLogger({ part, level: start.logLevel })
  const send = (message: PartMessage) => {
    if (process.connected) process.send?.(message)
  }
  try {
    // The settings come from our own supervisor over a private channel, in the type that it sends to this part.
    const settings = start.settings as Settings
    const ready = (details: Readonly<Record<string, unknown>> = {}) => {
      send({ type: 'ready', details })
      flushCompileCache()
      collectStart({ clock: systemClock, signal: stop.signal, ...processMemory() }).catch((err: unknown) =>
        log.error('memory of the start not given back', { err }),
      )
    }
    await body({ settings, log, signal: stop.signal, ready })
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

function parseStart(message: unknown): PartStart {
  if (typeof message !== 'object' || message === null || !('part' in message))
    throw new Error(`unexpected first message: ${messageOf(message)}`)
  return message as PartStart
}
