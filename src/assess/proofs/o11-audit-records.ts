import { type AuditReading, outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { dangerousSpec, podObject } from '../proof-pods.ts'
import { type Answer, connectWith, jsonPatch, mergePatch, type ProofRequest, request, strategicPatch } from '../request.ts'

const rounds = 5
const readings = 5

interface Write extends ProofRequest {
  readonly verb: string
  /** Refused by access control or admission; that is recorded too. */
  readonly refused?: true
}

export const auditRecords: Proof = {
  id: 'O11',
  title: 'authentic audit records',
  why: 'What is not recorded cannot be investigated later',
  attack: 'Write with every verb, including writes that are refused, and look for each in the audit log at once',
  expected: 'One record for each acknowledged or refused write, in a log whose hash chain and signatures are valid',
  whenRed: 'Keep a copy of the audit log, and compare its head with that of an earlier copy: records are missing or were changed',
  async prove(context, signal) {
    const { transport } = context
    const { readAuditLog } = context.machine
    if (readAuditLog === undefined) return skipped('the audit log is not on this machine or not readable by this user')
    await using namespace = await ProofNamespace.create(context, 'O11', signal)
    await namespace.account('stranger', signal)
    await using stranger = connectWith(context.endpoint, { token: await namespace.token('stranger', {}, signal) })
    const found: string[] = []
    const made = new Map<string, Write>()
    for (let round = 0; round < rounds; round++) {
      for (const write of writes(namespace, round)) {
        const answer = await request(write.verb === 'create by an unauthorized user' ? stranger : transport, write, signal)
        const problem = unexpected(write, answer)
        if (problem !== undefined) found.push(problem)
        const id = answer.headers['audit-id']
        if (id === undefined) found.push(`${write.verb} was answered without an audit id`)
        else made.set(id, write)
      }
    }
    const wanted = new Set(made.keys())
    const { events, eventCount, problems } = await settledReading(context, () => readAuditLog(wanted), signal)
    const recorded = new Set(events.map(({ auditID }) => auditID))
    for (const [id, { verb }] of made) if (!recorded.has(id)) found.push(`${verb} with audit id ${id} has no record`)
    found.push(...problems.slice(0, 5))
    return outcomeOf(
      found,
      `${made.size} writes of ${writes(namespace, 0).length} kinds, all recorded; ${eventCount} events in a valid chain`,
    )
  },
}

function unexpected({ verb, refused }: Write, { status, message }: Answer): string | undefined {
  const wanted = refused === true ? status === 403 : status < 300
  return wanted ? undefined : `${verb} was answered ${status}: ${message}`
}

/** In an order in which each finds what it needs. */
function writes(namespace: ProofNamespace, round: number): Write[] {
  const path = namespace.core('configmaps')
  const name = `o11-${round}`
  const one = `${path}/${name}`
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { o11: `${round}` } } }
  const data = { data: { key: 'value' } }
  return [
    { verb: 'create', method: 'POST', path, body: object },
    { verb: 'update', method: 'PUT', path: one, body: { ...object, ...data } },
    { verb: 'merge patch', method: 'PATCH', path: one, body: { data: { key: 'other' } }, contentType: mergePatch },
    { verb: 'strategic merge patch', method: 'PATCH', path: one, body: { data: { key: 'third' } }, contentType: strategicPatch },
    { verb: 'JSON patch', method: 'PATCH', path: one, body: [{ op: 'replace', path: '/data/key', value: 'last' }], contentType: jsonPatch },
    { verb: 'create by dry run', method: 'POST', path: `${path}?dryRun=All`, body: { ...object, metadata: { name: `${name}-dry` } } },
    { verb: 'delete', method: 'DELETE', path: one },
    { verb: 'delete of a collection', method: 'DELETE', path: `${path}?labelSelector=o11%3D${round}` },
    {
      verb: 'create that admission refuses',
      method: 'POST',
      path: namespace.core('pods'),
      // Uses an existing account, because the default one of the namespace may not exist yet.
      body: podObject('o11', { ...dangerousSpec(), serviceAccountName: 'stranger' }),
      refused: true,
    },
    { verb: 'create by an unauthorized user', method: 'POST', path, body: object, refused: true },
  ]
}

/** A log may end in half a line while it is written: only lasting faults count. */
async function settledReading({ clock }: ProofContext, read: () => Promise<AuditReading>, signal: AbortSignal): Promise<AuditReading> {
  for (let left = readings; ; left--) {
    const reading = await read()
    if (reading.problems.length === 0 || left <= 1) return reading
    await clock.sleep(50, signal)
  }
}
