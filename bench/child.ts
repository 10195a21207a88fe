// Runs one of the bench's own programs in a fresh process: input as JSON, output as JSON.
import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { json } from 'node:stream/consumers'

export interface RunningChild {
  /** SIGTERM: "that is enough". */
  stop(): void
  readonly output: Promise<unknown>
}

/** With `nice`, it runs only on what the others leave of the processors, as if it were on a machine of its own. */
export function startChild(script: URL, input: unknown, nice?: number): RunningChild {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script.pathname], { stdio: ['pipe', 'pipe', 'inherit'] })
  if (nice !== undefined && child.pid !== undefined) setPriority(child.pid, nice)
  child.stdin.end(JSON.stringify(input))
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`${script.pathname} ended with ${code}`))))
  })
  const parsed = json(child.stdout)
  const output = exited.then(() => parsed)
  // The code that awaits `output` sees the failure of either.
  parsed.catch(() => undefined)
  return { stop: () => child.kill('SIGTERM'), output }
}
