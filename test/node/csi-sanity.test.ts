// What csi-sanity asks of drivers, asked of the node that calls them: after every code of gRPC, in every call, before or after the work is done, the next calls
// are those that the specification allows, in its order, and nothing is left with the driver.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { PersistentVolume } from '../../src/api/types/core-v1.ts'
import { grpcCodes } from '../../src/base/csi/csi-error.ts'
import { serveCsi, serveTable } from '../../src/base/csi/csi-server.testing.ts'
import { csiDrivers } from '../../src/client/resources.ts'
import { registrationTable } from '../../src/node/csi/registration-table.ts'
import { CsiNode, skip } from '../csi/csi-node.ts'
import { StrictDriver } from '../csi/strict-driver.ts'

const name = 'strict.example.com'
const codes = grpcCodes.filter(code => code !== 'OK')
/** Of these the first two are repeated by the pod, the others by the node. */
const methods = ['NodeStageVolume', 'NodePublishVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume'] as const

const volumeOf = (id: string): PersistentVolume => ({
  metadata: { name: `pv-${id}` },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Mi' }, csi: { driver: name, volumeHandle: id } },
})

async function opened() {
  const node = await new CsiNode().start()
  const driver = new StrictDriver()
  const folder = join(node.directory.plugins, name)
  for (const path of [folder, node.directory.pluginsRegistry]) mkdirSync(path, { recursive: true, mode: 0o700 })
  node.api.seed(csiDrivers, { metadata: { name }, spec: { attachRequired: false } })
  const endpoint = join(folder, 's')
  const servers = [
    await serveCsi(endpoint, driver.answer),
    await serveTable(registrationTable, join(node.directory.pluginsRegistry, `${name}-reg.sock`), async method =>
      method === 'GetInfo' ? { type: 'CSIPlugin', name, endpoint, supported_versions: ['1.0.0'] } : {},
    ),
  ]
  await node.until(() => node.csi.drivers.get(name) !== undefined, 'the driver registers')
  return {
    ...{ node, driver },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]()
      await node[Symbol.asyncDispose]()
    },
  }
}

describe('the calls of a node to a CSI driver', { skip }, () => {
  for (const method of methods)
    test(`after each code of ${method} the node goes on as the specification says`, async () => {
      await using at = await opened()
      const { node, driver } = at
      const life = async (id: string, isGivenUp: boolean) => {
        const pod = node.claiming(id, volumeOf(id))
        const isUndoing = method.startsWith('NodeUn')
        if (isUndoing) await pod.setUp()
        else await assert.rejects(pod.setUp(), new RegExp(`failed in ${method}: .*a fault of the test`))
        // A pod may be deleted before it is tried again.
        if (!isGivenUp && !isUndoing) await pod.setUp()
        await pod.tearDown()
      }
      const lives = codes.flatMap(code =>
        [false, true].flatMap(after =>
          [false, true].map(isGivenUp => {
            const id = `${code.toLowerCase().replaceAll('_', '-')}-${after}-${isGivenUp}`
            driver.faults.set(id, { method, code, after })
            return life(id, isGivenUp)
          }),
        ),
      )
      await Promise.all(lives)
      await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
      assert.deepEqual(driver.violations, [])
      assert.deepEqual(driver.left(), [])
      assert.equal(driver.faults.size, 0, 'each fault has happened')
      // A volume that the driver does not know any more is undone: it is not asked again.
      if (method === 'NodeUnstageVolume') assert.deepEqual(driver.calls.get('not-found-false-false')?.at(-1), 'NodeUnstageVolume=NOT_FOUND')
      for (const [id, calls] of driver.calls) assert.equal(calls.filter(call => call.includes('=')).length, 1, `${id}: ${calls}`)
    })

  test('two pods of a volume: staged once, published for each, unstaged after the last', async () => {
    await using at = await opened()
    const { node, driver } = at
    const [one, two] = [node.claiming('u1', volumeOf('a')), node.claiming('u2', volumeOf('a'))]
    await Promise.all([one.setUp(), two.setUp()])
    await Promise.all([one.tearDown(), two.tearDown()])
    await node.until(() => readdirSync(node.directory.csi).length === 0, 'everything is undone')
    const [stage, publish, unpublish, unstage] = methods
    assert.deepEqual(driver.calls.get('a'), [stage, publish, publish, unpublish, unpublish, unstage])
    assert.deepEqual([driver.violations, driver.left()], [[], []])
  })
})
