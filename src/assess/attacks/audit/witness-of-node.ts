// Attacks the code by which a node is a witness, with logs whose keys and histories this attack makes: as a server that was compromised, put back
// or replaced. What must be refused is known from how each checkpoint was made, and a cosignature is verified here.
import { generateKeyPairSync, hash, type KeyObject, verify } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519Type, formatKey, formatNote, parseNote, parseSignatures, signNote } from '../../../base/tlog/note.ts'
import { formatSubmission } from '../../../base/tlog/witness-submission.ts'
import type { ClusterMachine, ProofContext } from '../../proof.ts'

type OpenWitness = NonNullable<ClusterMachine['openWitness']>
type Witness = Awaited<ReturnType<OpenWitness>>

interface Shown {
  readonly name: string
  readonly log: ForgedLog
  readonly from: number
  readonly to: number
}

const timeBytes = 8

/** A log of 2^n records. */
class ForgedLog {
  readonly origin: string
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly #history: string

  constructor(origin: string, history: string, keys: ForgedLog['keys'] = generateKeyPairSync('ed25519')) {
    this.origin = origin
    this.#history = history
    this.keys = keys
  }

  /** RFC 6962, of a power of two. */
  #root(from: number, to: number): Buffer {
    if (to - from === 1) return sha256(Buffer.from([0]), Buffer.from(`${this.#history} ${from}`))
    const middle = (from + to) / 2
    return sha256(Buffer.from([1]), this.#root(from, middle), this.#root(middle, to))
  }

  note(size: number): string {
    const text = `${this.origin}\n${size}\n${this.#root(0, size).toString('base64')}\n`
    return formatNote({ text, signatures: [signNote(text, this.origin, this.keys.privateKey)] })
  }

  /** Of the log at the size `to`, from a half of it, from itself or from nothing. */
  call(from: number, to: number) {
    const proof = from === 0 || from === to ? [] : [this.#root(from, to)]
    return {
      logKey: formatKey({ name: this.origin, type: ed25519Type, publicKey: this.keys.publicKey }),
      submission: formatSubmission({ oldSize: from, proof, checkpoint: this.note(to) }),
    }
  }
}

const sha256 = (...parts: readonly Buffer[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer')

/** Returns how many checkpoints it showed. */
export async function attackWitnessOfNode({ attempts }: Pick<ProofContext, 'attempts'>, open: OpenWitness): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-prove-witness-'))
  try {
    const [origin, other] = ['bulkhead.dev/audit/prove', 'bulkhead.dev/audit/prove-other']
    const honest = new ForgedLog(origin, 'honest')
    const fork = new ForgedLog(origin, 'fork', honest.keys)
    const stranger = new ForgedLog(origin, 'honest')
    const replaced = new ForgedLog(other, 'replaced', honest.keys)
    const refused: readonly Shown[] = [
      { name: 'a checkpoint of a log that was rolled back', log: honest, from: 0, to: 4 },
      { name: 'a rolled back checkpoint that continues itself', log: honest, from: 4, to: 4 },
      { name: 'a fork of the same size', log: fork, from: 8, to: 8 },
      { name: 'a fork with more records', log: fork, from: 8, to: 16 },
      { name: 'a fork that begins anew', log: fork, from: 0, to: 8 },
      { name: 'a log with the same name and another key', log: stranger, from: 8, to: 16 },
      { name: 'another log by the same key', log: replaced, from: 0, to: 2 },
    ]
    await show(attempts, open, folder, { name: 'the first checkpoint', log: honest, from: 0, to: 8 }, true)
    for (const shown of refused) await show(attempts, open, folder, shown, false)
    await show(attempts, open, folder, { name: 'what continues the log', log: honest, from: 8, to: 16 }, true)
    return refused.length
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Each to a witness that has just started: what it saw must be on disk. */
async function show(
  attempts: ProofContext['attempts'],
  open: OpenWitness,
  folder: string,
  { name, log, from, to }: Shown,
  isCosigned: boolean,
): Promise<void> {
  const witness = await open(folder)
  const { status, body } = await witness.answer(log.call(from, to))
  const cosigned = status === 200 && isCosignature(body, witness, log.note(to))
  attempts.record({
    ...{
      name: `a node is shown ${name}`,
      sent: `a checkpoint of ${to} records`,
      expected: isCosigned ? 'a cosignature' : 'no cosignature',
    },
    ...{
      answered: `${status}, ${cosigned ? 'cosigned' : 'not cosigned'}`,
      held: cosigned === isCosigned && (status === 200) === isCosigned,
    },
  })
}

/** cosignature/v1 of C2SP: the time, and a signature of it and of the checkpoint. */
function isCosignature(body: string, { publicKey }: Pick<Witness, 'publicKey'>, note: string): boolean {
  const { text } = parseNote(note)
  return parseSignatures(body).some(({ signature }) => {
    if (signature.length <= timeBytes) return false
    const signed = `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n${text}`
    return verify(null, Buffer.from(signed), publicKey, signature.subarray(timeBytes))
  })
}
