// Preloaded by `--import` into a process that runs the product from its sources: replaces the text of the sabotaged file when it is loaded, in worker threads too.
import { readFileSync } from 'node:fs'
import { registerHooks, syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import workerThreads, { type WorkerOptions } from 'node:worker_threads'
import { changesVariable, root } from './changes.ts'
import { type Change, transform } from './transform.ts'

const changes = new Map<string, Change>(
  (JSON.parse(process.env[changesVariable] ?? '[]') as Change[]).map(change => [pathToFileURL(join(root, change.file)).href, change]),
)

registerHooks({
  load(url, context, nextLoad) {
    const change = changes.get(url)
    if (change === undefined) return nextLoad(url, context)
    return { format: 'module-typescript', source: transform(readFileSync(new URL(url), 'utf8'), change), shortCircuit: true }
  },
})

// The product starts its threads without the flags of the process.
const { Worker } = workerThreads
workerThreads.Worker = class extends Worker {
  constructor(module: string | URL, options: WorkerOptions = {}) {
    super(module, { ...options, execArgv: [...(options.execArgv ?? []), '--import', import.meta.url] })
  }
}
syncBuiltinESMExports()
