// The `add-checkpoint` call of C2SP tlog-witness: what a log sends, and what a witness answers.
import type { KeyObject } from 'node:crypto'
import { parseCheckpoint } from './checkpoint.ts'
import { cosign } from './cosignature.ts'
import { emptyRoot, hashBytes } from './hashes.ts'
import { base64, isSignedBy, MalformedNote, type NoteKey, parseNote, signatureLine } from './note.ts'
import { isConsistent, maxProofHashes } from './verify-proof.ts'

export const maxSubmissionBytes = 64 << 10

export interface Submission {
  readonly oldSize: number
  readonly proof: readonly Buffer[]
  /** A signed checkpoint. */
  readonly checkpoint: string
}

export const formatSubmission = ({ oldSize, proof, checkpoint }: Submission): string =>
  `old ${oldSize}\n${proof.map(hash => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`

/** Throws `MalformedNote`. */
export function parseSubmission(text: string): Submission {
  const fail = (what: string): never => {
    throw new MalformedNote(`as a submission ${what}`)
  }
  if (text.length > maxSubmissionBytes) return fail(`it has more than ${maxSubmissionBytes} bytes`)
  const split = text.indexOf('\n\n')
  if (split < 0) return fail('it has no empty line before its checkpoint')
  const [first = '', ...lines] = text.slice(0, split).split('\n')
  const old = /^old (0|[1-9][0-9]{0,15})$/.exec(first)?.[1] ?? fail('its first line must be "old SIZE"')
  if (lines.length > maxProofHashes) return fail(`it has more than ${maxProofHashes} hashes`)
  const proof = lines.map(line => {
    const hash = base64(line)
    return hash?.length === hashBytes ? hash : fail('a line is no SHA-256 hash in base64')
  })
  return { oldSize: Number(old), proof, checkpoint: text.slice(split + 2) }
}

/** The newest checkpoint of a log that a witness has cosigned. */
export interface Witnessed {
  readonly size: number
  readonly root: Buffer
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly contentType: string
  readonly body: string
  /** What the witness must store before it answers. */
  readonly store?: { readonly origin: string; readonly note: string }
}

export interface WitnessState {
  readonly name: string
  readonly privateKey: KeyObject
  /** By the origin of the log. */
  keyOf(origin: string): NoteKey | undefined
  witnessed(origin: string): Witnessed | undefined
}

const plain = 'text/plain; charset=utf-8'

/** An answer that gives the reason. */
export const refuseSubmission = (status: WitnessAnswer['status'], why: string): WitnessAnswer => ({
  ...{ status, contentType: plain, body: `${why}\n` },
})

/** The log whose checkpoint was submitted, or the answer to a malformed submission. */
export function submittedOrigin(body: string): string | WitnessAnswer {
  try {
    return parseCheckpoint(parseNote(parseSubmission(body).checkpoint).text).origin
  } catch (err) {
    if (err instanceof MalformedNote) return refuseSubmission(400, err.message)
    throw err
  }
}

/** Decides as the specification says. `seconds` since the Unix epoch. */
export function answerSubmission(body: string, witness: WitnessState, seconds: number): WitnessAnswer {
  try {
    const { oldSize, proof, checkpoint } = parseSubmission(body)
    const note = parseNote(checkpoint)
    const { origin, size, root } = parseCheckpoint(note.text)
    const key = witness.keyOf(origin)
    if (key === undefined) return refuseSubmission(404, 'the log is unknown here')
    if (isSignedBy(note, key) !== true) return refuseSubmission(403, 'no trusted key of the log signed this checkpoint')
    if (oldSize > size) return refuseSubmission(400, 'the old size is larger than the checkpoint')
    const known = witness.witnessed(origin) ?? { size: 0, root: emptyRoot }
    if (oldSize !== known.size) return { status: 409, contentType: 'text/x.tlog.size', body: `${known.size}\n` }
    if (size === known.size && !root.equals(known.root)) return refuseSubmission(409, 'another tree of this size was cosigned')
    if (!isConsistent({ oldSize, oldRoot: known.root, size, root, hashes: proof }))
      return refuseSubmission(422, 'the checkpoint does not continue the one that was cosigned')
    const cosignature = signatureLine(cosign(note.text, witness.name, witness.privateKey, seconds))
    return { status: 200, contentType: plain, body: cosignature, store: { origin, note: checkpoint } }
  } catch (err) {
    if (err instanceof MalformedNote) return refuseSubmission(400, err.message)
    throw err
  }
}
