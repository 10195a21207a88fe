// `bulkhead audit export`: a copy of the log that is verified before it is handed out; `report`: what is in it.

import { existsSync } from 'node:fs'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEventLine } from '../../access/audit/audit-event.ts'
import { isEventLine } from '../../access/audit/log-record.ts'
import { verifyLog } from '../../access/audit/verify-log.ts'
import { UserError } from '../../base/user-error.ts'
import { printable, printableJson } from '../terminal/printable.ts'
import { textTable } from '../terminal/text-table.ts'
import { type AuditFlags, auditFolderOf, keysOf, signerMemory } from './audit-folder.ts'

export interface ExportAuditFlags extends AuditFlags {
  /** A folder that does not exist yet. */
  readonly to: string
}

type Print = (text: string) => void

/** Returns the exit code: 0 if the copy is whole, 1 if not. */
export async function exportAudit(flags: ExportAuditFlags, print: Print): Promise<number> {
  const folder = auditFolderOf(flags)
  const keys = keysOf(flags)
  if (existsSync(flags.to)) throw new UserError(`"${flags.to}" exists already: name a new folder with --to`)
  await mkdir(flags.to, { mode: 0o700 })
  // The checkpoint first: the lines that it needs are there, and may only become more.
  await cp(join(folder, 'tlog', 'checkpoint'), join(flags.to, 'tlog', 'checkpoint'))
  for (const name of await readdir(folder)) {
    if (name === 'epochs' || /^audit-\d{8}\.log$/.test(name)) await cp(join(folder, name), join(flags.to, name))
  }
  await cp(join(folder, 'tlog'), join(flags.to, 'tlog'), { recursive: true, force: false, filter: path => !path.endsWith('.new') })
  const { problems, size } = await verifyLog(flags.to, keys)
  print(`${size} records in "${flags.to}": verify them with bulkhead audit verify --log ${flags.to} --key FILE`)
  for (const problem of problems) print(`  ${printable(problem)}`)
  return problems.length === 0 ? 0 : 1
}

export interface ReportFlags extends AuditFlags {
  readonly output?: 'text' | 'json'
}

const shownUsers = 20
/** More users than this are counted together. */
const maxUsers = 10_000

/** A summary of a verified log. Returns the exit code: 0 whole, 1 not. */
export async function reportAudit(flags: ReportFlags, print: Print): Promise<number> {
  const users = new Map<string, { requests: number; writes: number; refused: number }>()
  let [first, last] = ['', '']
  const verified = await verifyLog(auditFolderOf(flags), {
    ...keysOf(flags),
    seen: signerMemory(flags),
    onRecord(line) {
      if (!isEventLine(line)) return
      const event = tolerant(line)
      if (event === undefined) return
      if (first === '') first = event.requestReceivedTimestamp
      last = event.requestReceivedTimestamp
      const name = users.has(event.user.username) || users.size < maxUsers ? event.user.username : '(others)'
      const counts = users.get(name) ?? { requests: 0, writes: 0, refused: 0 }
      users.set(name, counts)
      counts.requests++
      if (!['get', 'list', 'watch'].includes(event.verb)) counts.writes++
      if (event.responseStatus?.code === 403 || event.responseStatus?.code === 401) counts.refused++
    },
  })
  const sorted = [...users].toSorted(([, a], [, b]) => b.requests - a.requests)
  if (flags.output === 'json') print(printableJson({ ...verified, from: first, to: last, users: Object.fromEntries(sorted) }))
  else {
    print(`Audit log from ${printable(first)} to ${printable(last)}`)
    print(`  ${verified.size - verified.first} records, ${verified.epochs} epochs, signed up to record ${verified.signedSize}`)
    for (const problem of verified.problems) print(`  ${printable(problem)}`)
    const rows = sorted
      .slice(0, shownUsers)
      .map(([name, { requests, writes, refused }]) => [name, String(requests), String(writes), String(refused)])
    for (const line of textTable(['USER', 'REQUESTS', 'WRITES', 'REFUSED'], rows)) print(`  ${line}`)
    if (sorted.length > shownUsers) print(`  and ${sorted.length - shownUsers} further users`)
  }
  return verified.problems.length === 0 ? 0 : 1
}

function tolerant(line: Buffer) {
  try {
    return parseEventLine(line.toString('utf8'))
  } catch (err) {
    // A changed line: the verification names it.
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}
