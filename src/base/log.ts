// The logger that every part gets as an argument: constant messages, named values, no secrets.
import { pino } from 'pino'

export interface Logger {
  error(message: string, values?: LogValues): void
  info(message: string, values?: LogValues): void
  debug(message: string, values?: LogValues): void
  /** A logger that adds these values to each line. */
  with(values: LogValues): Logger
}

/** Keys are Kubernetes nouns; an error is always under `err`. */
export type LogValues = Readonly<Record<string, unknown>>

export type LogLevel = 'error' | 'info' | 'debug' | 'silent'

export function createLogger(options: { level?: LogLevel; part?: string; destination?: { write(line: string): void } } = {}): Logger {
  const base = options.part === undefined ? {} : { part: options.part }
  const settings = { level: options.level ?? 'info', base, serializers: { err: errorValues } }
  return wrap(options.destination ? pino(settings, options.destination) : pino(settings, pino.destination({ fd: 2, sync: true })))
}

/** Drops everything; for tests and pure callers. */
export const silentLogger: Logger = { error: noop, info: noop, debug: noop, with: () => silentLogger }

function noop(): void {
  return
}

/** A DOMException, such as a timeout, lists the constants of its class like its own values. */
function errorValues(err: unknown): unknown {
  if (quotes(err)) return withoutMessage(err)
  if (!(err instanceof DOMException)) return err instanceof Error ? pino.stdSerializers.err(err) : err
  const { name, message, stack } = err
  return { type: name, message, stack }
}

type Sink = {
  error(values: object, message: string): void
  info(values: object, message: string): void
  debug(values: object, message: string): void
  child(values: object): Sink
}

function wrap(sink: Sink): Logger {
  return {
    error: (message, values = {}) => sink.error(values, message),
    info: (message, values = {}) => sink.info(values, message),
    debug: (message, values = {}) => sink.debug(values, message),
    with: values => wrap(sink.child(values)),
  }
}

const maxCauses = 16

/** Whether an error, or one that caused it, says of itself that its message may quote what must not be logged (`quotesClassified`). */
function quotes(err: unknown): boolean {
  let each = err
  for (let depth = 0; each instanceof Error && depth < maxCauses; depth++) {
    if ('quotesClassified' in each && each.quotesClassified === true) return true
    each = each.cause
  }
  return false
}

/** Of an error, only its kind and where it was thrown: the beginning of its stack repeats the message. */
export function withoutMessage(err: unknown): object {
  const frames = err instanceof Error ? (err.stack ?? '').split('\n').filter(line => /^\s+at /.test(line)) : []
  const type = err instanceof Error ? err.name : typeof err
  return { type, message: 'left out: it may quote what a classified object holds', stack: frames.join('\n') }
}
