// What goes wrong with CSI drivers: they hang, fail, lie, lose answers and vanish, and the agent is killed at any moment. Nothing may leak, and no pod may be
// stuck.
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { CsiMethod } from '../../src/base/csi/csi-methods.ts'
import { serveTable } from '../../src/base/csi/csi-server.testing.ts'
import { csiNodes } from '../../src/client/resources.ts'
import { registrationTable } from '../../src/node/csi/registration-table.ts'
import { requireTrustedSocket } from '../../src/node/csi/trusted-path.ts'
import { CsiNode, driverName, nodeName, provisioned, skip } from '../csi/csi-node.ts'
import { loopOf } from '../csi/driver-node.ts'

const undoing: readonly CsiMethod[] = ['NodeUnpublishVolume', 'NodeUnstageVolume']
const doing: readonly CsiMethod[] = ['NodeStageVolume', 'NodePublishVolume']

describe('CSI drivers that fail', { skip }, () => {
  for (const method of doing)
    test(`a driver that hangs in ${method} is named within five seconds, and its pod ends when it is deleted`, async () => {
      await using node = await new CsiNode().start()
      const driver = await node.driver()
      driver.faults.set(method, { hang: true })
      const pod = node.claiming('u1', await provisioned(driver, 'a'))
      const deleted = new AbortController()
      const began = performance.now()
      const setUp = pod.setUp(deleted.signal)
      const said = `FailedMount: volume "v": driver "${driverName}" has not answered ${method} for 3 seconds; the call ends after 60`
      await node.until(() => node.eventTexts().includes(said), 'the event')
      assert.ok(performance.now() - began < 5000)
      deleted.abort(new Error('the pod is being deleted'))
      await assert.rejects(setUp, /the pod is being deleted/)
      driver.faults.clear()
      await pod.tearDown()
      await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
      assert.deepEqual(await node.mounts(), [])
    })

  for (const method of undoing)
    test(`a driver that fails in ${method} does not hold the end of its pod, and is called again`, async () => {
      await using node = await new CsiNode().start()
      const driver = await node.driver()
      const pod = node.claiming('u1', await provisioned(driver, 'a', { volumeMode: 'Block' }))
      await pod.setUp()
      driver.faults.set(method, { code: 'INTERNAL', times: 2 })
      await pod.tearDown()
      assert.deepEqual(readdirSync(node.directory.pods), [])
      await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
      assert.ok(driver.count(method) >= 3)
      assert.equal(await loopOf(driver.volumes.image('volume-a'), false), undefined)
      assert.ok(
        node
          .eventTexts()
          .some(text => text.includes(`driver "${driverName}" failed in ${method}: it failed inside (INTERNAL: a fault of the test)`)) ||
          method === 'NodeUnstageVolume',
      )
    })

  test('a driver that hangs in NodeUnpublishVolume holds the end of its pod for ten seconds at most', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const pod = node.claiming('u1', await provisioned(driver, 'a'))
    await pod.setUp()
    driver.faults.set('NodeUnpublishVolume', { hang: true })
    const began = performance.now()
    await pod.tearDown()
    assert.ok(performance.now() - began < 15_000)
    assert.deepEqual(readdirSync(node.directory.pods), [])
    assert.ok(node.eventTexts().some(text => text.includes(`driver "${driverName}" has not answered NodeUnpublishVolume for 3 seconds`)))
    driver.faults.clear()
    await driver.stop()
    await driver.start()
    await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
    assert.deepEqual(await node.mounts(), [])
  })

  for (const method of [...doing, ...undoing])
    test(`an answer to ${method} that was lost is repeated, and leaks nothing`, async () => {
      await using node = await new CsiNode().start()
      const driver = await node.driver()
      const pod = node.claiming('u1', await provisioned(driver, 'a', { volumeMode: 'Block' }))
      driver.faults.set(method, { loseAnswer: true, times: 1 })
      if (doing.includes(method)) await assert.rejects(pod.setUp(), new RegExp(`failed in ${method}: it cannot be reached \\(UNAVAILABLE`))
      await pod.setUp()
      await pod.tearDown()
      await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
      assert.deepEqual(await node.mounts(), [])
      assert.equal(await loopOf(driver.volumes.image('volume-a'), false), undefined)
    })

  for (const code of ['INTERNAL', 'RESOURCE_EXHAUSTED', 'PERMISSION_DENIED'] as const)
    test(`the error ${code} of a driver reaches the pod in plain words`, async () => {
      await using node = await new CsiNode().start()
      const driver = await node.driver()
      driver.faults.set('NodePublishVolume', { code, details: 'disk 7\u001b[31m is\nbroken' })
      const pod = node.claiming('u1', await provisioned(driver, 'a'))
      const words = `MountVolume.SetUp failed for volume "v" : driver "${driverName}" failed in NodePublishVolume: `
      await assert.rejects(
        pod.setUp(),
        err => err instanceof Error && err.message.startsWith(words) && err.message.endsWith(`(${code}: disk 7 [31m is broken)`),
      )
      await pod.tearDown()
    })

  for (const method of doing)
    for (const stays of [true, false])
      test(`an agent that is killed in ${method} repeats or undoes it: the pod ${stays ? 'is still there' : 'is gone'}`, async () => {
        await using node = await new CsiNode().start()
        const driver = await node.driver()
        const image = driver.volumes.image('volume-a')
        const pod = node.claiming('u1', await provisioned(driver, 'a', { volumeMode: 'Block' }))
        driver.faults.set(method, { hangAfter: true })
        const killed = new AbortController()
        const setUp = pod.setUp(killed.signal)
        await node.until(() => driver.count(method) === 1, 'the call')
        await node.until(async () => (await loopOf(image, false)) !== undefined, 'the work')
        killed.abort(new Error('killed'))
        await assert.rejects(setUp, /killed/)
        driver.faults.clear()
        await node.restart()
        await node.until(() => node.csi.drivers.get(driverName) !== undefined, 'the driver registers')
        pod.reopen()
        if (stays) await pod.setUp()
        await pod.tearDown()
        await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
        assert.deepEqual(await node.mounts(), [])
        assert.equal(await loopOf(image, false), undefined)
      })

  test('a driver that mounts after its call was given up loses no content, and its mount is removed', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const pod = node.claiming('u1', await provisioned(driver, 'a'))
    writeFileSync(join(driver.volumes.content('volume-a'), 'kept'), 'kept')
    driver.faults.set('NodePublishVolume', { slowMs: 1500, times: 1 })
    const deleted = new AbortController()
    const setUp = pod.setUp(deleted.signal)
    await node.until(() => driver.count('NodePublishVolume') === 1, 'the call')
    deleted.abort(new Error('the pod is being deleted'))
    await assert.rejects(setUp, /the pod is being deleted/)
    // As a driver that does not wait for its own earlier call.
    driver.faults.set('NodeUnpublishVolume', { code: 'ABORTED', details: 'an operation is running', times: 1 })
    await pod.tearDown()
    await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
    await node.until(async () => (await node.mounts()).length === 0, 'nothing is mounted')
    assert.equal(readFileSync(join(driver.volumes.content('volume-a'), 'kept'), 'utf8'), 'kept')
  })

  test('a pod whose folder went while no agent ran is undone', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const pod = node.claiming('u1', await provisioned(driver, 'a'))
    await pod.setUp()
    const release = node.csi.release
    node.csi.release = async () => undefined
    await pod.tearDown()
    node.csi.release = release
    await node.until(() => driver.count('NodeUnstageVolume') === 1, 'the volume is unstaged')
    await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
  })

  test('after a start of the machine a volume is staged again', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const pod = node.claiming('u1', await provisioned(driver, 'a'))
    await pod.setUp()
    await node.restart('boot-2')
    await node.until(() => node.csi.drivers.get(driverName) !== undefined, 'the driver registers')
    pod.reopen()
    await pod.setUp()
    assert.equal(driver.count('NodeStageVolume'), 2)
    await pod.tearDown()
  })

  test('a driver that is gone does not hold its pods, and does its work when it is back', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const pod = node.claiming('u1', await provisioned(driver, 'a'))
    await pod.setUp()
    await driver.stop()
    await node.until(() => node.csi.drivers.get(driverName) === undefined, 'the driver is gone')
    await pod.tearDown()
    assert.deepEqual(readdirSync(node.directory.pods), [])
    assert.equal(readdirSync(node.directory.csi).length, 1)
    await driver.start()
    await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
    assert.deepEqual(await node.mounts(), [])
  })

  test('two pods of one volume do not wait for a third one’s driver', async () => {
    await using node = await new CsiNode().start()
    const hanging = await node.driver({ name: 'slow.example.com' })
    hanging.faults.set('NodeStageVolume', { hang: true })
    const stop = new AbortController()
    const waits = node.claiming('u1', await provisioned(hanging, 'a')).setUp(stop.signal)
    const driver = await node.driver()
    const pod = node.claiming('u2', await provisioned(driver, 'b'))
    await pod.setUp()
    await pod.tearDown()
    stop.abort(new Error('stop'))
    await assert.rejects(waits, /stop/)
  })
})

describe('sockets of CSI drivers', { skip }, () => {
  test('CVE-2020-8567 and CVE-2020-8568: requireTrustedSocket() refuses what another user could have put there', async () => {
    await using node = await new CsiNode().start()
    const folder = join(node.root, 'open')
    mkdirSync(folder)
    await using _ = await serveTable(registrationTable, join(folder, 's'), async () => ({}))
    await requireTrustedSocket(join(folder, 's'))
    chownSync(join(folder, 's'), 1000, 1000)
    await assert.rejects(requireTrustedSocket(join(folder, 's')), /belongs to user 1000, and must belong to root/)
    chownSync(join(folder, 's'), 0, 0)
    chmodSync(folder, 0o777)
    await assert.rejects(requireTrustedSocket(join(folder, 's')), /other users than root may replace it, because they may write to/)
    writeFileSync(join(node.root, 'file'), '')
    await assert.rejects(requireTrustedSocket(join(node.root, 'file')), /it is not a socket/)
  })

  const wrong: readonly { readonly name: string; readonly info: object; readonly error: RegExp }[] = [
    {
      name: 'another type',
      info: { type: 'DevicePlugin', name: 'd', supported_versions: ['1.0.0'] },
      error: /only plug-ins of type CSIPlugin/,
    },
    {
      name: 'a path as name',
      info: { type: 'CSIPlugin', name: '../../x', supported_versions: ['1.0.0'] },
      error: /its name must be at most 63 letters/,
    },
    { name: 'version 0', info: { type: 'CSIPlugin', name: 'd', supported_versions: ['0.3.0'] }, error: /must support a version 1 of CSI/ },
    {
      name: 'a relative endpoint',
      info: { type: 'CSIPlugin', name: 'd', endpoint: 'x', supported_versions: ['1.0.0'] },
      error: /absolute path of a socket/,
    },
    {
      name: 'no socket',
      info: { type: 'CSIPlugin', name: 'd', endpoint: '/nowhere/s', supported_versions: ['1.0.0'] },
      error: /it is not there/,
    },
  ]
  for (const { name, info, error } of wrong)
    test(`a plug-in with ${name} is not registered, and is told why`, async () => {
      await using node = await new CsiNode().start()
      const told: string[] = []
      mkdirSync(node.directory.pluginsRegistry, { recursive: true, mode: 0o700 })
      await using _ = await serveTable(registrationTable, join(node.directory.pluginsRegistry, 'd-reg.sock'), async (method, request) => {
        if (method === 'GetInfo') return info
        told.push(JSON.stringify(request))
        return {}
      })
      await node.until(() => told.length > 0, 'the plug-in is told')
      assert.match(told[0] ?? '', error)
      await node.until(() => node.eventTexts().some(text => error.test(text)), 'the event of the node')
      assert.deepEqual(node.csi.drivers.names, [])
      assert.equal(node.api.read(csiNodes, '', nodeName)?.spec.drivers?.length ?? 0, 0)
    })

  test('a second driver of the same name does not replace the first', async () => {
    await using node = await new CsiNode().start()
    await node.driver()
    const told: string[] = []
    await using _ = await serveTable(
      registrationTable,
      join(node.directory.pluginsRegistry, 'second-reg.sock'),
      async (method, request) => {
        if (method === 'GetInfo') return { type: 'CSIPlugin', name: driverName, endpoint: '', supported_versions: ['1.0.0'] }
        told.push(JSON.stringify(request))
        return {}
      },
    )
    await node.until(() => told.length > 0, 'the plug-in is told')
    assert.match(told[0] ?? '', /is registered already, by the socket/)
  })

  test('a plug-in that does not answer delays no other', async () => {
    await using node = await new CsiNode().start()
    mkdirSync(node.directory.pluginsRegistry, { recursive: true, mode: 0o700 })
    await using _ = await serveTable(
      registrationTable,
      join(node.directory.pluginsRegistry, 'a-reg.sock'),
      () => Promise.withResolvers<object>().promise,
    )
    const began = performance.now()
    await node.driver()
    assert.ok(performance.now() - began < 9000)
  })

  test('CVE-2023-2878, CVE-2024-3744 and CVE-2025-7445: records of volumes hold no token', async () => {
    await using node = await new CsiNode().start()
    node.token = 'h.eyJleHAiOjE3MDAwMDAwMDB9.canary'
    const driver = await node.driver({}, { tokenRequests: [{ audience: 'storage' }], podInfoOnMount: true })
    const pod = node.claiming('u1', await provisioned(driver, 'a'))
    await pod.setUp()
    const context = JSON.stringify(driver.last('NodePublishVolume')?.['volumeContext'])
    assert.match(
      context,
      /\{\\"storage\\":\{\\"token\\":\\"h.eyJleHAiOjE3MDAwMDAwMDB9.canary\\",\\"expirationTimestamp\\":\\"2023-11-14T22:13:20Z\\"\}\}/,
    )
    for (const name of readdirSync(node.directory.csi))
      assert.doesNotMatch(readFileSync(join(node.directory.csi, name, 'record.json'), 'utf8'), /canary/)
    await pod.tearDown()
  })
})
