// Checkpoints of C2SP tlog-checkpoint: the text of a signed note that commits to a tree.
import { hashBytes } from './hashes.ts'
import { base64, MalformedNote } from './note.ts'

export interface Checkpoint {
  /** Names the log. */
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

const maxExtensionLines = 20

/** With its line ends. */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string => `${origin}\n${size}\n${root.toString('base64')}\n`

/** Reads the text of a note; further lines are ignored, as the format says. Throws `MalformedNote`. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...further] = text.split('\n', 4 + maxExtensionLines)
  const bytes = base64(root)
  if (origin === '') throw new MalformedNote('its first line names no log')
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw new MalformedNote('its second line is no size of a tree')
  if (bytes?.length !== hashBytes) throw new MalformedNote('its third line is no SHA-256 root in base64')
  if (further.at(-1) !== '') throw new MalformedNote(`it has more than ${maxExtensionLines} further lines or ends within a line`)
  return { origin, size: Number(size), root: bytes }
}
