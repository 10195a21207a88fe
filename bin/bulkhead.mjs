#!/usr/bin/env node
// The package's command: runs the bundle on Node 24 or newer, the package's own where this one is older, with V8's compile cache beside it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = relative => fileURLToPath(new URL(relative, import.meta.url))
/** Node 26 in a clone, and beside the package where it is installed. */
const own = [path('../node_modules/.bin/node'), path('../../.bin/node')].find(candidate => existsSync(candidate))
const [major] = process.versions.node.split('.').map(Number)

if (!existsSync(path('../dist/cli.js'))) fail('dist/ is missing: run "npm run build" first, or use "npm start"')
else if (major >= 24) await run()
else if (own !== undefined) handOver()
else fail(`Node ${process.version} is too old, 24 or newer is needed. From a clone use "npm start", which brings its own`)

function fail(message) {
  console.error(`bulkhead: ${message}`)
  process.exitCode = 1
}

async function run() {
  const { enableCompileCache } = await import('node:module')
  enableCompileCache(path('../dist/.compile-cache'))
  await import('../dist/cli.js')
}

function handOver() {
  const command = [own, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  process.execve?.(own, command, process.env)
  const child = spawn(own, command.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // The terminal sends Ctrl-C to both: the cluster stops, and then so does this one.
  process.on('SIGINT', () => undefined)
  child.on('error', err => fail(err.message))
  child.on('exit', code => {
    process.exitCode = code ?? 1
  })
}
