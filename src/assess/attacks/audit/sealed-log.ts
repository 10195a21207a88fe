// Reads the audit log of a scratch cluster as root does: its files, and the memory of its processes.
import { createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes } from 'node:crypto'
import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeBech32 } from '../../../base/data/bech32.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { request, succeeded } from '../../request.ts'
import { apiServerOnly } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { searchFiles } from '../../search-files.ts'
import { within } from '../../until.ts'
import { auditConfiguration } from './audit-configuration.ts'
import { runCommand } from './run-command.ts'

const epoch = '10s'
const forgottenMs = 60_000

interface Reader {
  readonly namespace: string
  readonly secret: Buffer
  readonly publicKey: Buffer
}

export async function attackSealedLog(context: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<number> {
  const { attempts, clock } = context
  await using scratch = await clusters.openNew()
  const readers = [newReader('tenant-a'), newReader('tenant-b')]
  const others = newReader('')
  const seal = [...readers, others].map(({ namespace, publicKey }) => ({
    namespaces: namespace === '' ? [] : [namespace],
    recipients: [encodeBech32('age', publicKey)],
  }))
  const start = await scratch.serve([apiServerOnly, ...(await auditConfiguration(scratch, { epoch, seal }))], signal)
  const canaries = new Map<string, string>()
  for (const { namespace } of readers) {
    await accepted(start.transport, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, signal)
    const canary = `canary-${randomBytes(12).toString('hex')}`
    canaries.set(namespace, canary)
    await accepted(
      start.transport,
      `/api/v1/namespaces/${namespace}/configmaps`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: canary } },
      signal,
    )
  }
  const audit = join(scratch.directory, 'server', 'audit')
  const pid = await scratch.partPid('server')
  if (pid === undefined) throw new Error('the server of the scratch cluster does not run')
  let keys: Buffer[] = []
  const areThere = async () => {
    // A sealed record, so that the current epoch has a key.
    await request(start.transport, { method: 'GET', path: '/api/v1/namespaces/tenant-a/configmaps' }, signal)
    keys = await dataKeys(audit, [...readers, others])
    const count = await keysInMemory(pid, keys)
    return count > 0 ? count : undefined
  }
  const early = (await within(forgottenMs, clock, areThere, signal, 500)) ?? 0
  attempts.record({
    name: 'data keys of the current epoch',
    sent: `/proc/${pid}/mem`,
    expected: 'found, so that the search finds them',
    answered: `${early} of ${keys.length}`,
    held: early > 0,
  })
  // A search of the memory takes long: the first comes when the log says that the epoch is over.
  const before = await epochsOf(audit)
  const isOver = async () => {
    await request(start.transport, { method: 'GET', path: '/api/v1/pods' }, signal)
    return (await epochsOf(audit)) > before ? true : undefined
  }
  await within(forgottenMs, clock, isOver, signal, 200)
  const areForgotten = async () => ((await keysInMemory(pid, keys)) === 0 ? true : undefined)
  const forgotten = await within(forgottenMs, clock, areForgotten, signal, 1000)
  attempts.record({
    name: 'data keys of an epoch that is over',
    sent: `/proc/${pid}/mem`,
    expected: 'none',
    answered: forgotten ? 'none' : 'still there',
    held: forgotten === true,
  })
  const needles = new Map([...canaries].map(([namespace, canary]) => [namespace, Buffer.from(canary)]))
  const { hits, files } = await searchFiles(scratch.directory, needles, path => path.startsWith('run'), signal)
  attempts.record({
    ...{ name: 'names of objects in files', sent: `search of ${files} files`, expected: 'none' },
    ...{ answered: [...hits.keys()].join(', ') || 'none', held: hits.size === 0 },
  })
  for (const reader of [...readers, others]) {
    for (const [namespace, canary] of canaries) {
      const identity = `${scratch.directory}.identity`
      await writeFile(identity, `${encodeBech32('age-secret-key-', reader.secret).toUpperCase()}\n`, { mode: 0o600 })
      const { code, output } = await runCommand(
        [
          ...clusters.command,
          'audit',
          'search',
          '--data-dir',
          scratch.directory,
          '--identity',
          identity,
          '--name',
          canary,
          '--output',
          'json',
        ],
        signal,
      )
      const isOwn = reader.namespace === namespace
      attempts.record({
        ...{ name: `records of "${namespace}" by the reader of "${reader.namespace}"`, sent: 'bulkhead audit search --identity' },
        ...{
          expected: isOwn ? 'the record' : 'nothing',
          answered: output.slice(0, 300).trim() || 'nothing',
          held: code === 0 && output.includes(canary) === isOwn,
        },
      })
    }
  }
  const verified = await runCommand([...clusters.command, 'audit', 'verify', '--data-dir', scratch.directory], signal)
  attempts.record({
    name: 'the sealed log',
    sent: 'bulkhead audit verify',
    expected: 'exit code 0, without a key of readers',
    answered: `exit code ${verified.code}`,
    held: verified.code === 0,
  })
  return keys.length
}

const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex')
const privateOf = (secret: Buffer) => createPrivateKey({ key: Buffer.concat([pkcs8Prefix, secret]), format: 'der', type: 'pkcs8' })

function newReader(namespace: string): Reader {
  const secret = randomBytes(32)
  return { namespace, secret, publicKey: createPublicKey(privateOf(secret)).export({ type: 'spki', format: 'der' }).subarray(-32) }
}

async function accepted(transport: Transport, path: string, body: object, signal: AbortSignal): Promise<void> {
  const answer = await request(transport, { method: 'POST', path, body }, signal)
  if (!succeeded(answer)) throw new Error(`POST ${path} was answered ${answer.status} ${answer.message}`)
}

/** How many have begun. */
async function epochsOf(audit: string): Promise<number> {
  const logs = (await readdir(audit)).filter(name => name.endsWith('.log'))
  const texts = await Promise.all(logs.map(name => readFile(join(audit, name), 'latin1')))
  return texts.reduce((sum, text) => sum + text.split('\n{"kind":"Epoch"').length - 1, 0)
}

/** The data keys of the log, unwrapped as age's X25519 recipients are. */
async function dataKeys(audit: string, readers: readonly Reader[]): Promise<Buffer[]> {
  const found: Buffer[] = []
  for (const name of (await readdir(audit)).filter(each => each.endsWith('.log'))) {
    for (const line of (await readFile(join(audit, name), 'utf8')).split('\n').filter(each => each.startsWith('{"kind":"SealKey"'))) {
      const record = parseJson(line)
      const wrapped: readonly unknown[] = isJsonObject(record) && Array.isArray(record['wrapped']) ? record['wrapped'] : []
      for (const each of wrapped) {
        if (!isJsonObject(each)) continue
        const reader = readers.find(({ publicKey }) => publicKey.toString('base64') === each['to'])
        if (reader !== undefined) found.push(unwrapped(String(each['share']), Buffer.from(String(each['key']), 'base64'), reader))
      }
    }
  }
  return found
}

function unwrapped(share: string, sealed: Buffer, { secret, publicKey }: Reader): Buffer {
  const ephemeral = Buffer.from(share, 'base64')
  const shared = diffieHellman({
    privateKey: privateOf(secret),
    publicKey: createPublicKey({ key: Buffer.concat([spkiPrefix, ephemeral]), format: 'der', type: 'spki' }),
  })
  const key = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([ephemeral, publicKey]), 'age-encryption.org/v1/X25519', 32))
  const opening = createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 })
  opening.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([opening.update(sealed.subarray(0, -16)), opening.final()])
}

const pieceBytes = 4 << 20

/** How many of the keys are anywhere in the writable memory of the process. */
async function keysInMemory(pid: number, keys: readonly Buffer[]): Promise<number> {
  const found = new Set<Buffer>()
  const maps = (await readFile(`/proc/${pid}/maps`, 'latin1'))
    .split('\n')
    .flatMap(line => /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)?.slice(1, 3) ?? [])
  const memory = await open(`/proc/${pid}/mem`, 'r')
  try {
    for (let at = 0; at + 1 < maps.length; at += 2) {
      const end = Number.parseInt(maps[at + 1] ?? '0', 16)
      for (let from = Number.parseInt(maps[at] ?? '0', 16); from < end; from += pieceBytes - 32) {
        const piece = Buffer.alloc(Math.min(pieceBytes, end - from))
        // A part that is not there any more, or was never written, holds no key.
        const { bytesRead } = await memory.read(piece, 0, piece.length, from).catch(() => ({ bytesRead: 0 }))
        for (const key of keys) if (piece.subarray(0, bytesRead).includes(key)) found.add(key)
      }
    }
  } finally {
    await memory.close()
  }
  return found.size
}
