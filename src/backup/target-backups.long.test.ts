import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { until } from '../base/testing/wait-until.testing.ts'
import { problemsOf, verifyBackup } from '../cli/backup/verify-backup.ts'
import { configMaps } from '../client/resources.ts'
import { startBackups } from './backup.testing.ts'
import { readChain } from './chain.ts'
import { planRestore } from './restore-plan.ts'
import { TargetBackups } from './target-backups.ts'

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

test('after a restart changes follow the earlier backup, and the next backup is a full one that is verified', async () => {
  await using all = await startBackups()
  const { cluster, backups, signal, key, identity, options } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  const create = async (name: string) => {
    const made = await cluster.client.create(configMaps, 'default', { metadata: { name }, data: { value: name } }, signal)
    return Number(made.metadata.resourceVersion)
  }
  await create('before')
  await all.stopBackups()
  const between = await create('between')

  const restarted = new TargetBackups(options)
  const stop = new AbortController()
  const running = restarted.run(stop.signal)
  try {
    const later = await create('later')
    await until(() => restarted.state.problem === undefined && restarted.state.revision >= later, 'the changes')
    await using target = await all.target()
    const chain = await readChain(target, { key }, signal)
    assert.equal(chain.backups.length, 1)
    for (const revision of [between, undefined]) {
      const plan = planRestore(chain, { revision })
      assert.deepEqual(problemsOf(await verifyBackup({ target, plan, identities: [identity] }, signal), plan.objects), [])
    }
    const made = await restarted.request(false, undefined)
    assert.equal(made.link.content.base, made.link.number)
    const plan = planRestore(await readChain(target, { key }, signal))
    const result = await verifyBackup({ target, plan, identities: [made.identity] }, signal)
    assert.deepEqual(problemsOf(result, plan.objects), [])
  } finally {
    stop.abort(new Error('The test has ended'))
    await running
  }
})

test('after a restart with another recipient the target gets a full backup', async () => {
  await using all = await startBackups()
  const { backups, key, signal, options } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  await all.stopBackups()
  const recipients = [await identityToRecipient(await generateX25519Identity())]
  const stop = new AbortController()
  const restarted = new TargetBackups({ ...options, recipients })
  const running = restarted.run(stop.signal)
  try {
    await until(() => restarted.state.problem === undefined, 'the second backup')
    await using target = await all.target()
    const { backups: links } = await readChain(target, { key }, signal)
    assert.deepEqual([links.length, links.at(-1)?.recipients.includes(recipients[0] ?? '')], [2, true])
  } finally {
    stop.abort(new Error('The test has ended'))
    await running
  }
})
