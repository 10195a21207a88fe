// Runs a command of this build, as a person would.
import { execFile } from 'node:child_process'

export interface CommandResult {
  readonly code: number
  /** Of both outputs. */
  readonly output: string
}

export function runCommand([program = '', ...args]: readonly string[], signal: AbortSignal): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { signal, maxBuffer: 64 << 20 }, (err, out, errors) => {
      if (signal.aborted) reject(signal.reason)
      else if (err !== null && typeof err.code !== 'number') reject(err)
      else resolve({ code: child.exitCode ?? 0, output: `${out}${errors}` })
    })
  })
}
