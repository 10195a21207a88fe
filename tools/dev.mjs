// `npm run dev`: a cluster with a simulated node from the sources of this clone, built and started again on each save. Flags are handed to
// `bulkhead up`. Its data are in the XDG state folder, in `bulkhead-dev`, apart from those of `npm start`. Runs on Node 20.
import { spawn, spawnSync } from 'node:child_process'
import { watch } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { ensureNpmPackages, entry, root } from './packages.mjs'

const flags = process.argv.slice(2)
const state = process.env.XDG_STATE_HOME
const dataDirectory = join(state && isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'bulkhead-dev')
const given = name => flags.some(flag => flag === name || flag.startsWith(`${name}=`))
const upFlags = [
  ...(given('--data-dir') ? [] : ['--data-dir', dataDirectory]),
  ...(given('--simulated-nodes') || given('--control-plane-only') ? [] : ['--simulated-nodes', '1']),
  ...flags,
]
/** Editors write a file in several steps: one build for all of them. */
const quietMs = 200

await entry(() => {
  const node = ensureNpmPackages()
  return new Promise(resolve => {
    let cluster
    let timer
    let stopping = false
    let busy = false

    const build = () => spawnSync(node, [join(root, 'tools', 'build.mjs')], { cwd: root, stdio: 'inherit' }).status === 0

    function start() {
      const child = spawn(node, [join(root, 'bin', 'bulkhead.mjs'), 'up', ...upFlags], { stdio: 'inherit' })
      cluster = child
      child.on('exit', () => {
        if (cluster === child) cluster = undefined
        if (stopping) resolve(0)
        else if (!busy) console.log('The cluster ended. Save a file to start it again.')
      })
    }

    function stop() {
      return new Promise(done => {
        if (cluster === undefined) return done()
        cluster.once('exit', () => done())
        cluster.kill('SIGTERM')
      })
    }

    async function restart() {
      if (busy || stopping) return changed()
      busy = true
      // The running cluster loads parts of its bundle late: it is stopped before the bundle is replaced.
      await stop()
      if (build() && !stopping) start()
      busy = false
    }

    function changed() {
      clearTimeout(timer)
      if (!stopping) timer = setTimeout(restart, quietMs)
    }

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => {
        stopping = true
        clearTimeout(timer)
        if (cluster === undefined) resolve(0)
        // The terminal has sent Ctrl-C to the cluster too.
        else if (signal !== 'SIGINT') cluster.kill(signal)
      })
    watch(join(root, 'src'), { recursive: true }, (_event, name) => {
      if (name?.endsWith('.ts') && !name.endsWith('.test.ts')) changed()
    })
    if (build()) start()
  })
})
process.exit()
