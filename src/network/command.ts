// Runs a program of the machine with an argument vector (never a shell), with limits on time and output.
import { spawn } from 'node:child_process'

const defaultTimeoutMs = 30_000
const maxOutput = 1 << 20

export class CommandFailed extends Error {
  readonly code: number | null
  readonly stderr: string
  constructor(command: string, args: readonly string[], code: number | null, stderr: string) {
    super(`"${[command, ...args].join(' ')}" failed with exit code ${code}: ${stderr.trim().slice(0, 500)}`)
    this.name = 'CommandFailed'
    this.code = code
    this.stderr = stderr
  }
}

/** Resolves with its output; rejects with CommandFailed for any exit code but 0. */
export function runProgram(command: string, args: readonly string[], input = '', timeoutMs = defaultTimeoutMs): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => {
      if (stdout.length < maxOutput) stdout += chunk
    })
    child.stderr.on('data', chunk => {
      if (stderr.length < maxOutput) stderr += chunk
    })
    child.on('error', reject)
    child.on('close', code => (code === 0 ? resolve(stdout) : reject(new CommandFailed(command, args, code, stderr))))
    // A program may end without reading its input; only its exit code counts.
    child.stdin.on('error', () => child.stdin.destroy())
    child.stdin.end(input)
  })
}

/** Runs what removes an address, a route, a rule or a device; what is not there need not be removed. */
export async function unlessAbsent(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (err) {
    const absent = err instanceof CommandFailed && /No such (file|process|device)|Cannot (assign|find)|Address not found/.test(err.stderr)
    if (!absent) throw err
  }
}
