// Runs a command: an error that the user can fix becomes one line on stderr, any other keeps its stack. Both end with the exit code of a
// failure.
import { ApiError } from '../../api/status.ts'
import { UserError } from '../../base/user-error.ts'
import { printableParagraph } from './printable.ts'

/** Commands whose exit code 1 means that something was found. */
const validating: readonly (string | undefined)[] = ['check', 'policy', 'scan', 'verify']

/** The exit code of a command that failed to do its work. */
export const failureCode = (command: string | undefined): number => (validating.includes(command) ? 2 : 1)

export async function runCommand(body: () => Promise<number> | Promise<void>, failure = 1): Promise<void> {
  try {
    const code = await body()
    if (typeof code === 'number') process.exitCode = code
  } catch (err) {
    // Part of the text comes from a server or a file.
    process.stderr.write(`bulkhead: ${printableParagraph(describeFailure(err), '  ')}\n`)
    process.exitCode = failure
  }
}

function describeFailure(err: unknown): string {
  if (err instanceof UserError) return err.message
  if (err instanceof ApiError) return `The API server refused the request (${err.status.code} ${err.status.reason}): ${err.message}`
  return err instanceof Error ? (err.stack ?? err.message) : String(err)
}

/** Aborted by Ctrl-C, and by `others`, with a reason that prints as one line. */
export function interruptible(...others: NodeJS.Signals[]): AbortSignal {
  const stop = new AbortController()
  // SIGINT can come twice: from the terminal, and from a process that forwards it.
  for (const signal of ['SIGINT', ...others] as const) process.on(signal, () => stop.abort(new UserError('Interrupted')))
  return stop.signal
}
