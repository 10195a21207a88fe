// For tests: a log of several files and epochs, and every kind of manipulation of it, by someone with the rights and keys that it names.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { formatCheckpoint } from '../../base/tlog/checkpoint.ts'
import { epochKeyName } from '../../base/tlog/epoch-certificate.ts'
import { formatNote, type NoteKey, parseKey, signNote } from '../../base/tlog/note.ts'
import { AuditCheckpoints, type AuditEpoch, firstEpoch } from '../../signer/audit-checkpoints.ts'
import { event } from './audit-log.testing.ts'
import { AuditLog } from './audit-log.ts'
import { isEventLine, isSegmentLine, parseSegment, segmentLine } from './log-record.ts'
import { LogTree } from './log-tree.ts'
import { TileFiles } from './tile-files.ts'
import type { SeenTree } from './verify-log.ts'

export interface MadeLog {
  readonly directory: string
  /** The same log earlier. */
  readonly earlier: string
  readonly rootKey: NoteKey
  readonly logKey: NoteKey
  readonly logPrivate: KeyObject
  /** The private keys of all epochs: only the last one still exists in a cluster. */
  readonly epochs: readonly AuditEpoch[]
  /** What the signer, or a witness, saw last. */
  readonly seen: SeenTree
}

const writes = 60

export async function madeLog(parent: string): Promise<MadeLog> {
  const logPair = generateKeyPairSync('ed25519')
  let now = systemClock.now()
  const clock = { ...systemClock, now: () => now }
  const epochs = [firstEpoch(now)]
  const keepEpoch = async (epoch: AuditEpoch) => void epochs.push(epoch)
  const [first] = epochs
  if (first === undefined) throw new Error('no epoch')
  const memory = { head: undefined, keepHead: async () => undefined, keepEpoch }
  const signer = new AuditCheckpoints({
    logKey: logPair.privateKey,
    logKeyId: '',
    logKeyPem: '',
    epoch: first,
    memory,
    clock,
    epochMs: 1000,
  })
  const directory = join(parent, 'log')
  const earlier = join(parent, 'earlier')
  for (let run = 0; run < 4; run++) {
    const { epoch, signed } = signer.keys()
    const state = { epoch, signed, sign: signer.sign.bind(signer), newest: async () => signer.keys().signed }
    const log = await AuditLog.open({ directory, clock: systemClock, log: silentLogger, maxFileBytes: 9000, signer: state })
    for (let at = 0; at < writes / 4; at++) await log.record(event('create', `w${run}-${at}`))
    now += 2000
    await log[Symbol.asyncDispose]()
    if (run === 2) await cp(directory, earlier, { recursive: true })
  }
  const { rootKey, logKey, signed } = signer.keys()
  if (signed === undefined) throw new Error('nothing was signed')
  return {
    directory,
    earlier,
    rootKey: parseKey(rootKey),
    logKey: parseKey(logKey),
    logPrivate: logPair.privateKey,
    epochs,
    seen: { by: 'a witness', ...signed },
  }
}

/** Deterministic, from a seed. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Lines = { readonly file: string; readonly lines: string[] }[]
type Random = (below: number) => number

async function linesOf(folder: string): Promise<Lines> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.log')).toSorted()
  return Promise.all(names.map(async file => ({ file, lines: (await readFile(join(folder, file), 'utf8')).match(/.*\n/g) ?? [] })))
}

async function writeLines(folder: string, files: Lines): Promise<void> {
  for (const { file, lines } of files) await writeFile(join(folder, file), lines.join(''))
}

/** Makes segments, tiles and checkpoint those of the changed lines, signed by these keys. */
async function rebuild(folder: string, files: Lines, { logPrivate, rootKey }: MadeLog, epoch: AuditEpoch): Promise<void> {
  const tree = new LogTree()
  for (const { lines } of files) {
    for (const [at, line] of lines.entries()) {
      const segment = at === 0 && isSegmentLine(Buffer.from(line)) ? parseSegment(Buffer.from(line)) : undefined
      if (segment !== undefined) lines[at] = segmentLine({ ...segment, first: tree.size, roots: tree.roots })
      tree.appendLine(Buffer.from(lines[at] ?? ''))
    }
  }
  await writeLines(folder, files)
  await rm(join(folder, 'tlog'), { recursive: true })
  const tiles = new TileFiles(folder)
  await tiles.write(tree.takeTiles())
  const origin = rootKey.name.slice(0, -'/root'.length)
  const text = formatCheckpoint({ origin, size: tree.size, root: tree.root() })
  const signatures = [signNote(text, origin, logPrivate), signNote(text, epochKeyName(origin, epoch.epoch), epoch.privateKey)]
  await tiles.writeFile(join(folder, 'tlog', 'checkpoint'), formatNote({ text, signatures }))
}

/** An event, not a line of the log's own, of one of the files. */
function someEvent(files: Lines, random: Random, before = Number.POSITIVE_INFINITY) {
  const all = files.flatMap(({ lines }, file) => lines.map((line, at) => ({ file, at, line })))
  const events = all.slice(0, before).filter(({ line }) => isEventLine(Buffer.from(line)))
  const found = events[random(events.length)]
  const lines = found === undefined ? undefined : files[found.file]?.lines
  if (found === undefined || lines === undefined) throw new Error('no event')
  return { ...found, lines }
}

export interface Manipulation {
  readonly name: string
  /** Whether an earlier checkpoint, kept elsewhere, is needed to see it. */
  readonly needsSeen: boolean
  apply(folder: string, made: MadeLog, random: Random): Promise<void>
}

const byLines = (name: string, change: (files: Lines, random: Random) => void): Manipulation => ({
  name,
  needsSeen: false,
  async apply(folder, _made, random) {
    const files = await linesOf(folder)
    change(files, random)
    await writeLines(folder, files)
  },
})

const edited = (line: string, random: Random): string => {
  const bytes = Buffer.from(line)
  const at = random(bytes.length - 1)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random(7))
  return bytes.toString('latin1').replaceAll('\n', ' ').trimEnd().concat('\n')
}

export const manipulations: readonly Manipulation[] = [
  byLines('flip', (files, random) => {
    const { lines, at, line } = someEvent(files, random)
    lines[at] = edited(line, random)
  }),
  byLines('deletion', (files, random) => {
    const { lines, at } = someEvent(files, random)
    lines.splice(at, 1 + random(2))
  }),
  byLines('insertion', (files, random) => {
    const { lines, at, line } = someEvent(files, random)
    lines.splice(at, 0, random(2) === 0 ? line : line.replace('"ann', '"eve'))
  }),
  byLines('replacement', (files, random) => {
    const { lines, at } = someEvent(files, random)
    lines[at] = someEvent(files, random).line.replace('ResponseComplete', 'ResponseCompletes')
  }),
  byLines('reordering', (files, random) => {
    const { lines, at } = someEvent(files, random)
    const other = (at + 1 + random(lines.length - 1)) % lines.length
    const [a = '', b = ''] = [lines[at], lines[other]]
    lines[at] = b
    lines[other] = a
  }),
  {
    name: 'truncation',
    needsSeen: false,
    async apply(folder, _made, random) {
      const files = await linesOf(folder)
      const last = random(files.length)
      for (const { file } of files.slice(last + 1)) await rm(join(folder, file))
      const path = join(folder, files[last]?.file ?? '')
      const bytes = await readFile(path)
      await writeFile(path, bytes.subarray(0, random(bytes.length)))
    },
  },
  {
    name: 'removed file',
    needsSeen: false,
    async apply(folder, _made, random) {
      const files = await linesOf(folder)
      await rm(join(folder, files[random(files.length)]?.file ?? ''))
    },
  },
  {
    name: 'changed tile',
    needsSeen: false,
    async apply(folder, _made, random) {
      const tiles = (await readdir(join(folder, 'tlog'), { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
      const tile = tiles[random(tiles.length)]
      const path = join(tile?.parentPath ?? '', tile?.name ?? '')
      const bytes = await readFile(path)
      const at = random(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ 0x41
      await writeFile(path, bytes)
    },
  },
  {
    name: 're-signing of an earlier epoch with the stolen keys of now',
    needsSeen: false,
    async apply(folder, made, random) {
      const files = await linesOf(folder)
      const current = made.epochs.at(-1)
      const { lines, at, line } = someEvent(files, random, (current?.size ?? 0) - 1)
      if (random(2) === 0) lines[at] = line.replace('"ann', '"eve')
      else lines.splice(at, 1)
      if (current !== undefined) await rebuild(folder, files, made, current)
    },
  },
  {
    name: 'checkpoint by the key of another epoch',
    needsSeen: false,
    async apply(folder, made, random) {
      const others = made.epochs.slice(0, -2)
      const other = others[random(others.length)] ?? made.epochs[0]
      // The whole log, signed with the stolen key of another epoch.
      if (other !== undefined) await rebuild(folder, await linesOf(folder), made, other)
    },
  },
  {
    name: 'rollback',
    needsSeen: true,
    async apply(folder, made) {
      await rm(folder, { recursive: true })
      await cp(made.earlier, folder, { recursive: true })
    },
  },
  {
    name: 'fork of the current epoch with its stolen keys',
    needsSeen: true,
    async apply(folder, made, random) {
      const files = await linesOf(folder)
      const { lines } = files.at(-1) ?? { lines: [] }
      const index = lines.findLastIndex(line => isEventLine(Buffer.from(line)))
      lines[index] = (lines[index] ?? '').replace('"auditID":"', `"auditID":"${random(1000)}-`)
      const signing = made.epochs.at(-2)
      if (signing !== undefined) await rebuild(folder, files, made, signing)
    },
  },
]

/** Paths below the folder, with their content. */
async function contentOf(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  return new Map(
    await Promise.all(
      entries.map(
        async ({ parentPath, name }) => [relative(folder, join(parentPath, name)), await readFile(join(parentPath, name))] as const,
      ),
    ),
  )
}

const contents = new WeakMap<MadeLog, Promise<ReadonlyMap<string, Buffer>>>()

/** A changed copy of the log. */
export async function manipulated(made: MadeLog, manipulation: Manipulation, folder: string, random: Random): Promise<void> {
  const content = contents.get(made) ?? contentOf(made.directory)
  contents.set(made, content)
  await rm(folder, { recursive: true, force: true })
  for (const [path, bytes] of await content) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
  await manipulation.apply(folder, made, random)
}
