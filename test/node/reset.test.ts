// `bulkhead reset` after a clean stop, after a kill of everything with pods that still run, and after a kill of itself.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { command, noContainers, run, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { machineTraces, newTraces } from './machine-traces.ts'

const skip = noContainers()
/** Within Pod Security's level restricted. */
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'left', namespace: 'default' },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'c',
        image: 'bulkhead.local/busybox:1',
        command: ['sleep', '1000'],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
}
const reset = (...flags: string[]) => run(process.execPath, [command, 'reset', ...flags])

describe('reset', { skip }, () => {
  let cluster: TestCluster
  let traces: readonly string[] = []
  const folder = temporaryFolder()
  const dataDirectory = join(folder, 'd')

  before(async () => {
    traces = await machineTraces(dataDirectory)
    cluster = await TestCluster.start({ dataDirectory })
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  test('refuses while the cluster runs', async () => {
    const { code, stderr } = await reset('--data-dir', dataDirectory, '--yes')
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`A cluster runs in ".*" \\(process ${cluster.pid}\\): stop it first, with Ctrl-C`))
    assert.equal((await cluster.kubectl('get', '--raw', '/readyz')).trim(), 'ok')
  })

  test('removes everything that a killed cluster with running pods left on the machine, also when it is killed itself', async () => {
    const created = await cluster.tryKubectl(['apply', '-f', '-'], JSON.stringify(pod))
    assert.equal(created.code, 0, created.stderr)
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/left', '--timeout=60s')
    const { parts } = await cluster.status()
    for (const pid of [cluster.pid, ...parts.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))]) process.kill(pid, 'SIGKILL')
    await cluster.exited
    const left = await newTraces(dataDirectory, traces)
    for (const kind of [/^process: .*containerd-shim/, /^mount: .*overlay/, /^nft: table ip bulkhead_/, /^cgroup: /])
      assert.ok(
        left.some(line => kind.test(line)),
        `${kind} in ${left.join('\n')}`,
      )

    const asked = await reset('--data-dir', dataDirectory)
    assert.equal(asked.code, 1)
    assert.match(asked.stderr, /without a terminal nobody can confirm it\. Add --yes/)
    assert.match(asked.stdout, /pods that still run: 1/)
    assert.match(asked.stdout, /nftables: .*bulkhead_[0-9a-f]{8}_policy/)

    const first = spawn(process.execPath, [command, 'reset', '--data-dir', dataDirectory, '--yes'], { stdio: 'ignore' })
    const ended = new Promise(resolve => first.once('exit', resolve))
    await until('keys are destroyed', () => !existsSync(join(dataDirectory, 'signer', 'encryption-1.key')))
    first.kill('SIGKILL')
    await ended
    assert.equal(readFileSync(join(dataDirectory, 'version'), 'utf8'), 'reset\n')
    const up = await run(process.execPath, [command, 'up', '--data-dir', dataDirectory, '--simulated-nodes', '1'])
    assert.equal(up.code, 1)
    assert.match(up.stderr, /was being reset, and its keys are destroyed: finish that with "bulkhead reset --data-dir /)

    const { code, stdout, stderr } = await reset('--data-dir', dataDirectory, '--yes')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /kubectl-cache|Removed the cluster/)
    assert.deepEqual(await newTraces(dataDirectory, traces), [])
    assert.deepEqual(existsSync(dataDirectory) ? readdirSync(dataDirectory) : [], ['kubectl-cache'])
  })
})
