import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../base/testing/wait-until.testing.ts'
import { problemsOf, verifyBackup } from '../cli/backup/verify-backup.ts'
import { configMaps } from '../client/resources.ts'
import { startBackups } from './backup.testing.ts'
import { readChain } from './chain.ts'
import { planRestore } from './restore-plan.ts'

test('a full backup and the changes after it restore to every revision', async () => {
  await using all = await startBackups()
  const { cluster, backups, signal, key, identity } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  const create = async (name: string) => {
    const made = await cluster.client.create(configMaps, 'default', { metadata: { name }, data: { value: name } }, signal)
    return Number(made.metadata.resourceVersion)
  }
  const first = await create('one')
  const second = await create('two')
  await cluster.client.delete(configMaps, 'default', 'one', {}, signal)
  const made = await backups.request(false, undefined)
  assert.ok(made.link.content.revision > second)
  await using target = await all.target()
  const chain = await readChain(target, { key }, signal)
  for (const revision of [first, second, undefined]) {
    const plan = planRestore(chain, { revision })
    const result = await verifyBackup({ target, plan, identities: [identity] }, signal)
    assert.deepEqual(problemsOf(result, plan.objects), [])
    assert.ok(result.compared > 50)
  }
})
