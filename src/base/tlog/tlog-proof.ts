// Proofs of C2SP tlog-proof: an entry's index, its inclusion proof, and the checkpoint, as one text that verifies offline.
import { hashBytes } from './hashes.ts'
import { base64, MalformedNote } from './note.ts'
import { maxProofHashes } from './verify-proof.ts'

const firstLine = 'c2sp.org/tlog-proof@v1'
/** Of the whole text: an entry of 64 MiB in base64 fits. */
export const maxProofTextBytes = 96 << 20

export interface TlogProof {
  /** Not authenticated by itself. */
  readonly extra: Buffer | undefined
  readonly index: number
  readonly hashes: readonly Buffer[]
  /** A signed note. */
  readonly checkpoint: string
}

export function formatProof({ extra, index, hashes, checkpoint }: TlogProof): string {
  const lines = [
    firstLine,
    ...(extra === undefined ? [] : [`extra ${extra.toString('base64')}`]),
    `index ${index}`,
    ...hashes.map(hash => hash.toString('base64')),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** Throws `MalformedNote`. */
export function parseProof(text: string): TlogProof {
  const fail = (what: string): never => {
    throw new MalformedNote(`as a proof ${what}`)
  }
  if (text.length > maxProofTextBytes) return fail(`it has more than ${maxProofTextBytes} bytes`)
  const split = text.indexOf('\n\n')
  if (split < 0) return fail('it has no empty line before its checkpoint')
  const lines = text.slice(0, split).split('\n')
  if (lines.shift() !== firstLine) return fail(`its first line must be "${firstLine}"`)
  const extra = lines[0]?.startsWith('extra ')
    ? (base64(lines.shift()?.slice('extra '.length) ?? '') ?? fail('its extra data is no base64'))
    : undefined
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '')?.[1] ?? fail('it has no line "index NUMBER"')
  if (lines.length > maxProofHashes) return fail(`it has more than ${maxProofHashes} hashes`)
  const hashes = lines.map(line => {
    const bytes = base64(line)
    return bytes?.length === hashBytes ? bytes : fail('a line is no SHA-256 hash in base64')
  })
  return { extra, index: Number(index), hashes, checkpoint: text.slice(split + 2) }
}
