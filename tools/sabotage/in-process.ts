// Runs proofs against a cluster in one process, started from the sources with changes.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { changesVariable, root } from './changes.ts'
import type { Observation, ProofReport } from './observation.ts'
import type { Change } from './transform.ts'

const limitMs = 240_000
const maxOutput = 4000

export function observeInProcess(
  place: 'process' | 'disk',
  changes: readonly Change[],
  proofs: readonly string[],
  signal: AbortSignal,
): Promise<Observation> {
  const { promise, resolve } = Promise.withResolvers<Observation>()
  const here = import.meta.dirname
  const child = fork(join(here, 'child.ts'), [place, ...proofs], {
    cwd: root,
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', join(here, 'hook.ts')],
    env: {
      ...process.env,
      [changesVariable]: JSON.stringify(changes),
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'sabotage'),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
    signal,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-maxOutput)
    })
  let reports: readonly ProofReport[] | undefined
  child.on('message', message => {
    reports = message as readonly ProofReport[]
  })
  child.on('error', err => resolve({ failure: err.message }))
  child.on('close', (code, ended) =>
    resolve(reports === undefined ? { failure: `it ended with ${ended ?? `exit code ${code}`}: ${lastLines(output)}` } : { reports }),
  )
  return promise
}

const lastLines = (output: string): string => output.trim().split('\n').slice(-8).join(' | ')
