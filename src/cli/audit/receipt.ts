// `bulkhead audit receipt` and `prove`: that a record is in the log, as a C2SP tlog-proof that verifies on any machine.
import { readFile } from 'node:fs/promises'
import { checkpointPath } from '../../access/audit/checkpoints.ts'
import { signatureFault, verifyEpochs } from '../../access/audit/epoch-chain.ts'
import { readEpochs } from '../../access/audit/epochs-file.ts'
import { witnessedPath } from '../../access/audit/outputs/witnesses.ts'
import { TileFiles } from '../../access/audit/tile-files.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { parseCheckpoint } from '../../base/tlog/checkpoint.ts'
import { cosignedAt } from '../../base/tlog/cosignature.ts'
import { leafHash, sha256 } from '../../base/tlog/hashes.ts'
import { isSignedBy, MalformedNote, parseKey, parseNote } from '../../base/tlog/note.ts'
import { rangeHashes } from '../../base/tlog/tiles.ts'
import { formatProof, maxProofTextBytes, parseProof } from '../../base/tlog/tlog-proof.ts'
import { inclusionRanges } from '../../base/tlog/tree-nodes.ts'
import { includes } from '../../base/tlog/verify-proof.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { readRegularFile } from '../check/regular-file.ts'
import { printable } from '../terminal/printable.ts'
import { type AuditFlags, auditFolderOf, keysOf, type LogSource } from './audit-folder.ts'
import { readRecords } from './read-records.ts'

type Print = (text: string) => void

/** Prints the receipt of the newest record with this audit id. */
export async function printReceipt(flags: LogSource, id: string, print: Print): Promise<number> {
  const folder = auditFolderOf(flags)
  const wanted = `"auditID":${writeJson(id)}`
  let found: { readonly index: number; readonly line: Buffer } | undefined
  for await (const { index, bytes } of readRecords(folder)) if (bytes.includes(wanted)) found = { index, line: Buffer.from(bytes) }
  if (found === undefined) throw new UserError(`No record has the audit id "${id}": the header Audit-Id of an answer names it`)
  const note = await checkpointFor(folder, found.index)
  const { size } = parseCheckpoint(parseNote(note).text)
  if (found.index >= size) throw new UserError('The record is not signed yet: checkpoints are a second apart, so try again')
  const tiles = new TileFiles(folder)
  const hashes = await rangeHashes(inclusionRanges(found.index, size), size, async tile => {
    const bytes = await tiles.read(tile)
    if (bytes === undefined) throw new UserError(`The tile "${tiles.pathOf(tile)}" is missing: see "bulkhead audit verify"`)
    return bytes
  })
  print(formatProof({ extra: found.line, index: found.index, hashes, checkpoint: note }).trimEnd())
  return 0
}

/** The one that witnesses cosigned if it has the record, else the newest. */
async function checkpointFor(folder: string, index: number): Promise<string> {
  const newest = await readCheckpoint(folder)
  const cosigned = await readTextIfThere(witnessedPath(folder))
  if (cosigned === undefined) return newest
  const [now, seen] = [newest, cosigned].map(note => parseCheckpoint(parseNote(note).text))
  const isUsable = now !== undefined && seen !== undefined && seen.origin === now.origin && index < seen.size && seen.size <= now.size
  return isUsable ? cosigned : newest
}

async function readCheckpoint(folder: string): Promise<string> {
  try {
    return await readFile(checkpointPath(folder), 'utf8')
  } catch (err) {
    if (codeOf(err) !== 'ENOENT') throw err
    throw new UserError(`The log "${folder}" has no checkpoint yet: nothing in it is signed`, { cause: err })
  }
}

export interface ProveAuditFlags extends AuditFlags {
  /** Keys of witnesses, each of which must have cosigned. */
  readonly witnessKey?: readonly string[]
}

/** Verifies a receipt and prints its record. Returns the exit code: 0 proved, 1 not. */
export async function proveReceipt(flags: ProveAuditFlags, file: string, print: Print): Promise<number> {
  const { rootKey, logKey } = keysOf(flags)
  const fail = (what: string): number => {
    print(`NOT proved: ${printable(what)}`)
    return 1
  }
  try {
    const { extra, index, hashes, checkpoint } = parseProof(readRegularFile(file, { maxBytes: maxProofTextBytes, followLinks: true }))
    if (extra === undefined) return fail('the receipt has no record')
    const note = parseNote(checkpoint.endsWith('\n') ? checkpoint : `${checkpoint}\n`)
    const { origin, size, root } = parseCheckpoint(note.text)
    if (origin !== logKey.name) return fail(`the checkpoint is one of the log "${origin}"`)
    if (isSignedBy(note, logKey) !== true) return fail('the checkpoint is not signed by the key of the log')
    const epochFault = await faultOfEpoch(flags, size, note, rootKey)
    if (epochFault !== undefined) return fail(epochFault)
    if (!includes(leafHash(sha256(extra)), { index, size, root, hashes })) return fail(`record ${index} of the log is another one`)
    const times: string[] = []
    for (const text of flags.witnessKey ?? []) {
      const seconds = cosignedAt(note, parseKey(text))
      if (seconds === undefined) return fail(`witness "${parseKey(text).name}" did not cosign the checkpoint`)
      times.push(`; ${parseKey(text).name} saw it at ${new Date(seconds * 1000).toISOString()}`)
    }
    print(`Record ${index} of ${size} in ${origin}${times.join('')}:`)
    print(printable(extra.toString('utf8').trimEnd()))
    return 0
  } catch (err) {
    if (err instanceof MalformedNote) return fail(err.message)
    throw err
  }
}

/** If the certificates of epochs are at hand, the key of the epoch must have signed, too: it is gone, and cannot be stolen any more. */
async function faultOfEpoch(
  flags: AuditFlags,
  size: number,
  note: ReturnType<typeof parseNote>,
  rootKey: Parameters<typeof verifyEpochs>[1],
): Promise<string | undefined> {
  if (flags.log === undefined && flags.key !== undefined) return undefined
  const { epochs } = await readEpochs(auditFolderOf(flags))
  const chain = verifyEpochs(epochs, rootKey)
  if (chain.problems.length > 0) return chain.problems.join('; ')
  const epoch = chain.epochs.findLast(each => each.size < size)?.epoch ?? 1
  return signatureFault(note, size, epoch, chain.epochs, undefined)
}
