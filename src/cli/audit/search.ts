// `bulkhead audit search` and `tail`: records of a log by who, what and when.
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import { parseEventLine } from '../../access/audit/audit-event.ts'
import { logFileNumbers } from '../../access/audit/log-files.ts'
import { isEventLine } from '../../access/audit/log-record.ts'
import { RecordOpener } from '../../access/audit/sealed-records.ts'
import { pause, systemClock } from '../../base/clock.ts'
import { decodeBech32 } from '../../base/data/bech32.ts'
import { UserError } from '../../base/user-error.ts'
import { readRegularFile } from '../check/regular-file.ts'
import { printable, printableLines } from '../terminal/printable.ts'
import { auditFolderOf, type LogSource } from './audit-folder.ts'
import { readRecords } from './read-records.ts'

export interface SearchFlags extends LogSource {
  readonly user?: string
  readonly verb?: string
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string
  readonly code?: number
  readonly id?: string
  /** RFC 3339. */
  readonly since?: string
  readonly until?: string
  readonly limit?: number
  /** File with identities of age, for sealed records. */
  readonly identity?: string
  readonly output?: 'text' | 'json'
}

const defaultLimit = 1000
const pollMs = 500

type Print = (text: string) => void
type Matches = (event: AuditEvent) => boolean

export async function searchAudit(flags: SearchFlags, print: Print): Promise<number> {
  const matches = matcherOf(flags)
  const limit = flags.limit ?? defaultLimit
  const opener = flags.identity === undefined ? undefined : new RecordOpener(readIdentities(flags.identity))
  let found = 0
  for await (const { index, bytes: stored, where } of readRecords(auditFolderOf(flags))) {
    const bytes = opener === undefined ? stored : opened(opener, stored, where)
    const event = eventIn(bytes)
    if (event === undefined || !matches(event)) continue
    if (found++ >= limit) {
      print(`… more than ${limit} records match: --limit shows more`)
      break
    }
    print(shown(event, index, bytes, flags.output))
  }
  return 0
}

export interface TailFlags extends LogSource {
  readonly lines?: number
  readonly follow?: boolean
  readonly output?: 'text' | 'json'
}

const defaultTail = 10
const maxTail = 10_000

/** The newest records, and with `follow` those that come, until the signal. */
export async function tailAudit(flags: TailFlags, print: Print, signal: AbortSignal): Promise<number> {
  const folder = auditFolderOf(flags)
  const count = flags.lines ?? defaultTail
  if (!Number.isInteger(count) || count < 0 || count > maxTail) throw new UserError(`--lines must be 0 to ${maxTail}, got ${count}`)
  let next = 0
  // The newest file may just have begun.
  const newest = async () => Math.max(0, (await logFileNumbers(folder)).at(-2) ?? 0)
  const read = async (keep: number) => {
    const lines: string[] = []
    for await (const { index, bytes } of readRecords(folder, await newest())) {
      const event = index < next ? undefined : eventIn(bytes)
      if (event === undefined) continue
      lines.push(shown(event, index, bytes, flags.output))
      next = index + 1
      if (lines.length > keep) lines.shift()
    }
    for (const line of lines) print(line)
  }
  await read(count)
  while (flags.follow === true && !signal.aborted) {
    await pause(systemClock, pollMs, signal)
    if (!signal.aborted) await read(maxTail)
  }
  return 0
}

function opened(opener: RecordOpener, stored: Buffer, where: string): Buffer {
  try {
    return opener.open(stored) ?? stored
  } catch (err) {
    throw new UserError(`${where}: the sealed record was changed: see "bulkhead audit verify"`, { cause: err })
  }
}

const identityPrefix = 'age-secret-key-'
const maxIdentityBytes = 64 << 10

/** As age-keygen writes them. Throws a `UserError` if there is none. */
function readIdentities(file: string): Buffer[] {
  const lines = readRegularFile(file, { maxBytes: maxIdentityBytes, followLinks: true }).split('\n')
  const keys = lines.flatMap(line => decodeBech32(identityPrefix, line.trim()) ?? []).filter(({ length }) => length === 32)
  if (keys.length === 0) throw new UserError(`"${file}" has no identity of age (AGE-SECRET-KEY-1…)`)
  return keys
}

function eventIn(bytes: Buffer): AuditEvent | undefined {
  try {
    return isEventLine(bytes) ? parseEventLine(bytes.toString('utf8')) : undefined
  } catch (err) {
    // "bulkhead audit verify" names damaged lines.
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}

function matcherOf(flags: SearchFlags): Matches {
  const { user, verb, resource, namespace, name, code, id } = flags
  const [since, until] = [timeOf('--since', flags.since), timeOf('--until', flags.until)]
  return event => {
    const time = Date.parse(event.requestReceivedTimestamp)
    const ref = event.objectRef
    return (
      (user === undefined || event.user.username === user || event.impersonatedUser?.username === user) &&
      (verb === undefined || event.verb === verb) &&
      (resource === undefined ||
        ref?.resource === resource ||
        (ref !== undefined && `${ref.resource}/${ref.subresource ?? ''}` === resource)) &&
      (namespace === undefined || ref?.namespace === namespace) &&
      (name === undefined || ref?.name === name) &&
      (code === undefined || event.responseStatus?.code === code) &&
      (id === undefined || event.auditID === id) &&
      (since === undefined || time >= since) &&
      (until === undefined || time < until)
    )
  }
}

function timeOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new UserError(`${flag} must be a time such as 2026-01-31T12:00:00Z, got "${text}"`)
  return time
}

function shown(event: AuditEvent, index: number, bytes: Buffer, output: 'text' | 'json' | undefined): string {
  if (output === 'json') return printableLines(bytes.toString('utf8').trimEnd())
  const { user, impersonatedUser, verb, requestURI, responseStatus, auditID, requestReceivedTimestamp } = event
  const who = impersonatedUser === undefined ? user.username : `${user.username} as ${impersonatedUser.username}`
  return printable(
    `${index}  ${requestReceivedTimestamp.slice(0, 19)}Z  ${who}  ${verb} ${requestURI}  ${responseStatus?.code ?? '-'}  ${auditID}`,
  )
}
