// A short run on each store: sixteen clients, one kill -9 of the server, and the check of the history. Longer ones: `npm run torture`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noEtcd } from '../../src/store/etcd/etcd.testing.ts'
import { clientCount } from '../consistency/run-clients.ts'
import { startEtcdWorld } from './etcd-world.ts'
import { runTorture } from './run-torture.ts'
import { startSqliteWorld } from './sqlite-world.ts'

const seed = 1
const faults = ['kill -9 of the server']

for (const { store, start, skip } of [
  { store: 'sqlite', start: startSqliteWorld, skip: false },
  { store: 'etcd', start: startEtcdWorld, skip: noEtcd },
])
  test(`the history of sixteen clients over ${store} is consistent although the server is killed`, { skip }, async t => {
    await using world = await start()
    const plan = faults.map(name => {
      const fault = world.faults.find(each => each.name === name)
      assert.ok(fault, name)
      return fault
    })
    const { violations, operations, history, surprises } = await runTorture({ world, seed, plan, report: line => t.diagnostic(line) })
    assert.deepEqual(violations, [])
    assert.deepEqual([...surprises], [])
    // What the checker had: the clients worked before and after the fault, and their watches reached the end.
    assert.ok(operations > 400, String(operations))
    assert.equal(history.watches.filter(({ reached }) => reached !== undefined).length, clientCount)
  })
