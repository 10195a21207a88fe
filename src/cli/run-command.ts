// Runs a command's code: a UserError becomes one line on stderr, anything else keeps its stack; both end with the code of a failure.
import { UserError } from '../base/user-error.ts'

export async function runCommand(body: () => Promise<number> | Promise<void>, failure = 1): Promise<void> {
  try {
    const code = await body()
    if (typeof code === 'number') process.exitCode = code
  } catch (err) {
    if (err instanceof UserError) process.stderr.write(`bulkhead: ${err.message}\n`)
    else process.stderr.write(`bulkhead: ${err instanceof Error ? (err.stack ?? err.message) : String(err)}\n`)
    process.exitCode = failure
  }
}
