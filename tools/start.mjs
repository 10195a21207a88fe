// `npm start`: sets this machine up, builds the bundle, and hands over to `bulkhead up`. Runs on Node 20.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBundle, ensureNpmPackages, ensureSystemPackages, entry, nodePackages, root } from './packages.mjs'

const flags = process.argv.slice(2)
const install = !flags.includes('--no-install')
const simulated = flags.some(flag => flag.startsWith('--simulated-nodes') || flag === '--control-plane-only')
const realNode = process.getuid?.() === 0 && !simulated && !flags.includes('--help')

await entry(async () => {
  const node = ensureNpmPackages({ install })
  if (realNode) ensureSystemPackages(nodePackages, { install })
  ensureBundle(node)
  const command = [...endsWithNpm(), node, join(root, 'bin', 'bulkhead.mjs'), 'up', ...flags.filter(flag => flag !== '--no-install')]
  // Becomes the cluster's supervisor if Node can (from 22.15 on): a parent that only waits would cost 40 MB.
  process.execve?.(command[0], command, process.env)
  const child = spawn(command[0], command.slice(1), { stdio: 'inherit' })
  // Ctrl-C reaches the cluster twice, from the terminal and from here: it stops once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', code => resolve(code ?? 1))
  })
})

/**
 * npm hands SIGTERM on, but dies of SIGHUP and SIGKILL by itself, and its script goes on without it. The kernel signals
 * the parent's end to a child that requests it (PR_SET_PDEATHSIG). Node cannot request it, Debian's setpriv can.
 */
function endsWithNpm() {
  const setpriv = '/usr/bin/setpriv'
  return process.env.npm_lifecycle_event === 'start' && existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', '--'] : []
}
