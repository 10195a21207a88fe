// Does work in the process without rights: reads one line of work, writes one line of answer, and ends. `runIsolated()` starts the process.
import { createInterface } from 'node:readline'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject, isTexts, parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { IsolatedAnswer, IsolatedWork } from './isolated-work.ts'

/** Throws if something could still be written or started: then nothing hostile is read. */
function requireNoRights(): void {
  const { permission } = process
  const held = ['fs.write', 'child', 'worker', 'wasi', 'addon'].filter(right => permission?.has(right) ?? true)
  if (held.length > 0) throw new Error(`The process has rights that it must not have: ${held.join(', ')}`)
}

type Works = Readonly<Record<string, () => Promise<IsolatedWork>>>

async function answerTo(line: string, works: Works, signal: AbortSignal): Promise<IsolatedAnswer> {
  try {
    requireNoRights()
    const request = parseJson(line)
    const { work: name, input, paths } = isJsonObject(request) ? request : {}
    const load = typeof name === 'string' ? getOwn(works, name) : undefined
    if (load === undefined || !isTexts(paths)) throw new Error('The request names no work')
    return { value: await (await load()).run(input, paths, signal) }
  } catch (err) {
    if (err instanceof UserError) return { problem: err.message }
    throw err
  }
}

/** `works` are loaded by the name in the request. */
export function serveWork(works: Works): void {
  const stop = new AbortController()
  const lines = createInterface({ input: process.stdin })
  // The caller has ended: nobody waits for an answer.
  lines.once('close', () => stop.abort(new UserError('Interrupted')))
  lines.once('line', line => {
    answerTo(line, works, stop.signal).then(
      answer => {
        process.stdout.write(`${writeJson(answer)}\n`, () => process.stdin.destroy())
      },
      (err: unknown) => {
        process.stderr.write(err instanceof Error ? (err.stack ?? err.message) : String(err))
        process.exitCode = 1
        process.stdin.destroy()
      },
    )
  })
}
