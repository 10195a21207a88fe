// Manipulates copies of a log in every way that someone with its files can, and with the keys of the signer as they are now.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { formatCheckpoint, parseCheckpoint } from '../../../base/tlog/checkpoint.ts'
import { CompactTree } from '../../../base/tlog/compact-tree.ts'
import { epochKeyName } from '../../../base/tlog/epoch-certificate.ts'
import { leafHash, sha256 } from '../../../base/tlog/hashes.ts'
import { formatNote, parseNote, signNote } from '../../../base/tlog/note.ts'

export interface StolenKeys {
  readonly logKey: KeyObject
  readonly epoch: number
  readonly epochKey: KeyObject
}

/** All private keys that are on the disk. */
export async function stealKeys(signer: string): Promise<StolenKeys> {
  const stored = parseJson(await readFile(join(signer, 'audit-epoch.json'), 'utf8'))
  if (!isJsonObject(stored)) throw new Error('the signer keeps no key of an epoch')
  return {
    logKey: createPrivateKey(await readFile(join(signer, 'audit.key'))),
    epoch: Number(stored['epoch']),
    epochKey: createPrivateKey(String(stored['privateKey'])),
  }
}

export interface LogManipulation {
  readonly name: string
  /** What the verifier must say beside its exit code. */
  readonly says: RegExp
  /** `folder` is a copy. */
  apply(folder: string, keys: StolenKeys): Promise<void>
}

const logFile = 'audit-00000001.log'
const isEvent = (line: string): boolean => line.startsWith('{"kind":"Event"')

async function changeLines(folder: string, change: (lines: string[], events: readonly number[]) => string[] | undefined): Promise<void> {
  const path = join(folder, logFile)
  const lines = (await readFile(path, 'utf8')).match(/.*\n/g) ?? []
  const events = lines.flatMap((line, at) => (isEvent(line) ? [at] : []))
  await writeFile(path, (change(lines, events) ?? lines).join(''))
}

const byLines = (name: string, says: RegExp, change: (lines: string[], at: number) => void): LogManipulation => ({
  ...{ name, says },
  apply: folder =>
    changeLines(folder, (lines, events) => {
      change(lines, events[Math.floor(events.length / 2)] ?? 0)
      return lines
    }),
})

export const logManipulations: readonly LogManipulation[] = [
  byLines('a record is changed', /record \d+ was changed/, (lines, at) => {
    lines[at] = (lines[at] ?? '').replace('"verb":"', '"verb":"x')
  }),
  byLines('a record is deleted', /record \d+ was deleted/, (lines, at) => void lines.splice(at, 1)),
  byLines(
    'a record is inserted',
    /inserted/,
    (lines, at) => void lines.splice(at, 0, (lines[at] ?? '').replace('"auditID":"', '"auditID":"0')),
  ),
  byLines('two records are swapped', /reordered/, (lines, at) => {
    const [a = '', b = ''] = [lines[at], lines[at + 1]]
    lines.splice(at, 2, b, a)
  }),
  byLines('the end is cut off', /records are lost/, (lines, at) => void lines.splice(at)),
  {
    name: 'a byte is cut off',
    says: /the last line is cut/,
    apply: async folder => truncate(join(folder, logFile), (await readFile(join(folder, logFile))).length - 1),
  },
  { name: 'a file is removed', says: /records are lost|missing/, apply: folder => rm(join(folder, logFile)) },
  {
    name: 'a tile is changed',
    says: /tile\/0\/.* is not that of the lines/,
    async apply(folder) {
      const tiles = join(folder, 'tlog', 'tile', '0')
      const [name = ''] = (await readdir(tiles, { recursive: true })).filter(each => /^\d{3}(\.p\/\d+)?$/.test(each))
      const bytes = await readFile(join(tiles, name))
      bytes[5] = (bytes[5] ?? 0) ^ 1
      await writeFile(join(tiles, name), bytes)
    },
  },
  {
    name: 'the checkpoint claims fewer records, with the keys of now',
    says: /signed|belongs to epoch/,
    async apply(folder, keys) {
      await resign(folder, keys, 3)
    },
  },
  {
    name: 'a record of an earlier epoch is changed, and all is signed again with the keys of now',
    says: /are not those that the key of epoch \d+ signed/,
    async apply(folder, keys) {
      await changeLines(folder, (lines, events) => {
        const at = events[1] ?? 0
        lines[at] = (lines[at] ?? '').replace('"verb":"', '"verb":"x')
        return lines
      })
      await resign(folder, keys)
    },
  },
  {
    name: 'the certificates of epochs are removed',
    says: /epochs is missing|certificate/,
    apply: folder => rm(join(folder, 'epochs')),
  },
]

/** A checkpoint of the first lines, signed with the stolen keys. */
async function resign(folder: string, { logKey, epoch, epochKey }: StolenKeys, lines = Number.POSITIVE_INFINITY): Promise<void> {
  const path = join(folder, 'tlog', 'checkpoint')
  const { origin } = parseCheckpoint(parseNote(await readFile(path, 'utf8')).text)
  const tree = new CompactTree()
  for (const line of ((await readFile(join(folder, logFile), 'utf8')).match(/.*\n/g) ?? []).slice(0, lines))
    tree.append(leafHash(sha256(Buffer.from(line))))
  const text = formatCheckpoint({ origin, size: tree.size, root: tree.root() })
  await writeFile(
    path,
    formatNote({ text, signatures: [signNote(text, origin, logKey), signNote(text, epochKeyName(origin, epoch), epochKey)] }),
  )
}

/** A copy of the log without a change. */
export async function copyLog(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true })
}
