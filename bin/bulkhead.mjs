#!/usr/bin/env node
// The command: runs the bundle on the Node that is there, with V8's compile cache beside it. In a clone an older one hands over to the clone's own.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The oldest that runs all commands; the clone's own does it faster than any before 24. */
const oldest = [22, 13]
const preferred = 24

const path = relative => fileURLToPath(new URL(relative, import.meta.url))
const bundle = path('../dist/cli.js')
const build = path('../tools/build.mjs')
const clonesOwn = path('../node_modules/.bin/node')
const [major, minor] = process.versions.node.split('.').map(Number)
const isClone = existsSync(build) && existsSync(clonesOwn)
/** Of a published package, which has no build: a file of its own that checks all others. */
const check = path('./check-package.mjs')
const isPackage = !existsSync(build)

if (isClone && !existsSync(bundle)) {
  console.error('bulkhead: building …')
  if (spawnSync(clonesOwn, [build], { stdio: ['ignore', 2, 2] }).status !== 0) fail('the build failed: see its output above')
}
if (process.exitCode !== undefined) {
  // It is said already what failed.
} else if (!existsSync(bundle)) fail('dist/ is missing: run "npm ci", then this again; or use "npm start"')
else if (isClone && major < preferred) handOver()
else if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) await run()
else fail(`Node ${process.version} is too old, ${oldest.join('.')} or newer is needed. From a clone use "npm start", which brings its own`)

function fail(message) {
  console.error(`bulkhead: ${message}`)
  process.exitCode = 1
}

async function run() {
  if (isPackage) {
    if (!existsSync(check)) return fail('bin/check-package.mjs is missing: install the package again')
    const { checkPackage } = await import('./check-package.mjs')
    const refusal = await checkPackage(path('..'), process.argv.slice(2))
    if (refusal !== undefined) return fail(refusal)
  }
  const { enableCompileCache } = await import('node:module')
  enableCompileCache(path('../dist/.compile-cache'))
  await import('../dist/cli.js')
}

function handOver() {
  const command = [clonesOwn, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  process.execve?.(clonesOwn, command, process.env)
  const child = spawn(clonesOwn, command.slice(1), { stdio: 'inherit' })
  // Ctrl-C reaches the child twice, from the terminal and from here: it ends once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', err => fail(err.message))
  child.on('exit', code => {
    process.exitCode = code ?? 1
  })
}
