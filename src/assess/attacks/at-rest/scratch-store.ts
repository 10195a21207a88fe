// Attacks the files of a scratch cluster: fills it with every kind, stops it, studies its store, and starts copies that were changed.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeObject } from '../../../api/object.ts'
import { defaultsAnnotation } from '../../../api/resources/bulkhead/cluster-defaults.ts'
import { parseJson } from '../../../base/json.ts'
import { codeOf } from '../../../base/user-error.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { inParallel } from '../../in-parallel.ts'
import { decompressed, opens, weaknesses } from '../../oracles/ciphertext.ts'
import { SealedStore } from '../../oracles/sealed-store.ts'
import type { ProofContext } from '../../proof.ts'
import { type Answer, request } from '../../request.ts'
import { apiServerOnly, type ScratchCluster } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { searchFiles } from '../../search-files.ts'
import { until } from '../../until.ts'
import { type Canaries, discoverKinds, kindsOf, storeCanaries } from './canaries.ts'
import { type Prey, type StoreAttack, storeAttacks } from './store-attacks.ts'
import { canaryAccount, clusterKinds, namespacedKinds } from './stored-kinds.ts'

export interface ScratchFindings {
  readonly found: readonly string[]
  readonly kinds: number
  readonly attacks: number
  readonly sealedBytes: number
}

const namespace = 'bulkhead-prove'
const customGroup = 'prove.bulkhead.dev/v1'
/** Copies of the cluster that start at a time. */
const starts = 3
const configMaps = `/api/v1/namespaces/${namespace}/configmaps`
const victim = `${configMaps}/victim`
/** Long enough to be a sample for statistics, and the worst case for weak encryption. */
const monotonous = 'A'.repeat(40_000)
/** Readings of all large objects. */
const rounds = 4
/** Together larger than what the server keeps of large objects in memory: the first of them lies in a file. */
const large = { bytes: 1_000_000, count: 40, files: 4 }

export async function attackScratchStore(
  context: ProofContext,
  clusters: ScratchClusters,
  canaries: Canaries,
  signal: AbortSignal,
): Promise<ScratchFindings> {
  await using scratch = await clusters.open(signal)
  const kinds = await fill(context, (await scratch.serve([], signal)).transport, canaries, signal)
  await scratch.stop()
  const found = await canariesIn(scratch, canaries, signal)
  // What lies in clear text may be all that there is to say: the cluster need not start with it.
  if (found.length > 0) return { found, kinds, attacks: 0, sealedBytes: 0 }
  await using earlier = await scratch.copy()

  const { transport } = await scratch.serve([apiServerOnly], signal)
  const created = await write(transport, { method: 'POST', path: configMaps, body: configMap('victim', 'created') }, signal)
  const updated = await write(transport, { method: 'PUT', path: victim, body: configMap('victim', 'updated') }, signal)
  const other = await write(transport, { method: 'POST', path: configMaps, body: configMap('other', 'created') }, signal)
  await scratch.stop()

  const { bytes, weak } = study(scratch, canaries)
  const prey = { created, updated, other, earlier: earlier.directory }
  await inParallel(storeAttacks, attack => startChanged(context, scratch, attack, prey, signal), starts)
  await startUnchanged(context, scratch, canaries, signal)
  return { found: weak, kinds, attacks: storeAttacks.length, sealedBytes: bytes }
}

async function canariesIn({ directory }: ScratchCluster, canaries: Canaries, signal: AbortSignal): Promise<string[]> {
  const { hits } = await searchFiles(directory, canaries.needles(), () => false, signal)
  return [...hits].map(([file, names]) => `${names.join(', ')} in ${file} of a scratch cluster`)
}

/** Every kind that the cluster serves has to be known here: a new one must not stay untried. */
async function fill(context: ProofContext, transport: Transport, canaries: Canaries, signal: AbortSignal): Promise<number> {
  const { attempts, clock } = context
  await write(transport, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } }, signal)
  // Before, no pod is admitted.
  const hasDefaults = async () => {
    const { text } = await request(transport, { method: 'GET', path: `/api/v1/namespaces/${namespace}` }, signal)
    const { metadata } = parseJson(text) as KubeObject
    return metadata.annotations?.[defaultsAnnotation] === 'pending' ? undefined : true
  }
  await until(clock, hasDefaults, signal)
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await write(transport, { method: 'POST', path: accounts, body: { metadata: { name: canaryAccount } } }, signal)
  const target = { transport, namespace, kinds: { ...namespacedKinds, ...clusterKinds }, canaries, attempts }
  const served = await discoverKinds(transport, signal)
  const stored = new Set(await storeCanaries(target, served, signal))
  const customKinds = async () => {
    const found = await kindsOf(transport, customGroup, signal)
    return found.length === 0 ? undefined : found
  }
  const instances = await until(clock, customKinds, signal)
  await storeCanaries(target, instances, signal)
  for (const { id, kind, groupVersion } of served)
    if (!stored.has(id))
      attempts.record({
        name: `store a canary in ${id}`,
        sent: `a ${kind} of ${groupVersion}`,
        expected: '201',
        answered: 'no example of this kind is known',
        held: false,
      })
  return stored.size + 1
}

const configMap = (name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { value, monotonous },
})

/** Returns the revision. */
async function write(transport: Transport, question: Parameters<typeof request>[1], signal: AbortSignal): Promise<number> {
  const answer = await request(transport, question, signal)
  if (answer.status >= 300) throw new Error(`${question.method} ${question.path} is answered ${answer.status}: ${answer.message}`)
  const { metadata } = parseJson(answer.text) as { metadata: { resourceVersion: string } }
  return Number(metadata.resourceVersion)
}

/** While the server runs, the oldest of many large objects lie in files of their own: one is read unchanged, and one changed. */
async function attackLargeObjects(
  { attempts, clock }: ProofContext,
  { scratch, transport, canaries }: { readonly scratch: ScratchCluster; readonly transport: Transport; readonly canaries: Canaries },
  signal: AbortSignal,
): Promise<void> {
  const value = canaries.next().padEnd(large.bytes, 'B')
  const body = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } })
  const indexes = Array.from({ length: large.count }, (_, index) => index)
  await inParallel(indexes, index => write(transport, { method: 'POST', path: configMaps, body: body(`large-${index}`) }, signal))
  const folder = join(scratch.directory, 'server', 'large')
  /** Undefined for an answer that is cut: the server may notice the change only when it has begun to answer. */
  const get = (index: number): Promise<Answer | undefined> =>
    request(transport, { method: 'GET', path: `${configMaps}/large-${index}` }, signal).catch((err: unknown) => {
      if (codeOf(err) !== 'ERR_HTTP2_STREAM_ERROR') throw err
      return undefined
    })
  const allFiles = async () => {
    const found = await wholeFiles(folder)
    return found.length < large.files ? undefined : found
  }
  const files = await until(clock, allFiles, signal)
  const { hits } = await searchFiles(folder, canaries.needles(), () => false, signal)
  attempts.record({
    ...{ name: 'a large object in a file of its own', sent: `search of ${files.length} files`, expected: 'no canary' },
    ...{ answered: `${hits.size} files contain a canary`, held: hits.size === 0 },
  })
  for (const file of files) {
    const bytes = await readFile(join(folder, file))
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    await writeFile(join(folder, file), bytes)
  }
  // The server reads a file once its garbage collector has freed the bytes in memory; reading many large objects makes it do so.
  for (let round = 0; round < rounds; round++) {
    const answers = await inParallel(indexes, get)
    const refused = answers.filter(answer => answer === undefined || answer.status === 500).length
    const whole = answers.filter(answer => answer?.status === 200 && answer.text.includes(value)).length
    if (refused === 0 && whole === large.count) continue
    attempts.record({
      ...{
        name: 'one byte of the files of large objects changed',
        sent: `GET of ${large.count} objects`,
        expected: '500, or a cut answer, for those in files',
      },
      ...{ answered: `${refused} refused or cut, ${whole} unchanged`, held: refused + whole === large.count },
    })
    return
  }
}

/** Those that the server has written to their end. */
async function wholeFiles(folder: string): Promise<string[]> {
  const files = await readdir(folder)
  const sizes = await Promise.all(files.map(async name => (await stat(join(folder, name))).size))
  return files.filter((_, index) => (sizes[index] ?? 0) >= large.bytes)
}

/** What the stopped store reveals. */
function study(scratch: ScratchCluster, canaries: Canaries): { readonly bytes: number; readonly weak: readonly string[] } {
  using store = new SealedStore(join(scratch.directory, 'server', 'store.db'))
  const { sealed, wrappedKeys } = store
  const weak = weaknesses(sealed)
  const needles = [...canaries.needles().values()]
  for (const { name, bytes } of sealed) {
    const texts = [0, 12].flatMap(from => decompressed(bytes.subarray(from)))
    if (texts.some(text => needles.some(needle => text.includes(needle)))) weak.push(`${name} holds a canary, compressed`)
  }
  // One of each data key is enough.
  const samples = new Map(sealed.map(one => [one.key, one]))
  for (const wrapped of wrappedKeys)
    for (let at = 0; at + 32 <= wrapped.length; at++) {
      const key = wrapped.subarray(at, at + 32)
      for (const sample of samples.values()) if (opens(key, sample)) weak.push(`the key of ${sample.name} lies beside it in clear`)
    }
  if (new Set(wrappedKeys.map(key => key.toString('hex'))).size !== wrappedKeys.length) weak.push('two data keys are equal')
  return { bytes: sealed.reduce((sum, { bytes }) => sum + bytes.length, 0), weak: weak.slice(0, 10) }
}

/** The twin of the attacks: without a change the cluster starts with its newest content. */
async function startUnchanged(context: ProofContext, scratch: ScratchCluster, canaries: Canaries, signal: AbortSignal): Promise<void> {
  const start = await scratch.start([apiServerOnly], signal)
  const text = start.started ? (await request(start.transport, { method: 'GET', path: victim }, signal)).text : start.output
  context.attempts.record({
    ...{ name: 'no change of the files', sent: 'start of the stopped cluster', expected: 'the newest content' },
    ...{ answered: text.slice(0, 200), held: start.started && text.includes('"updated"') },
  })
  if (start.started) await attackLargeObjects(context, { scratch, transport: start.transport, canaries }, signal)
}

async function startChanged(
  { attempts }: ProofContext,
  scratch: ScratchCluster,
  { name, names, change }: StoreAttack,
  prey: Omit<Prey, 'directory'>,
  signal: AbortSignal,
): Promise<void> {
  await using copy = await scratch.copy()
  await change({ ...prey, directory: copy.directory })
  const start = await copy.start([apiServerOnly], signal)
  const answered = start.started ? 'the cluster started' : `refused: ${start.output.trim()}`
  const sent = 'start of a copy of the stopped cluster'
  attempts.record({ name, sent, expected: `refused: "${names}"`, answered, held: !start.started && start.output.includes(names) })
}
