// Runs a program for a volume, with the key on its standard input and never in its arguments, its environment or a file.
import { spawn } from 'node:child_process'

const usualTimeoutMs = 60_000
const maxOutput = 65_536

export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed'
  readonly code: number | null
  constructor(program: string, args: readonly string[], code: number | null, output: string) {
    super(`"${[program, ...args].join(' ')}" failed with exit code ${code}: ${output.trim().slice(0, 500)}`)
    this.code = code
  }
}

/** Resolves with what it printed. After `timeoutMs`, a minute by default, it is killed. Rejects with ProgramFailed for any exit code but 0, and an Error if it is missing. */
export type RunVolumeProgram = (program: string, args: readonly string[], input?: Buffer, timeoutMs?: number) => Promise<string>

export const runVolumeProgram: RunVolumeProgram = (program, args, input, timeoutMs = usualTimeoutMs) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' })
    let output = ''
    const add = (chunk: Buffer) => {
      if (output.length < maxOutput) output += chunk.toString('utf8')
    }
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    child.on('error', cause => {
      const isMissing = 'code' in cause && cause.code === 'ENOENT'
      reject(isMissing ? new Error(`program "${program}" is not installed`, { cause }) : cause)
    })
    const settle = (code: number | null) => (code === 0 ? resolve(output) : reject(new ProgramFailed(program, args, code, output)))
    child.on('close', settle)
    // What it leaves running in the background keeps its pipes open.
    child.on('exit', code => setTimeout(() => settle(code), 50).unref())
    child.stdin.on('error', () => child.stdin.destroy())
    child.stdin.end(input)
  })
