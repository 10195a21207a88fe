// Attacks on backups as who holds their target, the cluster, or some right of the API; and restores to single writes.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { deniedCredentials } from '../../../api/credentials/denied-credentials-names.ts'
import { parseJson } from '../../../base/json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { readBackupTarget } from '../../oracles/backup-target.ts'
import type { ProofContext } from '../../proof.ts'
import { mergePatch, request } from '../../request.ts'
import { apiServerOnly } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { searchFiles } from '../../search-files.ts'
import { until, within } from '../../until.ts'
import { Canaries } from '../at-rest/canaries.ts'
import { BackupScratch } from './backup-scratch.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const secrets = '/api/v1/namespaces/default/secrets'
const denyList = `/api/v1/namespaces/${deniedCredentials.namespace}/configmaps/${deniedCredentials.name}`
/** After the oldest of the restored states. */
const denied = 'bulkhead-prove-denied'
/** An acknowledged write must be in the target by then: it takes a second, and on a machine with much other work a few more. */
const recoveryPointMs = 30_000

export async function tryEncryptedBackups(context: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<void> {
  const { attempts } = context
  await using scratch = await BackupScratch.create(clusters, signal)
  const transport = await scratch.start(signal)
  // Revisions from the first full backup on can be restored.
  const reachedRevision = revisionsOf(scratch, signal)
  await until(context.clock, async () => ((await reachedRevision()) > 0 ? true : undefined), signal)
  const canaries = new Canaries()
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'canary' }, stringData: { value: canaries.next() } }
  await write(transport, { method: 'POST', path: secrets, body: secret }, signal)
  const first = await write(transport, { method: 'POST', path: configMaps, body: configMap('one') }, signal)
  const second = await write(transport, { method: 'PUT', path: `${configMaps}/history`, body: configMap('two') }, signal)
  const other = { ...configMap('removed'), metadata: { name: 'removed' } }
  const third = await write(transport, { method: 'POST', path: configMaps, body: other }, signal)
  await write(transport, { method: 'DELETE', path: `${configMaps}/removed` }, signal)
  const denial = { data: { prove: `user-name:${denied}` } }
  await write(transport, { method: 'PATCH', path: denyList, body: denial, contentType: mergePatch }, signal)
  const last = await write(transport, { method: 'PUT', path: `${configMaps}/history`, body: configMap('three') }, signal)
  const began = performance.now()
  const reached = async () => ((await reachedRevision()) >= last ? true : undefined)
  const held = (await within(recoveryPointMs, context.clock, reached, signal)) === true
  const waited = performance.now() - began
  attempts.record({
    ...{ name: 'a write reaches the target', sent: `revision ${last}`, expected: `within ${recoveryPointMs} ms` },
    ...{ answered: held ? `after ${Math.ceil(waited)} ms` : `not after ${Math.ceil(waited)} ms`, held },
  })
  if (!held) return
  await tryRights(context, transport, signal)
  const over = await scratch.restore(scratch.cluster.directory, [], signal)
  attempts.record({
    ...{ name: 'restore over a running cluster', sent: 'bulkhead backup restore', expected: 'refused', answered: over.text },
    held: over.code !== 0 && /A cluster runs in/.test(over.text),
  })
  await searchSecrets(context, scratch, canaries, signal)
  await scratch.cluster.stop()
  const stopped = await scratch.restore(scratch.cluster.directory, [], signal)
  attempts.record({
    ...{ name: 'restore over a stopped cluster', sent: 'bulkhead backup restore', expected: 'refused', answered: stopped.text },
    held: stopped.code !== 0 && /is not empty/.test(stopped.text),
  })
  await readTarget(context, scratch)
  const points: readonly RestoredPoint[] = [
    { revision: first, history: 'one', removed: 404 },
    { revision: second, history: 'two', removed: 404 },
    { revision: third, history: 'two', removed: 200 },
    { revision: undefined, history: 'three', removed: 404 },
  ]
  for (const point of points) await tryRestore(context, clusters, scratch, point, signal)
}

interface RestoredPoint {
  readonly revision: number | undefined
  readonly history: string
  /** The answer to GET of the object that was removed. */
  readonly removed: number
}

const configMap = (value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'history' }, data: { value } })

/** Returns the revision. */
async function write(transport: Transport, question: Parameters<typeof request>[1], signal: AbortSignal): Promise<number> {
  const answer = await request(transport, question, signal)
  if (answer.status >= 300) throw new Error(`${question.method} ${question.path} is answered ${answer.status}: ${answer.message}`)
  const { metadata } = parseJson(answer.text) as { metadata?: { resourceVersion?: string } }
  return Number(metadata?.resourceVersion)
}

/** Asks by a process of its own, and so only when the target has changed. */
function revisionsOf(scratch: BackupScratch, signal: AbortSignal): () => Promise<number> {
  let [seen, revision] = ['', 0]
  return async () => {
    const state = await stateOf(scratch.target)
    if (state === seen) return revision
    const { code, text } = await scratch.run(['backup', 'list', '--from', scratch.target, '--key', scratch.key, '--output', 'json'], signal)
    // It may have been read amid a write.
    if (code !== 0) return 0
    const { changesUntil, backups } = parseJson(text) as { changesUntil?: number; backups: { revision: number }[] }
    seen = state
    revision = Math.max(changesUntil ?? 0, ...backups.map(each => each.revision))
    return revision
  }
}

/** Differs when a file was written. */
async function stateOf(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).sort()
  const found = await Promise.all(names.map(name => stat(join(folder, name)).catch(() => undefined)))
  return names.map((name, at) => `${name} ${found[at]?.size} ${found[at]?.mtimeMs}`).join('\n')
}

/** The paths of backups show every Secret: no role for tenants may open them. */
async function tryRights({ attempts }: ProofContext, transport: Transport, signal: AbortSignal): Promise<void> {
  for (const [name, groups] of [
    ['prove-nobody', ['system:authenticated']],
    ['system:serviceaccount:default:default', ['system:serviceaccounts', 'system:authenticated']],
    ['system:serviceaccount:kube-system:artifacts', ['system:serviceaccounts', 'system:authenticated']],
  ] as const)
    for (const path of ['/bulkhead/v1/backup/changes', '/bulkhead/v1/backup/audit']) {
      const headers = { 'impersonate-user': name, 'impersonate-group': [...groups] }
      const { status } = await transport.request(
        { method: 'GET', path, headers, stream: true },
        AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
      )
      attempts.record({
        ...{ name: `${path} as ${name}`, sent: `GET ${path}`, expected: '403', answered: String(status) },
        held: status === 403,
      })
    }
}

async function searchSecrets({ attempts }: ProofContext, scratch: BackupScratch, canaries: Canaries, signal: AbortSignal): Promise<void> {
  const needles = canaries.needles().set('name', Buffer.from('"canary"'))
  const inTarget = await searchFiles(scratch.target, needles, () => false, signal)
  attempts.record({
    ...{ name: 'contents and names in the target', sent: `search of ${inTarget.files} files`, expected: 'none in clear' },
    ...{ answered: [...inTarget.hits.keys()].join(', '), held: inTarget.hits.size === 0 && inTarget.files > 0 },
  })
  const identities = new Map([['identity', Buffer.from('AGE-SECRET-KEY-1')]])
  const inCluster = await searchFiles(
    scratch.cluster.directory,
    identities,
    folder => folder.endsWith('compile-cache') || folder === 'lib',
    signal,
  )
  attempts.record({
    ...{ name: 'identities in the data directory', sent: `search of ${inCluster.files} files`, expected: 'none' },
    ...{ answered: [...inCluster.hits.keys()].join(', '), held: inCluster.hits.size === 0 && inCluster.files > 0 },
  })
}

async function readTarget({ attempts }: ProofContext, scratch: BackupScratch): Promise<void> {
  const [key, identity] = await Promise.all([readFile(scratch.key, 'utf8'), readFile(scratch.identity, 'utf8')])
  const { links, packs, objects, faults } = await readBackupTarget(scratch.target, key, identity.trim(), 1)
  attempts.record({
    ...{ name: 'the target, read by its description', sent: `${links} links and ${packs} packs`, expected: 'signed, chained, encrypted' },
    ...{ answered: faults.join('; ') || `${objects} objects`, held: faults.length === 0 && objects > 0 },
  })
}

/** Onto a fresh machine: one command, then `up`. The administrator's old credentials are valid there. */
async function tryRestore(
  { attempts }: ProofContext,
  clusters: ScratchClusters,
  scratch: BackupScratch,
  { revision, history, removed }: RestoredPoint,
  signal: AbortSignal,
): Promise<void> {
  await using restored = await clusters.openNew()
  const more = revision === undefined ? [] : ['--revision', String(revision)]
  const { code, text } = await scratch.restore(restored.directory, more, signal)
  if (code === 0) await restored.takeCachesOf(scratch.cluster)
  const start = code === 0 ? await restored.start([apiServerOnly], signal) : undefined
  const answers =
    start?.started === true ? await Promise.all([get(start.transport, 'history', signal), get(start.transport, 'removed', signal)]) : []
  const [found, gone] = answers
  // An administrator is told whom it may not act as.
  const acting =
    start?.started === true
      ? await request(start.transport, { method: 'GET', path: '/version', headers: { 'impersonate-user': denied } }, signal)
      : undefined
  const value = found?.status === 200 ? (parseJson(found.text) as { data: { value: string } }).data.value : ''
  const authority = await readFile(`${restored.directory}/signer/client-ca.crt`, 'utf8').catch(() => '')
  const same = authority === (await readFile(`${scratch.cluster.directory}/signer/client-ca.crt`, 'utf8'))
  attempts.record({
    ...{ name: `restore to ${revision === undefined ? 'the newest write' : `revision ${revision}`}`, sent: 'bulkhead backup restore' },
    expected: `the object as it was then (${history}), the removed one ${removed}, the same keys, a user that was denied since 403`,
    answered:
      start === undefined
        ? text
        : start.started
          ? `${value}, ${gone?.status}, keys ${same ? 'as before' : 'of another cluster'}, user ${acting?.status}`
          : `the restored cluster does not start: ${start.output.trim()}`,
    held: value === history && gone?.status === removed && same && acting?.status === 403,
  })
}

const get = (transport: Transport, name: string, signal: AbortSignal) =>
  request(transport, { method: 'GET', path: `${configMaps}/${name}` }, signal)
