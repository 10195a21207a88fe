// This build starts on the data directory of each earlier release, and finds everything as it was left.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bulkhead, noKubectl, TestCluster, temporaryFolder } from '../cluster.ts'
import { usesEtcd } from '../test-store.ts'
import { contentOf, folder, largeText, namespace, readObjects, releases, tar } from './older-data.ts'

for (const release of releases())
  describe(`a data directory of ${release}`, { skip: noKubectl || (usesEtcd && 'it is a data directory of SQLite') }, () => {
    const { objects, revision } = contentOf(release)
    let dataDirectory: string
    let cluster: TestCluster

    before(async () => {
      dataDirectory = temporaryFolder()
      // As with `cp -r`, nothing of the owners stays.
      await tar('-xzf', join(folder, `${release}.tar.gz`), '-C', dataDirectory, '--no-same-owner')
      cluster = await start()
    })

    after(async () => {
      await cluster?.[Symbol.asyncDispose]()
      rmSync(dataDirectory, { recursive: true, force: true })
    })

    const start = () => TestCluster.start({ dataDirectory, flags: ['--control-plane-only'] })

    test('has every object as it was, at later revisions', async () => {
      const found = await readObjects(cluster)
      assert.ok(Object.keys(objects).length > 15)
      for (const [name, object] of Object.entries(objects)) assert.deepEqual(found.objects[name], object, name)
      assert.ok(found.revision >= revision)
      assert.equal(await cluster.kubectl('get', 'configmap', 'large', '-n', namespace, '-o', 'jsonpath={.data.text}'), largeText)
    })

    test('is written on, and its policies and DenyRules are in force', async () => {
      const red = await cluster.tryKubectl(['create', 'configmap', 'red', '-n', namespace, '--from-literal=colour=red'])
      assert.match(red.stderr, /not red/)
      const pod = (await cluster.kubectl('get', 'pods', '-n', namespace, '-o', 'name')).split('\n')[0] ?? ''
      const shell = await cluster.tryKubectl(['exec', '-n', namespace, pod, '--', 'sh'])
      assert.notEqual(shell.code, 0)
      assert.match(shell.stderr, /use the break-glass procedure/)
      await cluster.kubectl('scale', 'deployment', 'web', '-n', namespace, '--replicas=3')
      await cluster.kubectl('wait', '--for=jsonpath={.status.replicas}=3', 'deployment/web', '-n', namespace)
      await cluster.kubectl('patch', 'orders.shop.example.com', 'first', '-n', namespace, '--type=merge', '-p', '{"spec":{"paid":true}}')
    })

    test('has an audit log that goes on, and verifies from its first record', async () => {
      const { code, stdout, stderr } = await bulkhead('audit', 'verify', '--data-dir', dataDirectory)
      assert.equal(code, 0, stderr)
      assert.match(stdout, /The log is whole and unchanged/)
    })

    test('starts again', async () => {
      assert.equal(await cluster.stop(), 0)
      cluster = await start()
      assert.equal(await cluster.kubectl('get', 'orders.shop.example.com', 'first', '-n', namespace, '-o', 'jsonpath={.spec.paid}'), 'true')
    })
  })
