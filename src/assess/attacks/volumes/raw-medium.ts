// What of a volume's content can be read without its key: in its file, in everything else of the node, and in swap space.
import { access, open, readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pods } from '../../../client/resources.ts'
import type { ClusterKeys } from '../../cluster-keys.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { request } from '../../request.ts'
import { searchFiles } from '../../search-files.ts'
import { within } from '../../until.ts'
import { keyQuestion, nodeCertificate, nodeHeaders } from './key-request.ts'
import { claimVolume, eraseVolume } from './proof-claim.ts'
import { eraseSnapshot, takeSnapshot } from './proof-snapshot.ts'

const claim = 'medium'
const snapshotName = 'medium'
const podName = 'writer'
const waitMs = 90_000
/** The node unmounts at once; what only its later rounds find counts as left behind. */
const unmountMs = 20_000
const pollMs = 200
const pieceBytes = 1 << 20
/** Swap space beyond it is not read. */
const maxSwapBytes = 2 ** 31

/** Images of others may be large, and the mounted content is in clear for the node alone; containers' files are images. */
const leftOut = (folder: string): boolean => ['volumes', 'volume-mounts', 'csi', 'containerd'].some(name => folder === `node${sep}${name}`)

/** The evidence. `node` is a real one, on this machine. */
export async function tryMedium(
  context: ProofContext,
  keys: ClusterKeys | undefined,
  namespace: ProofNamespace,
  place: { readonly node: string; readonly directory: string },
  signal: AbortSignal,
): Promise<string> {
  const { client, clock, attempts } = context
  const { node, directory } = place
  const volume = await claimVolume(context, namespace, claim, node, '24Mi', signal)
  if (volume === undefined) throw new Error('no volume was made for a claim of the default class')
  const [image, mounted] = [join(directory, 'node', 'volumes', volume), join(directory, 'node', 'volume-mounts', volume)]
  // Two halves, so that the pod's specification does not contain what it writes.
  const halves = [`${namespace.name}-left-`, `right-${namespace.name}`] as const
  const text = halves.join('')
  await client.create(pods, namespace.name, podObject(podName, writerOf(node, halves)), signal)
  const written = async () => {
    const log = await request(context.transport, { method: 'GET', path: namespace.core(`pods/${podName}/log`) }, signal)
    return log.text.includes('written') || undefined
  }
  if ((await within(waitMs, clock, written, signal, pollMs)) === undefined) throw new Error('no pod could write into the volume')
  const needles = new Map<string, Buffer>([['canary', Buffer.from(text)]])
  const key = await keyOf(context, keys, volume, node, signal)
  if (key !== undefined) {
    needles.set('key', key.subarray(0, 32))
    for (const form of ['hex', 'base64'] as const) needles.set(`key in ${form}`, Buffer.from(key.toString(form).slice(0, 40)))
  }
  const check = (name: string, found: readonly string[]) =>
    attempts.record({
      ...{ name, sent: `search for ${[...needles.keys()].join(', ')}`, expected: 'nothing in clear' },
      ...{ answered: found.length === 0 ? 'nothing in clear' : `in clear: ${found.join(', ')}`, held: found.length === 0 },
    })
  const content = await searchRaw(mounted, needles, signal)
  attempts.record({
    ...{ name: 'the search finds what the pod wrote', sent: `search below ${mounted}`, expected: 'the canary' },
    ...{ answered: content.includes('canary') ? 'the canary' : 'nothing', held: content.includes('canary') },
  })
  check("the volume's file while a pod uses it", await searchRaw(image, needles, signal))
  const snapshot = await takeSnapshot(context, namespace, snapshotName, claim, signal)
  if (snapshot === undefined) throw new Error('no snapshot was taken of a volume in use')
  const copy = join(directory, 'node', 'volumes', snapshot.volume)
  check("the snapshot's file", await searchRaw(copy, needles, signal))
  const rest = await searchFiles(directory, needles, leftOut, signal)
  check(
    "the cluster's other files, with logs and audit",
    [...rest.hits].map(([file, names]) => `${names.join(', ')} in ${file}`),
  )
  const swap = await searchSwap(needles, signal)
  check('swap space', swap.found)
  await eraseSnapshot(context, namespace, snapshotName, snapshot.volume, signal)
  for (const [what, path] of [
    ["the snapshot's file is removed with it", copy],
    ["the snapshot's key is removed with it", join(directory, 'signer', 'volumes', `${snapshot.volume}.key`)],
  ] as const) {
    const remains = await isThere(path)
    attempts.record({ name: what, sent: `stat ${path}`, expected: 'missing', answered: remains ? 'there' : 'missing', held: !remains })
  }
  await client.delete(pods, namespace.name, podName, { gracePeriodSeconds: 0 }, signal)
  const unmounted = async () => ((await isThere(mounted)) ? undefined : true)
  const isUnmounted = (await within(unmountMs, clock, unmounted, signal, pollMs)) === true
  attempts.record({
    ...{ name: 'the volume is unmounted with its last pod', sent: `stat ${mounted}`, expected: 'not mounted' },
    ...{ answered: isUnmounted ? 'not mounted' : 'mounted', held: isUnmounted },
  })
  check("the volume's file after its pod", await searchRaw(image, needles, signal))
  await eraseVolume(context, namespace, claim, volume, signal)
  for (const [name, path] of [
    ["the volume's file is removed with its claim", image],
    ["the volume's key is removed with its claim", join(directory, 'signer', 'volumes', `${volume}.key`)],
  ] as const) {
    const remains = await isThere(path)
    attempts.record({ name, sent: `stat ${path}`, expected: 'missing', answered: remains ? 'there' : 'missing', held: !remains })
  }
  needles.clear()
  key?.fill(0)
  return `${rest.files} files and ${swap.evidence} searched for ${key === undefined ? 'a canary' : 'a canary and its key'}`
}

const writerOf = (node: string, [left, right]: readonly [string, string]) =>
  harmlessSpec(
    {
      schedulerName: 'default-scheduler',
      nodeSelector: { 'kubernetes.io/hostname': node },
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
    },
    {
      command: ['sh', '-c', 'printf %s%s "$LEFT" "$RIGHT" >"/data/$LEFT$RIGHT"; for i in 1 2 3; do sync; done; echo written; sleep 3600'],
      env: [
        { name: 'LEFT', value: left },
        { name: 'RIGHT', value: right },
      ],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    },
  )

async function keyOf(
  { transport, clock }: ProofContext,
  keys: ClusterKeys | undefined,
  volume: string,
  node: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (keys === undefined) return undefined
  const question = keyQuestion({ volume, headers: nodeHeaders(node), ...(await nodeCertificate(node, keys.client, clock.now())) })
  return question.open(await request(transport, question.request, signal))
}

/** Names of what is found in any file below the folder; names of files count, too. */
export async function searchRaw(folder: string, needles: ReadonlyMap<string, Buffer>, signal: AbortSignal): Promise<string[]> {
  const found = new Set<string>()
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    for (const [name, needle] of needles) if (entry.name.includes(needle.toString('latin1'))) found.add(name)
    if (entry.isFile()) await searchOne(join(entry.parentPath, entry.name), needles, found, signal)
  }
  return [...found]
}

async function searchOne(path: string, needles: ReadonlyMap<string, Buffer>, found: Set<string>, signal: AbortSignal): Promise<void> {
  const overlap = Math.max(...[...needles.values()].map(({ length }) => length)) - 1
  await using file = await open(path)
  const piece = Buffer.alloc(pieceBytes + overlap)
  for (let at = 0, kept = 0; ; ) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(piece, kept, pieceBytes, at)
    if (bytesRead === 0) return
    at += bytesRead
    const view = piece.subarray(0, kept + bytesRead)
    for (const [name, needle] of needles) if (view.includes(needle)) found.add(name)
    kept = Math.min(overlap, view.length)
    view.copy(piece, 0, view.length - kept)
  }
}

async function searchSwap(needles: ReadonlyMap<string, Buffer>, signal: AbortSignal) {
  const [, ...lines] = (await readFile('/proc/swaps', 'utf8')).trim().split('\n')
  const found = new Set<string>()
  let left = 0
  for (const line of lines) {
    const [path = '', , kibibytes = '0'] = line.split(/\s+/)
    if (Number(kibibytes) * 1024 > maxSwapBytes) left++
    else await searchOne(path, needles, found, signal)
  }
  return { found: [...found], evidence: `${lines.length - left} of ${lines.length} swap spaces` }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
