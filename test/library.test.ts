// The package as a user's test imports it: `startCluster()` from the built bundle.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ApiError, isReason, startCluster } from 'bulkhead'
import { deployments, pods } from '../src/client/resources.ts'
import { noKubectl, run, temporaryFolder, until } from './cluster.ts'

const { signal } = new AbortController()
const labels = { app: 'web' }
const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const podSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'web', image: 'example.com/web:1', securityContext }],
}
const web = {
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
}

test('startCluster() is ready when it returns, and a Deployment becomes running pods', async () => {
  await using cluster = await startCluster()
  await cluster.client.create(deployments, 'default', web, signal)
  await until('two running pods', async () => {
    const { items } = await cluster.client.list(pods, { namespace: 'default' }, signal)
    return items.filter(({ status }) => status?.phase === 'Running').length === 2
  })
  assert.ok(cluster.auditEvents().length > 0)
})

test('startCluster() is as secure as the real one: admission and rights apply, from the first request on', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const privileged = { metadata: { name: 'bad' }, spec: { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] } }
  await assert.rejects(cluster.client.create(pods, 'default', privileged, signal), (err: unknown) => {
    assert.ok(err instanceof ApiError && isReason(err, 'Forbidden'))
    assert.match(err.message, /violates PodSecurity "restricted:latest"/)
    return true
  })
  await assert.rejects(
    cluster.as({ name: 'mallory' }).list(pods, { namespace: 'default' }, signal),
    (err: unknown) =>
      isReason(err, 'Forbidden') && err instanceof ApiError && err.message.includes('User "mallory" cannot list resource "pods"'),
  )
})

test('startCluster() serves kubectl on request', { skip: noKubectl }, async () => {
  await using cluster = await startCluster()
  const folder = temporaryFolder()
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, await cluster.kubeconfig(), { mode: 0o600 })
  const { stdout, stderr } = await run('kubectl', ['--kubeconfig', file, '--cache-dir', join(folder, 'cache'), 'get', 'nodes'])
  assert.match(stdout, /^node-1 +Ready /m, stderr)
  rmSync(folder, { recursive: true })
})

test('two clusters in one process know nothing of each other, and leave no handle behind', async () => {
  {
    await using one = await startCluster()
    await using two = await startCluster()
    await one.client.create(deployments, 'default', web, signal)
    assert.deepEqual((await two.client.list(deployments, { namespace: 'default' }, signal)).items, [])
  }
  const left = process.getActiveResourcesInfo().filter(name => /Socket|TCP|TLS|Server|Worker|MessagePort/.test(name))
  assert.deepEqual(
    left.filter(name => !name.startsWith('TTY') && !name.startsWith('Pipe')),
    [],
  )
})
