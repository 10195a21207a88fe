// Asks the person at the terminal to type the path of what will be removed: a "y" is typed too easily.
import { createInterface } from 'node:readline/promises'
import { UserError } from '../../base/user-error.ts'

export interface Terminal {
  readonly isTerminal: boolean
  /** The line that was typed; rejects if the input ends. */
  ask(question: string): Promise<string>
}

/** Rejects with a UserError without a terminal, or for another path. */
export async function confirm(path: string, terminal: Terminal): Promise<void> {
  if (!terminal.isTerminal)
    throw new UserError(`Nothing was removed: without a terminal nobody can confirm it. Add --yes to remove "${path}" without a question`)
  const typed = (await terminal.ask(`Type the path of the data directory to remove it (${path}): `)).trim()
  if (typed !== path) throw new UserError(`Nothing was removed: "${path}" must be typed, got "${typed.slice(0, 200)}"`)
}

export const thisTerminal: Terminal = {
  isTerminal: process.stdin.isTTY && process.stdout.isTTY,
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stdout })
    const ended = new Promise<never>((_, reject) =>
      lines.once('close', () => reject(new UserError('Nothing was removed: the input ended before the path was typed'))),
    )
    // Also closed after the answer, when nothing waits for this any more.
    ended.catch(() => undefined)
    try {
      return await Promise.race([lines.question(question), ended])
    } finally {
      lines.close()
    }
  },
}
