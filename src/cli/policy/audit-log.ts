// Reads the events of an audit log, one JSON object of audit.k8s.io/v1 per line, of Bulkhead or of another API server.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseEventLine } from '../../access/audit/audit-event.ts'
import { cannotRead, UserError } from '../../base/user-error.ts'

/** No API server writes a longer line. */
const maxLineBytes = 8 * 1024 * 1024

export interface LoggedEvent {
  readonly stage: string
  readonly verb: string
  readonly user: { readonly username: string; readonly groups?: readonly string[] }
  readonly objectRef?: {
    readonly resource: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
    readonly apiVersion?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly requestReceivedTimestamp?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly requestObject?: unknown
  readonly responseObject?: unknown
}

/**
 * In the order of the file. Lines without an event (a mark of the chain, an empty line) are skipped. Throws a `UserError` for what cannot
 * be read.
 */
export async function* readAuditLog(file: string): AsyncGenerator<LoggedEvent> {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  let number = 0
  try {
    for await (const line of lines) {
      number++
      if (line.length > maxLineBytes) throw new UserError(`${file}:${number}: the line has more than ${maxLineBytes} characters`)
      if (line.trim() === '') continue
      const event = parseEventLine(line)
      if (event !== undefined) yield event
    }
  } catch (err) {
    if (err instanceof SyntaxError) throw new UserError(`${file}:${number}: this is not an audit log: ${err.message}`, { cause: err })
    throw cannotRead(file, err)
  }
}
