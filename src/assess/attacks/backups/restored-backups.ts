// Attacks on the target of backups: each change must be named, and the unchanged backup must be verified.
import { copyFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { ProofContext } from '../../proof.ts'
import { request } from '../../request.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { BackupScratch } from './backup-scratch.ts'

interface TargetAttack {
  readonly name: string
  /** Changes a copy of the target. */
  change(folder: string): Promise<void>
  readonly flags?: (newest: number) => readonly string[]
  /** What must be said. */
  readonly names: RegExp
}

const attacks: readonly TargetAttack[] = [
  {
    name: 'one byte of each pack flipped',
    change: async folder => {
      for (const pack of await readdir(join(folder, 'packs'))) await flip(join(folder, 'packs', pack))
    },
    names: /Pack [0-9a-f]{64} was changed after it was written/,
  },
  {
    name: 'one byte of the largest pack flipped',
    change: async folder => await flip(await largestPack(folder)),
    names: /Pack [0-9a-f]{64} was changed after it was written/,
  },
  {
    name: 'a pack cut short',
    change: async folder => {
      const path = await largestPack(folder)
      await writeFile(path, (await readFile(path)).subarray(0, -1))
    },
    names: /Pack [0-9a-f]{64} has \d+ bytes instead of \d+/,
  },
  {
    name: 'a pack removed',
    change: async folder => await rm(await largestPack(folder)),
    names: /Pack [0-9a-f]{64} is missing/,
  },
  {
    name: 'one byte of the newest link flipped',
    change: async folder => {
      const path = await newestLink(folder)
      const text = (await readFile(path, 'utf8')).replace(/"sig":"(.)/, (_, first: string) => `"sig":"${first === 'A' ? 'B' : 'A'}`)
      await writeFile(path, text)
    },
    names: /is not signed by the given key/,
  },
  {
    name: 'an old link copied over the newest',
    change: async folder => {
      const links = (await readdir(join(folder, 'links'))).sort()
      await copyFile(join(folder, 'links', links[0] ?? ''), await newestLink(folder))
    },
    names: /is a copy of link \d+: an old backup was presented as a newer one/,
  },
  {
    name: 'an old link presented as a newer one',
    change: async folder => {
      const links = (await readdir(join(folder, 'links'))).sort()
      const next = String(Number(links.at(-1)?.slice(0, 12)) + 1).padStart(12, '0')
      await copyFile(join(folder, 'links', links[0] ?? ''), join(folder, 'links', `${next}.json`))
    },
    names: /is a copy of link \d+: an old backup was presented as a newer one/,
  },
  {
    name: 'a link within the chain removed',
    change: async folder => await rm(await linkBeforeBackup(folder)),
    names: /links\/\d{12}\.json" is missing/,
  },
  {
    name: 'the target set back',
    change: async folder => await rm(await newestLink(folder)),
    flags: newest => ['--at-least', String(newest)],
    names: /The newest backup is missing: .* ends with link \d+, but link \d+ was written there/,
  },
  {
    name: 'the target emptied',
    change: async folder => {
      for (const link of await readdir(join(folder, 'links'))) await rm(join(folder, 'links', link))
    },
    flags: newest => ['--at-least', String(newest)],
    names: /The newest backup is missing: .* holds no backup/,
  },
]

const created = 20

export async function tryRestoredBackups({ attempts }: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<void> {
  await using scratch = await BackupScratch.create(clusters, signal)
  const transport = await scratch.start(signal)
  const make = async (name: string) => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value: name } }
    const { status } = await request(transport, { method: 'POST', path: '/api/v1/namespaces/default/configmaps', body }, signal)
    if (status !== 201) throw new Error(`a ConfigMap of the scratch cluster is answered ${status}`)
  }
  const create = (more: readonly string[] = []) =>
    scratch.run(['backup', 'create', 'prove', '--data-dir', scratch.cluster.directory, ...more], signal)
  for (let index = 0; index < created; index++) await make(`before-${index}`)
  const first = await create()
  await make('after')
  const second = await create()
  for (const [name, { code, text }] of [
    ['the first backup', first],
    ['a backup of changes', second],
  ] as const)
    attempts.record({
      ...{ name, sent: 'bulkhead backup create', expected: 'restored into a shadow server and compared' },
      ...{ answered: text.split('\n').at(-1) ?? '', held: code === 0 && /^Verified after .* Report [0-9a-f]{64}$/m.test(text) },
    })
  await scratch.cluster.stop()
  const unchanged = await scratch.verify(scratch.target, [], signal)
  attempts.record({
    ...{ name: 'an unchanged target', sent: 'bulkhead backup verify', expected: 'VERIFIED' },
    ...{ answered: unchanged.text, held: unchanged.code === 0 && /^VERIFIED: /m.test(unchanged.text) },
  })
  const wrong = await scratch.verify(scratch.target, [], signal, scratch.otherIdentity)
  attempts.record({
    ...{ name: 'an identity of no recipient', sent: 'bulkhead backup verify', expected: 'named, nothing opened' },
    ...{ answered: wrong.text, held: wrong.code !== 0 && /identity is of none of its recipients/.test(wrong.text) },
  })
  const newest = Number((await newestLink(scratch.target)).slice(-17, -5))
  for (const [index, { name, change, names, flags }] of attacks.entries()) {
    const copy = await scratch.copyOfTarget(`copy-${index}`)
    await change(copy)
    const { code, text } = await scratch.verify(copy, flags?.(newest) ?? [], signal)
    attempts.record({
      ...{ name, sent: 'bulkhead backup verify', expected: `NOT VERIFIED, as ${names.source}`, answered: text },
      held: code === 1 && names.test(text),
    })
    await rm(copy, { recursive: true })
  }
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path)
  const at = bytes.length >> 1
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

/** It holds objects, so that every verification reads it. */
async function largestPack(folder: string): Promise<string> {
  const names = await readdir(join(folder, 'packs'))
  const sized = await Promise.all(names.map(async name => ({ name, bytes: (await stat(join(folder, 'packs', name))).size })))
  const [largest] = sized.sort((one, other) => other.bytes - one.bytes)
  return join(folder, 'packs', largest?.name ?? '')
}

/** The newest changes that have a backup after them: that one says what is kept, so that nothing but the chain itself leads to them. */
async function linkBeforeBackup(folder: string): Promise<string> {
  const paths = (await readdir(join(folder, 'links'))).sort().map(name => join(folder, 'links', name))
  const kinds = await Promise.all(paths.map(kindOfLink))
  const before = kinds.slice(0, Math.max(0, kinds.lastIndexOf('backup'))).lastIndexOf('changes')
  const path = paths[before]
  if (path === undefined) throw new Error(`the target has no changes before a backup: its links are ${kinds.join(', ')}`)
  return path
}

/** As docs/backup-format.md describes it. */
async function kindOfLink(path: string): Promise<string> {
  const envelope = parseJson(await readFile(path, 'utf8'))
  const payload = isJsonObject(envelope) ? parseJson(Buffer.from(String(envelope['payload']), 'base64').toString()) : undefined
  const content = isJsonObject(payload) ? payload['content'] : undefined
  return isJsonObject(content) ? String(content['kind']) : ''
}

async function newestLink(folder: string): Promise<string> {
  const links = (await readdir(join(folder, 'links'))).sort()
  return join(folder, 'links', links.at(-1) ?? '')
}
