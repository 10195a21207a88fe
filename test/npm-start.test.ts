// Whatever ends `npm start` ends its cluster: a service manager signals npm, a closed terminal all of it, and an impatient user kills.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { layout } from '../src/cli/up/data-directory.ts'
import { repository, TestCluster, until } from './cluster.ts'

const setpriv = existsSync('/usr/bin/setpriv')
const rows: readonly { readonly signal: NodeJS.Signals; readonly skip: boolean | string }[] = [
  { signal: 'SIGTERM', skip: false },
  // npm dies of it without a word to its script.
  { signal: 'SIGHUP', skip: setpriv ? false : 'setpriv is missing' },
]

for (const { signal, skip } of rows)
  test(`${signal} to npm alone stops the cluster that npm start runs`, { skip }, async () => {
    await using cluster = await TestCluster.start({
      command: ['npm', '--prefix', repository, 'start', '--'],
      flags: ['--simulated-nodes', '1'],
    })
    const { pid, parts } = await cluster.status()
    process.kill(cluster.pid, signal)
    const processes = [pid, ...parts.flatMap(part => part.pid ?? [])].map(String)
    await until('every process of the cluster ended', () => !readdirSync('/proc').some(entry => processes.includes(entry)))
    assert.equal(existsSync(layout(cluster.dataDirectory).supervisorSocket), false, 'it was stopped in order')
    await cluster.untilOutput('Stopping')
  })
