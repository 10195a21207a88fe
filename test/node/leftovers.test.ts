// A machine on which a node died together with its containers, as after a kill of everything: the next node of another data directory takes
// over the pod addresses.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { removeLeftovers } from '../../src/node/machine/leftovers.ts'
import { nodeDirectory } from '../../src/node/machine/node-directory.ts'
import { noContainers, temporaryFolder, until } from '../cluster.ts'

test('network namespaces of a dead node are removed with their routes, and its files stay', { skip: noContainers() }, async t => {
  const folder = temporaryFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const dead = nodeDirectory(join(folder, 'node'))
  const namespaces = join(dead.containerdState, 'io.containerd.grpc.v1.cri', 'netns')
  const namespace = join(namespaces, 'cni-dead')
  mkdirSync(namespaces, { recursive: true })
  writeFileSync(namespace, '')
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' })
  // A run that was killed may have left it; mostly there is none.
  spawnSync('ip', ['link', 'delete', 'bhdead0'])
  run('unshare', `--net=${namespace}`, 'true')
  // An address of the documentation's range: no node of this machine uses it.
  run('ip', 'link', 'add', 'bhdead0', 'type', 'veth', 'peer', 'name', 'bhdead1', 'netns', namespace)
  run('ip', 'link', 'set', 'bhdead0', 'up')
  run('ip', 'route', 'add', '198.51.100.2', 'dev', 'bhdead0', 'scope', 'host')
  assert.match(run('ip', 'route'), /198\.51\.100\.2 dev bhdead0/)
  await removeLeftovers('00000000', silentLogger, systemClock, AbortSignal.timeout(60_000))
  assert.doesNotMatch(run('cat', '/proc/self/mountinfo'), new RegExp(folder))
  await until('the interface is gone', () => !run('ip', 'link').includes('bhdead0'))
  assert.doesNotMatch(run('ip', 'route'), /198\.51\.100\.2/)
  assert.ok(run('ls', namespaces).includes('cni-dead'))
})
