import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../base/testing/wait-until.testing.ts'
import { hasContainers } from './clean-up.ts'
import { nodeDirectory } from './node-directory.ts'

test('hasContainers() recognizes the shims of its node, and neither those of others nor other programs', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-shims-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [own, other] = ['own', 'other'].map(name => nodeDirectory(join(folder, name)))
  assert.ok(own !== undefined && other !== undefined)
  mkdirSync(dirname(own.containerdSocket), { recursive: true })
  writeFileSync(own.containerdSocket, '')
  const run = (argv0: string) => {
    const child = spawn('tail', ['-f', own.containerdSocket], { argv0, stdio: 'ignore' })
    t.after(() => child.kill('SIGKILL'))
    return new Promise(resolve => child.once('spawn', resolve))
  }
  await run('containerd')
  assert.equal(await hasContainers(own), false)
  await run('/usr/bin/containerd-shim-runc-v2')
  await until(() => hasContainers(own), 'the shim')
  assert.equal(await hasContainers(other), false)
})
