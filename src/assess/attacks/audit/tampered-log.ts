// Attacks the log of a scratch cluster as evidence: changes it while it is written, and copies of it afterwards; rolls back the whole disk; and
// asks the signer for another history.
import { chmod, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { silentLogger } from '../../../base/log.ts'
import { FrameConnection } from '../../../base/net/frame-connection.ts'
import { codeOf } from '../../../base/user-error.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { type ProofRequest, request } from '../../request.ts'
import { apiServerOnly, type ScratchCluster } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { searchFiles } from '../../search-files.ts'
import { within } from '../../until.ts'
import { auditConfiguration } from './audit-configuration.ts'
import { copyLog, logManipulations, stealKeys } from './manipulated-copies.ts'
import { runCommand } from './run-command.ts'
import { WitnessNode } from './witness-nodes.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const epochSeconds = 2
/** Far more than the log of a scratch cluster has. */
const claimedRecords = 987_654_321
const epochMs = 60_000
/** More than a cluster records while it starts: a log that is rolled back to before them is shorter than what the witness saw. */
const laterWrites = 300
/** The limit is a second; a busy machine may be slow. */
const alarmMs = 60_000

export async function attackTamperedLog(context: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<number> {
  const { attempts, clock } = context
  await using scratch = await clusters.openNew()
  const witness = `${scratch.directory}.witness`
  await mkdir(witness)
  // The server has a user of its own.
  await chmod(witness, 0o777)
  const witnesses = [{ name: 'usb', file: join(witness, 'seen') }]
  const flags = [apiServerOnly, ...(await auditConfiguration(scratch, { epoch: `${epochSeconds}s`, witnesses }))]
  const [audit, signer] = [join(scratch.directory, 'server', 'audit'), join(scratch.directory, 'signer')]
  const { transport: first } = await scratch.serve(flags, signal)
  const earlyKeys = await stealKeys(signer)
  const earlySecret = await secretOf(signer)
  await write(first, 'early', signal)
  await signedToItsEnd(context, audit, first, signal)
  const isLater = async () => ((await stealKeys(signer)).epoch > earlyKeys.epoch + 1 ? true : undefined)
  const write2 = async () => {
    await write(first, 'later', signal)
    return isLater()
  }
  const later = await within(epochMs, clock, write2, signal, 200)
  const { hits } = await searchFiles(signer, new Map([['key', earlySecret]]), () => false, signal)
  attempts.record({
    ...{
      name: 'key of an epoch that is over',
      sent: 'search of the files of the signer',
      expected: 'a later epoch, and no file with the key',
    },
    ...{ answered: `${later ? 'a later epoch' : 'the same epoch'}, ${hits.size} files`, held: later === true && hits.size === 0 },
  })
  // A log whose signer signed another history cannot be continued.
  if (!(await attackSigner(context, scratch, audit, signal))) return 0
  await scratch.stop()
  const earlier = await scratch.copy()
  await using _earlier = earlier
  const key = join(scratch.directory, 'audit.pub')
  const copied = (at: number) => `${scratch.directory}.log-${at}`
  const verify = (folder: string, ...more: string[]) =>
    runCommand([...clusters.command, 'audit', 'verify', '--log', folder, '--key', key, ...more], signal)
  await copyLog(audit, copied(-1))
  const whole = await verify(copied(-1))
  attempts.record({
    name: 'the log as it is',
    sent: 'bulkhead audit verify',
    expected: 'exit code 0',
    answered: `exit code ${whole.code} ${whole.code === 0 ? '' : whole.output}`,
    held: whole.code === 0,
  })
  const keys = await stealKeys(signer)
  await inParallel(
    logManipulations.map((manipulation, at) => ({ manipulation, at })),
    async ({ manipulation: { name, says, apply }, at }) => {
      await copyLog(audit, copied(at))
      await apply(copied(at), keys)
      const { code, output } = await verify(copied(at))
      attempts.record({
        ...{ name, sent: 'bulkhead audit verify of the copy', expected: `exit code 1, and that ${says.source}` },
        ...{ answered: `exit code ${code}: ${output.slice(0, 500)}`, held: code === 1 && says.test(output) },
      })
      await rm(copied(at), { recursive: true })
    },
  )
  const again = await scratch.serve(flags, signal)
  const { transport: second } = again
  const early = await WitnessNode.open(scratch, again, 'evidence', () => undefined, signal)
  await using _early = early
  await write(second, 'after', signal, laterWrites)
  await witnessedAfter(context, join(witness, 'seen'), join(copied(-1), 'tlog', 'checkpoint'), signal)
  const shown = await shownTo(context, early, join(copied(-1), 'tlog', 'checkpoint'), signal)
  await attackLive(context, second, audit, signal)
  await scratch.stop()
  const rolledBack = await verify(copied(-1), '--seen', join(witness, 'seen'))
  attempts.record({
    ...{
      name: 'an older log, with the checkpoint that a witness kept',
      sent: 'bulkhead audit verify --seen',
      expected: 'exit code 1, rolled back',
    },
    ...{
      answered: `exit code ${rolledBack.code}: ${rolledBack.output.slice(0, 300)}`,
      held: rolledBack.code === 1 && rolledBack.output.includes('rolled back'),
    },
  })
  await rm(copied(-1), { recursive: true })
  const restored = await earlier.serve(flags, signal)
  const { transport: back } = restored
  await using _evidence = await WitnessNode.open(earlier, restored, 'evidence', () => ({ status: 409, body: '', seen: shown }), signal)
  const claim = { status: 409, body: `${claimedRecords}\n` }
  await using _claims = await WitnessNode.open(earlier, restored, 'claims', () => claim, signal)
  await write(back, 'back', signal)
  const alarm = await alarmOf(context, join(earlier.directory, 'server', 'audit'), /^witness usb: .*rolled back/, signal)
  attempts.record({
    ...{
      name: 'the whole disk is rolled back',
      sent: 'start of an older copy of the data directory',
      expected: 'an alarm that the log was rolled back',
    },
    ...{ answered: alarm ?? 'no alarm', held: alarm !== undefined },
  })
  await compareNodes(context, join(earlier.directory, 'server', 'audit'), signal)
  return logManipulations.length + 1
}

async function write(transport: Transport, generateName: string, signal: AbortSignal, count = 5): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: `${generateName}-` } }
  const create: ProofRequest = { method: 'POST', path: configMaps, body }
  await inParallel(Array<ProofRequest>(count).fill(create), each => request(transport, each, signal))
}

/** A part of the private key as it lies on disk. */
async function secretOf(signer: string): Promise<Buffer> {
  const stored = parseJson(await readFile(join(signer, 'audit-epoch.json'), 'utf8'))
  const body = isJsonObject(stored) ? (String(stored['privateKey']).split('\n')[1] ?? '') : ''
  return Buffer.from(body.slice(-32))
}

/** With the rights of the server: the signer must sign no other history. */
async function attackSigner(
  { attempts, clock }: ProofContext,
  scratch: ScratchCluster,
  audit: string,
  signal: AbortSignal,
): Promise<boolean> {
  const [, size = '0'] = (await readFile(join(audit, 'tlog', 'checkpoint'), 'utf8')).split('\n')
  const parseAnswer = (value: unknown) => {
    if (!isJsonObject(value) || typeof value['id'] !== 'number') return undefined
    const { id, error, result } = value
    return isJsonObject(error) ? { id, error: new Error(String(error['message'])) } : { id, result }
  }
  const peer = { name: 'the signer', parseAnswer, failure: (_why: string, message: string) => new Error(message) }
  await using connection = new FrameConnection({
    path: join(scratch.directory, 'run', 'server', 'signer.sock'),
    peer,
    clock,
    log: silentLogger,
  })
  const root = Buffer.alloc(32, 7).toString('base64')
  const requests = [
    { name: 'a tree that does not continue the signed one', params: { size: Number(size) + 1000, root, proof: [] } },
    { name: 'a tree with a forged proof', params: { size: Number(size) + 1000, root, proof: Array.from({ length: 9 }, () => root) } },
    { name: 'a smaller tree', params: { size: Math.max(1, Number(size) - 1), root, proof: [] } },
  ]
  let isRefused = true
  for (const { name, params } of requests) {
    const answered = await connection.call('signAuditCheckpoint', params, signal).then(
      () => 'signed',
      (err: unknown) => (err instanceof Error ? err.message : String(err)),
    )
    const held = answered.startsWith('Cannot sign audit checkpoint')
    isRefused &&= held
    attempts.record({
      name: `signature of ${name}`,
      sent: 'signAuditCheckpoint',
      expected: 'refused',
      answered,
      held,
    })
  }
  return isRefused
}

/** No record follows the last one, which must be signed all the same. */
async function signedToItsEnd({ attempts, clock }: ProofContext, audit: string, transport: Transport, signal: AbortSignal): Promise<void> {
  const sizes = async () => {
    const files = (await readdir(audit)).filter(name => /^audit-\d+\.log$/.test(name))
    const texts = await Promise.all(files.map(name => readFile(join(audit, name), 'utf8')))
    const lines = texts.reduce((sum, text) => sum + text.split('\n').length - 1, 0)
    return { lines, signed: Number((await readFile(join(audit, 'tlog', 'checkpoint'), 'utf8').catch(() => '')).split('\n')[1] ?? 0) }
  }
  const isWhole = async () => {
    const { lines, signed } = await sizes()
    return signed === lines ? true : undefined
  }
  await within(alarmMs, clock, isWhole, signal, 100)
  await write(transport, 'last', signal, 1)
  const found = await within(alarmMs, clock, isWhole, signal, 100)
  const { lines, signed } = await sizes()
  attempts.record({
    name: 'the last record of a quiet log',
    sent: 'one write, and none after it',
    expected: 'a checkpoint of all records',
    answered: `${signed} of ${lines} are signed`,
    held: found === true,
  })
}

/** The witness must have a newer checkpoint than the copy of the log, or it cannot notice that one. */
async function witnessedAfter({ clock, attempts }: ProofContext, seen: string, copied: string, signal: AbortSignal): Promise<void> {
  const sizeIn = async (path: string) => Number((await readFile(path, 'utf8').catch(() => '')).split('\n')[1] ?? 0)
  const before = await sizeIn(copied)
  const isSeen = async () => ((await sizeIn(seen)) > before + laterWrites ? true : undefined)
  const found = await within(alarmMs, clock, isSeen, signal, 100)
  attempts.record({
    name: 'witness of the running log',
    sent: 'file of the witness',
    expected: `a checkpoint of more than ${before + laterWrites} records`,
    answered: found ? 'seen' : 'not seen',
    held: found === true,
  })
}

/** The checkpoint that a node was shown; it must be newer than the copy of the log. */
async function shownTo({ clock, attempts }: ProofContext, node: WitnessNode, copied: string, signal: AbortSignal): Promise<string> {
  const sizeOf = (note: string) => Number(note.split('\n')[1] ?? 0)
  const before = sizeOf(await readFile(copied, 'utf8'))
  const isShown = async () => (sizeOf(node.shown ?? '') > before + laterWrites ? node.shown : undefined)
  const shown = await within(alarmMs, clock, isShown, signal, 100)
  attempts.record({
    ...{ name: 'a node is a witness without any configuration', sent: 'a Node with a key and a tunnel' },
    ...{ expected: `a checkpoint of more than ${before + laterWrites} records`, answered: shown === undefined ? 'not shown' : 'shown' },
    held: shown !== undefined,
  })
  return shown ?? ''
}

/** A node that shows a checkpoint convicts the log; one that only claims does not. */
async function compareNodes(context: ProofContext, audit: string, signal: AbortSignal): Promise<void> {
  const { attempts } = context
  const convicted = await alarmOf(context, audit, /^witness node evidence: .*rolled back/, signal)
  attempts.record({
    ...{
      name: 'a node shows a checkpoint of the log before the rollback',
      sent: '409 with the checkpoint',
      expected: 'an alarm: rolled back',
    },
    ...{ answered: convicted ?? 'no alarm', held: convicted !== undefined },
  })
  const claimed = await alarmOf(context, audit, new RegExp(`^witness node claims.*${claimedRecords}`), signal)
  attempts.record({
    ...{
      name: 'a node claims to have seen more',
      sent: '409 without a checkpoint',
      expected: 'an alarm that names the node and no rollback',
    },
    ...{ answered: claimed ?? 'no alarm', held: claimed?.includes('without a checkpoint') === true && !claimed.includes('rolled back') },
  })
}

async function alarmOf({ clock }: ProofContext, audit: string, says: RegExp, signal: AbortSignal): Promise<string | undefined> {
  const read = async () => {
    try {
      const value = parseJson(await readFile(join(audit, 'alarms.json'), 'utf8'))
      const alarms: readonly unknown[] = isJsonObject(value) && Array.isArray(value['alarms']) ? value['alarms'] : []
      return alarms.map(alarm => (isJsonObject(alarm) ? `${alarm['name']}: ${alarm['message']}` : '')).find(text => says.test(text))
    } catch (err) {
      if (codeOf(err) === 'ENOENT') return undefined
      throw err
    }
  }
  return await within(alarmMs, clock, read, signal, 100)
}

/** Flips a byte of the file that is being written. */
async function attackLive(context: ProofContext, transport: Transport, audit: string, signal: AbortSignal): Promise<void> {
  const { attempts } = context
  const file = await open(join(audit, 'audit-00000001.log'), 'r+')
  try {
    await file.write('x', 500)
  } finally {
    await file.close()
  }
  const alarm = await alarmOf(context, audit, /tampering: .*was changed while it was written/, signal)
  attempts.record({
    ...{ name: 'a byte of the current file is changed while the server runs', sent: 'write into the file', expected: 'an alarm' },
    ...{ answered: alarm ?? 'no alarm', held: alarm !== undefined },
  })
  const answer = await request(
    transport,
    { method: 'POST', path: configMaps, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'tampered' } } },
    signal,
  )
  attempts.record({
    ...{ name: 'write after that', sent: `POST ${configMaps}`, expected: '503 by "audit log"' },
    ...{ answered: `answered ${answer.status} ${answer.message}`, held: answer.status === 503 && answer.message.includes('audit log') },
  })
}
