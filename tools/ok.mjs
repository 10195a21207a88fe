// `npm run ok`: format, lint, types, layers, unit tests; what every commit passes. The checks of the sources run one after the other beside the tests,
// whose processes wait for one another now and then. Ends at the first that fails.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureNpmPackages, entry, root } from './packages.mjs'

const node = join(root, 'node_modules', '.bin', 'node')
const bin = name => join(root, 'node_modules', '.bin', name)
// The compiler caches its results for unchanged files.
const keptTypes = join(root, 'node_modules', '.cache', 'types.tsbuildinfo')
const checks = [
  ['layers', node, ['tools/check-layers.ts']],
  ['format and lint', bin('biome'), ['check', '--error-on-warnings']],
  ['types', bin('tsc'), ['--noEmit', '--incremental', '--tsBuildInfoFile', keptTypes]],
  ['promises', bin('oxlint'), ['--type-aware', '-c', '.oxlintrc.json', 'src', 'tools', 'bench']],
]
const running = new Set()
let failed = false

await entry(async () => {
  ensureNpmPackages()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop())
  await Promise.all([runChecks(), runStep(['unit tests', node, ['tools/run-tests.ts', 'unit']], 'inherit')])
  return failed ? 1 : 0
})

async function runChecks() {
  for (const check of checks) if (!failed) await runStep(check, 'pipe')
}

/** Runs one step. With `pipe`, its output is shown in one piece when it ends. */
async function runStep([name, command, args], output) {
  const began = performance.now()
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output] })
  running.add(child)
  const printed = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => printed.push(chunk))
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  running.delete(child)
  // A step stopped by another one's failure has not failed itself.
  if (status !== 0 && failed) return
  const line = `${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`
  process.stdout.write(`${process.stdout.isTTY ? '\r\u001b[K' : ''}${Buffer.concat(printed)}${line}`)
  if (status !== 0) stop()
}

function stop() {
  failed = true
  for (const child of running) child.kill('SIGTERM')
}
