// Sends requests to the running cluster, and compares the record of each with who sent what.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../../../base/json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { AttemptLog } from '../../attempt-log.ts'
import type { AuditReading, ProofContext } from '../../proof.ts'
import { ProofNamespace } from '../../proof-namespace.ts'
import { type Answer, connectWith, request } from '../../request.ts'
import { until } from '../../until.ts'
import { differences, type RecordedRequest, recordedRequests } from './recorded-requests.ts'

const rounds = 3
const pollMs = 100
/** The signer signs once a second; a busy machine may be slow. */
const signedWithin = 150
/** Readings after which a fault of the tree is none of a line that was being written. */
const whileWritten = 5

interface Sent {
  readonly asked: RecordedRequest
  readonly answer: Answer
  readonly round: number
}

/** Of the running cluster only its namespace of this proof is changed. */
export async function attackRunningAudit(
  context: ProofContext,
  readAuditLog: NonNullable<ProofContext['machine']['readAuditLog']>,
  signal: AbortSignal,
) {
  const { transport, attempts, endpoint, machine } = context
  await using namespace = await ProofNamespace.create(context, 'O11', signal)
  await namespace.account('stranger', signal)
  await using stranger = connectWith(endpoint, { token: await namespace.token('stranger', {}, signal) })
  const transports = { administrator: transport, stranger }
  const names = { administrator: await nameOf(transport, signal), stranger: await nameOf(stranger, signal) }
  const folder = machine.dataDirectory === undefined ? undefined : join(machine.dataDirectory, 'server', 'audit')
  const sent = new Map<string, Sent>()
  for (let round = 0; round < rounds; round++) {
    for (const asked of recordedRequests(namespace, round)) {
      const answer = await request(transports[asked.caller], asked, signal)
      const id = answer.headers['audit-id'] ?? ''
      const early = folder === undefined || newestRecords(folder).includes(`"auditID":"${id}"`)
      sent.set(id, { asked, answer, round })
      checkAnswer(attempts, { asked, answer, round }, id, early)
    }
  }
  const reading = await signedReading(context, readAuditLog, id => sent.has(id), signal)
  for (const [id, each] of sent)
    checkRecord(
      attempts,
      each,
      names,
      reading.events.filter(({ auditID }) => auditID === id),
    )
  if (reading.positions !== undefined) {
    const unsigned = [...sent.keys()].filter(id => (reading.positions?.get(id) ?? Number.POSITIVE_INFINITY) > (reading.signedUpTo ?? 0))
    attempts.record({
      ...{ name: 'signature', sent: 'the records of this proof', expected: 'each is covered by a valid signature' },
      ...{ answered: `${unsigned.length} are not`, held: unsigned.length === 0 },
    })
  }
  return { sent: sent.size, kinds: sent.size / rounds, count: reading.count, problems: reading.problems }
}

async function nameOf(transport: Transport, signal: AbortSignal): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const { text } = await request(transport, { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body }, signal)
  const { status } = parseJson(text) as { readonly status?: { readonly userInfo: { readonly username: string } } }
  return status?.userInfo.username ?? ''
}

/** More than the records of a moment. */
const newestBytes = 1 << 20

/** The end of the two newest files, read at once: no time is left for a record to come after the answer. */
function newestRecords(folder: string): string {
  const files = readdirSync(folder)
    .filter(name => /^audit-\d+\.log$/.test(name))
    .toSorted()
  return files
    .slice(-2)
    .map(name => endOf(join(folder, name)))
    .join('')
}

function endOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, newestBytes))
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('latin1')
  } finally {
    closeSync(file)
  }
}

function checkAnswer(attempts: AttemptLog, { asked, answer, round }: Sent, id: string, early: boolean): void {
  const { name, method, path, status } = asked
  const held = answer.status === status && id !== '' && early
  const answered = `answered ${answer.status} ${answer.message}${id === '' ? ' without an audit id' : ''}${early ? '' : ' before its record'}`
  attempts.record({ name: `${name} (${round})`, sent: `${method} ${path}`, expected: `${status} after its record`, answered, held })
}

function checkRecord(
  attempts: AttemptLog,
  { asked, round }: Sent,
  names: Readonly<Record<RecordedRequest['caller'], string>>,
  events: readonly Readonly<Record<string, unknown>>[],
): void {
  const { name, caller, method, path, status, recorded } = asked
  const [event, second] = events
  const impersonates = 'impersonatedUser' in recorded
  const found =
    event === undefined
      ? ['no record']
      : differences({ ...recorded, kind: 'Event', stage: 'ResponseComplete', requestURI: path, user: { username: names[caller] } }, event)
  if (event !== undefined) {
    found.push(...differences({ code: status }, event['responseStatus'], 'responseStatus'))
    if (!impersonates && event['impersonatedUser'] !== undefined) found.push('it names an impersonated user')
    if (!Array.isArray(event['sourceIPs']) || event['sourceIPs'].length === 0) found.push('it names no source')
    if (caller === 'stranger' ? event['userAgent'] !== 'bulkhead-prove' : event['userAgent'] === '')
      found.push('it does not name the program')
  }
  if (second !== undefined) found.push('it is recorded twice')
  attempts.record({
    ...{ name: `record of ${name} (${round})`, sent: `${method} ${path}`, expected: 'who, what and the result' },
    ...{ answered: found.join('; ') || 'as expected', held: found.length === 0 },
  })
}

/** Until the records are signed, if the log has signatures. A log that is being written may end in half a line: only lasting faults count. */
async function signedReading(
  { clock }: ProofContext,
  readAuditLog: (isWanted: (id: string) => boolean) => Promise<AuditReading>,
  isWanted: (id: string) => boolean,
  signal: AbortSignal,
): Promise<AuditReading> {
  let read = 0
  const ask = async () => {
    read++
    const reading = await readAuditLog(isWanted)
    const newest = Math.max(0, ...(reading.positions?.values() ?? []))
    const isSigned = reading.positions === undefined || (reading.signedUpTo ?? 0) >= newest
    const isLast = read >= signedWithin || (reading.problems.length > 0 && read >= whileWritten)
    return (isSigned && reading.problems.length === 0) || isLast ? reading : undefined
  }
  return await until(clock, ask, signal, pollMs)
}
