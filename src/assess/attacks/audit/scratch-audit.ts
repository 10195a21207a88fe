// Attacks the audit log of a scratch cluster: kills its server while writes are under way, takes the log away, changes it while nothing runs.
import { copyFile, readdir, readFile, rename, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { inParallel } from '../../in-parallel.ts'
import { type TreeReport, verifyTree } from '../../oracles/audit-tree.ts'
import type { ProofContext } from '../../proof.ts'
import { type Answer, request, succeeded } from '../../request.ts'
import { apiServerOnly, type ScratchCluster } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { until, within } from '../../until.ts'
import { attackAlarms } from './alarms.ts'
import { scratchSigner } from './scratch-signer.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const writers = 16
/** Acknowledged writes after which the server is killed. */
const killAfter = 100
const kills = 2
const recordedMs = 5000

export interface AuditAttackResult {
  /** Writes that were acknowledged before their server was killed. */
  readonly acknowledged: number
}

export async function attackScratchAudit(
  context: ProofContext,
  clusters: ScratchClusters,
  signal: AbortSignal,
): Promise<AuditAttackResult> {
  await using scratch = await clusters.open(signal)
  const first = await scratch.serve([apiServerOnly], signal)
  await attackReads(context, scratch, first.transport, signal)
  await attackAlarms(context, scratch, first.transport, async isWanted => (await read(scratch, isWanted)).events, signal)
  let acknowledged = 0
  for (let round = 0; round < kills; round++) acknowledged += await attackByKill(context, scratch, first.transport, round, signal)
  const folder = auditFolder(scratch)
  const [file = ''] = (await readdir(folder))
    .filter(name => name.endsWith('.log'))
    .toSorted()
    .slice(-1)
  await scratch.stop()
  await copyFile(join(folder, file), join(scratch.directory, 'earlier.log'))
  const second = await scratch.serve([apiServerOnly], signal)
  await attackByMove(context, second.transport, join(folder, file), signal)
  await scratch.stop()
  await attackStopped(context, scratch, join(folder, file), signal)
  return { acknowledged }
}

const auditFolder = ({ directory }: ScratchCluster): string => join(directory, 'server', 'audit')

/** By the default policy each read leaves a record, and each health check none. */
async function attackReads(
  { attempts, clock }: ProofContext,
  scratch: ScratchCluster,
  transport: Transport,
  signal: AbortSignal,
): Promise<void> {
  const reads = [
    { name: 'get', path: '/api/v1/namespaces/kube-system/serviceaccounts/default', verb: 'get' },
    { name: 'list of Secrets', path: '/api/v1/secrets', verb: 'list' },
    { name: 'list across namespaces', path: '/api/v1/pods', verb: 'list' },
    { name: 'get of what does not exist', path: `${configMaps}/none`, verb: 'get' },
    { name: 'discovery', path: '/apis', verb: 'get' },
  ]
  const unrecorded = ['/livez', '/readyz']
  const ids = new Map<string, string>()
  for (const { name, path } of reads) ids.set(idOf(await request(transport, { method: 'GET', path }, signal)), name)
  const health = new Set<string>()
  for (const path of unrecorded) health.add(idOf(await request(transport, { method: 'GET', path }, signal)))
  // A record of a read may come a little later than its answer.
  let report = await read(scratch, id => ids.has(id) || health.has(id))
  const isWhole = async () => {
    if (report.events.filter(({ auditID }) => ids.has(String(auditID))).length >= ids.size) return true
    report = await read(scratch, id => ids.has(id) || health.has(id))
    return undefined
  }
  await within(recordedMs, clock, isWhole, signal)
  for (const { name, path, verb } of reads) {
    const event = report.events.find(({ auditID }) => ids.get(String(auditID)) === name)
    const held = event?.['requestURI'] === path && event['verb'] === verb && event['level'] === 'Metadata'
    attempts.record({
      name: `read: ${name}`,
      sent: `GET ${path}`,
      expected: 'a record',
      answered: writeJson(event) ?? 'no record',
      held,
    })
  }
  const recorded = report.events.filter(({ auditID }) => health.has(String(auditID)))
  attempts.record({
    ...{ name: 'read: health checks', sent: `GET ${unrecorded.join(', ')}`, expected: 'no record' },
    ...{ answered: `${recorded.length} records`, held: recorded.length === 0 },
  })
}

const idOf = ({ headers }: Answer): string => headers['audit-id'] ?? ''

/** Kills the server between writes and their records, and compares what was acknowledged with the log and the store of the next start. */
async function attackByKill(
  { attempts, clock }: ProofContext,
  scratch: ScratchCluster,
  transport: Transport,
  round: number,
  signal: AbortSignal,
): Promise<number> {
  const pid = await scratch.partPid('server')
  if (pid === undefined) throw new Error('the server of the scratch cluster does not run')
  const acknowledged = new Map<string, string>()
  let killed = false
  const write = async (writer: number): Promise<void> => {
    for (let count = 0; !killed; count++) {
      const name = `o11-${round}-${writer}-${count}`
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }
      try {
        const answer = await request(transport, { method: 'POST', path: configMaps, body }, signal)
        if (succeeded(answer)) acknowledged.set(idOf(answer), name)
      } catch (err) {
        // The server was killed: this write was not acknowledged.
        if (!killed) throw err
      }
      if (acknowledged.size >= killAfter && !killed) {
        killed = true
        process.kill(pid, 'SIGKILL')
      }
    }
  }
  await inParallel(
    Array.from({ length: writers }, (_, writer) => writer),
    write,
    writers,
  )
  await servesAgain(transport, clock, signal)
  const { positions, problems } = await read(scratch, id => acknowledged.has(id))
  const missing = [...acknowledged.keys()].filter(id => !positions.has(id))
  attempts.record({
    ...{
      name: `records of acknowledged writes after SIGKILL ${round + 1}`,
      sent: `${acknowledged.size} writes`,
      expected: 'a record of each',
    },
    ...{ answered: `${missing.length} without a record`, held: missing.length === 0 },
  })
  attempts.record({
    ...{ name: `tree of the log after SIGKILL ${round + 1}`, sent: 'restart', expected: 'no fault' },
    ...{ answered: problems.join('; ') || 'no fault', held: problems.length === 0 },
  })
  const names = new Set(await namesOf(transport, signal))
  const lost = [...acknowledged.values()].filter(name => !names.has(name))
  attempts.record({
    ...{
      name: `objects of acknowledged writes after SIGKILL ${round + 1}`,
      sent: `${acknowledged.size} writes`,
      expected: 'each is stored',
    },
    ...{ answered: `${lost.length} are lost`, held: lost.length === 0 },
  })
  return acknowledged.size
}

async function servesAgain(transport: Transport, clock: ProofContext['clock'], signal: AbortSignal): Promise<void> {
  const serves = async () => {
    try {
      return (await request(transport, { method: 'GET', path: '/readyz' }, signal)).status === 200 ? true : undefined
    } catch (err) {
      // Nothing listens yet.
      if (signal.aborted) throw err
      return undefined
    }
  }
  await until(clock, serves, signal)
}

async function namesOf(transport: Transport, signal: AbortSignal): Promise<string[]> {
  const { text } = await request(transport, { method: 'GET', path: configMaps }, signal)
  const { items } = parseJson(text) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] }
  return items.map(({ metadata }) => metadata.name)
}

/** Takes the log away while the server runs: a write that cannot be recorded must not be acknowledged. */
async function attackByMove({ attempts }: ProofContext, transport: Transport, file: string, signal: AbortSignal): Promise<void> {
  const write = (name: string): Promise<Answer> =>
    request(transport, { method: 'POST', path: configMaps, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } } }, signal)
  await attempts.accepted(
    'write while its record can be written',
    transport,
    { method: 'PATCH', path: `${configMaps}/o11-0-0-0`, body: { data: {} }, contentType: 'application/merge-patch+json' },
    signal,
  )
  await rename(file, `${file}.moved`)
  for (const name of ['first', 'second']) {
    const answer = await write(`unrecorded-${name}`)
    attempts.record({
      ...{ name: `${name} write whose record cannot be written`, sent: `POST ${configMaps}`, expected: '503 by "audit log"' },
      ...{ answered: `answered ${answer.status} ${answer.message}`, held: answer.status === 503 && answer.message.includes('audit log') },
    })
  }
  await rename(`${file}.moved`, file)
}

/** Changes the log of the stopped cluster. Only its end can be checked at a start; the rest is the verifier's. */
async function attackStopped({ attempts }: ProofContext, scratch: ScratchCluster, file: string, signal: AbortSignal): Promise<void> {
  const whole = await readFile(file)
  const attacks = [
    { name: 'the end of the log cut off', change: () => truncate(file, whole.lastIndexOf('{"kind":"Event"', whole.length >> 1)) },
    { name: 'the log emptied', change: () => truncate(file, 0) },
    { name: 'an older log put back', change: () => copyFile(join(scratch.directory, 'earlier.log'), file) },
  ]
  for (const { name, change } of attacks) {
    await change()
    const start = await scratch.start([apiServerOnly], signal)
    await scratch.stop()
    attempts.record({
      ...{ name, sent: 'start of the stopped cluster', expected: 'refused: "records are lost"' },
      ...{
        answered: start.started ? 'the cluster started' : start.output.trim(),
        held: !start.started && start.output.includes('records are lost'),
      },
    })
  }
}

/** With the public keys of the signer, and what it signed last. */
async function read(scratch: ScratchCluster, isWanted: (auditId: string) => boolean): Promise<TreeReport> {
  return await verifyTree(auditFolder(scratch), await scratchSigner(scratch), isWanted)
}
