// Shows one checkpoint to a node. A node is not trusted to convict: whether the log was rolled back or is a fork is decided here, by the checkpoint
// that the node shows and the tiles of the log.
import { formatWitnessCall, maxWitnessCallBytes, type WitnessCall, type WitnessReply } from '../../../api/nodes/witness-call.ts'
import { type Checkpoint, parseCheckpoint } from '../../../base/tlog/checkpoint.ts'
import { cosignedAt } from '../../../base/tlog/cosignature.ts'
import {
  formatKey,
  isSignedBy,
  MalformedNote,
  type NoteKey,
  type NoteSignature,
  parseNote,
  parseSignatures,
} from '../../../base/tlog/note.ts'
import { isConsistent } from '../../../base/tlog/verify-proof.ts'
import { formatSubmission } from '../../../base/tlog/witness-submission.ts'
import { writeJson } from '../../../base/write-json.ts'
import { Contradiction, NodeRefusal } from './contradiction.ts'

/** A node that cosigns checkpoints. */
export interface NodeWitness {
  /** Of the Node. */
  readonly name: string
  /** What it publishes. */
  readonly key: NoteKey
  /** Undefined if the node is away, or no witness. Rejects for any other answer. */
  ask(call: WitnessCall, signal: AbortSignal): Promise<WitnessReply | undefined>
}

/** The log as far as nodes are concerned. */
export interface ShownLog {
  readonly logKey: NoteKey
  /** Of consistency. Rejects if a tile is missing. */
  proof(old: number, size: number): Promise<Buffer[]>
}

export interface ShownCheckpoint {
  readonly note: string
  /** What the node cosigned last, as far as is known. */
  readonly oldSize: number
}

/** A node forgets, or has cosigned a checkpoint whose answer was lost: then what it knows is asked for once, and shown again. */
const maxTries = 3
const maxText = 300

/**
 * Resolves with the cosignatures and the size of what the node has cosigned now, or undefined if the node is away. Rejects with a `Contradiction`
 * that the node has proved, a `NodeRefusal`, or with another Error if the node could not be asked.
 */
export async function showToNode(
  witness: NodeWitness,
  log: ShownLog,
  { note, oldSize }: ShownCheckpoint,
  signal: AbortSignal,
): Promise<{ readonly signatures: readonly NoteSignature[]; readonly size: number } | undefined> {
  const { text } = parseNote(note)
  const shown = parseCheckpoint(text)
  // A log that is shorter than what this process has shown is refused by the node.
  let old = oldSize > shown.size ? 0 : oldSize
  for (let tries = 0; tries < maxTries; tries++) {
    const call = {
      logKey: formatKey(log.logKey),
      submission: formatSubmission({ oldSize: old, proof: await log.proof(old, shown.size), checkpoint: note }),
    }
    if (formatWitnessCall(call).length > maxWitnessCallBytes) throw new Error('the checkpoint is too large for a node')
    const reply = await witness.ask(call, signal)
    if (reply === undefined) return undefined
    if (reply.status === 200) return { signatures: cosignaturesOf(reply, text, witness), size: shown.size }
    const known = await knownSize(reply, witness, log, shown)
    if (known === old) throw claim(witness, 'that this log does not continue what it saw')
    old = known
  }
  throw new NodeRefusal(`node ${witness.name} changes what it saw`)
}

function cosignaturesOf({ body }: WitnessReply, text: string, { name, key }: NodeWitness): NoteSignature[] {
  const signatures = signaturesIn(body)
  if (cosignedAt({ text, signatures }, key) === undefined)
    throw new NodeRefusal(`the answer of node ${name} is not signed by the key that its Node publishes`)
  return signatures.filter(signature => signature.name === key.name)
}

/** What the node has cosigned, from its refusal. */
async function knownSize(reply: WitnessReply, witness: NodeWitness, log: ShownLog, shown: Checkpoint): Promise<number> {
  const said = writeJson(reply.body.slice(0, maxText).trim())
  if (reply.status !== 409 && reply.status !== 422) throw new NodeRefusal(`node ${witness.name} refuses the checkpoint: ${said}`)
  // The node has forgotten the log: whoever may write its disk can also take its key, and nothing is lost here.
  if (reply.seen === undefined && reply.status === 409 && reply.body === '0\n') return 0
  const seen = reply.seen === undefined ? undefined : signedCheckpoint(reply.seen, log.logKey)
  if (seen === undefined)
    throw claim(witness, reply.status === 409 ? `that it saw ${said} of this log` : 'that this log does not continue what it saw')
  if (seen.origin !== shown.origin)
    throw new NodeRefusal(
      `node ${witness.name} saw another log that the key of this one signed, ${seen.origin} with ${seen.size} records: this log replaced it. The node says ${said}`,
    )
  if (seen.size > shown.size)
    throw new Contradiction(`node ${witness.name} saw ${seen.size} records, and the log has ${shown.size}: it was rolled back`)
  const hashes = await log.proof(seen.size, shown.size)
  if (!isConsistent({ oldSize: seen.size, oldRoot: seen.root, size: shown.size, root: shown.root, hashes }))
    throw new Contradiction(`node ${witness.name} saw other records among the first ${seen.size}: this log is a fork`)
  return seen.size
}

const claim = ({ name }: NodeWitness, what: string): NodeRefusal =>
  new NodeRefusal(`node ${name} claims ${what}, without a checkpoint that this log signed and that shows it`)

/** Undefined for what the key of this log did not sign; it may be one of another log, if the key of this one signed that, too. */
function signedCheckpoint(note: string, { publicKey, type }: NoteKey): Checkpoint | undefined {
  try {
    const parsed = parseNote(note)
    const checkpoint = parseCheckpoint(parsed.text)
    return isSignedBy(parsed, { name: checkpoint.origin, type, publicKey }) === true ? checkpoint : undefined
  } catch (err) {
    if (err instanceof MalformedNote) return undefined
    throw err
  }
}

function signaturesIn(text: string): NoteSignature[] {
  try {
    return parseSignatures(text)
  } catch (err) {
    if (err instanceof MalformedNote) return []
    throw err
  }
}
