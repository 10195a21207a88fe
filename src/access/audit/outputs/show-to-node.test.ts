import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readWitnessKey, type WitnessCall, type WitnessReply } from '../../../api/nodes/witness-call.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { cosignedAt } from '../../../base/tlog/cosignature.ts'
import { parseNote } from '../../../base/tlog/note.ts'
import { WitnessedLog } from '../../../base/tlog/witnessed-log.testing.ts'
import { NodeWitness as NodeOwnWitness } from '../../../node/witness/node-witness.ts'
import { Contradiction, NodeRefusal } from './contradiction.ts'
import { type NodeWitness, showToNode } from './show-to-node.ts'

const parent = await mkdtemp(join(tmpdir(), 'show-to-node-'))
after(() => rm(parent, { recursive: true }))
let count = 0
const never = new AbortController().signal

/** A node as it is; `lie` changes or replaces its replies. */
async function nodeWith(lie: (reply: WitnessReply, call: WitnessCall) => WitnessReply | undefined = reply => reply): Promise<NodeWitness> {
  const own = await NodeOwnWitness.open({ nodeName: 'n2', folder: join(parent, String(count++)), clock: systemClock, log: silentLogger })
  const key = readWitnessKey(own.key, 'n2')
  assert.ok(key)
  return { name: 'n2', key, ask: async call => lie(await own.answer(call), call) }
}

const show = (node: NodeWitness, log: WitnessedLog, size: number, oldSize = 0) =>
  showToNode(node, { logKey: log.key, proof: async (old, now) => log.proof(old, now) }, { note: log.note(size), oldSize }, never)

test('showToNode() gets a cosignature, also from a node that knows more or less of the log than this process', async () => {
  const [node, log] = [await nodeWith(), new WitnessedLog()]
  for (const [size, oldSize] of [
    [2, 0],
    [4, 0],
    [8, 4],
    [8, 8],
    [16, 0],
  ] as const) {
    const shown = await show(node, log, size, oldSize)
    assert.equal(shown?.size, size)
    assert.ok(cosignedAt({ ...parseNote(log.note(size)), signatures: shown.signatures }, node.key))
  }
  assert.equal((await show(await nodeWith(), log, 8, 4))?.size, 8)
})

test('showToNode() resolves with undefined for a node that is away', async () => {
  assert.equal(await show(await nodeWith(() => undefined), new WitnessedLog(), 2), undefined)
})

test('showToNode() rejects with a Contradiction if the node shows a checkpoint of more records, or of others', async () => {
  const [node, log] = [await nodeWith(), new WitnessedLog()]
  await show(node, log, 8)
  for (const oldSize of [0, 2, 4, 8]) {
    const rolledBack = show(node, log, 4, oldSize)
    await assert.rejects(
      rolledBack,
      (err: Error) => err instanceof Contradiction && /^node n2 saw 8 records, and the log has 4/.test(err.message),
    )
  }
  const fork = new WitnessedLog({ like: log, history: 'other' })
  for (const [size, oldSize] of [
    [8, 0],
    [8, 8],
    [16, 8],
    [16, 0],
  ] as const)
    await assert.rejects(
      show(node, fork, size, oldSize),
      (err: Error) => err instanceof Contradiction && /among the first 8: this log is a fork/.test(err.message),
    )
})

const stranger = new WitnessedLog()
const lies: readonly { readonly name: string; lie(reply: WitnessReply, call: WitnessCall): WitnessReply; readonly says: RegExp }[] = [
  {
    name: 'more records, without a checkpoint',
    lie: () => ({ status: 409, body: '99\n' }),
    says: /^node n2 claims that it saw "99" of this log, without a checkpoint that this log signed/,
  },
  {
    name: 'more records, with a checkpoint by another key',
    lie: () => ({ status: 409, body: '64\n', seen: stranger.note(64) }),
    says: /^node n2 claims that it saw "64" of this log, without a checkpoint/,
  },
  {
    name: 'more records, with what is no checkpoint',
    lie: () => ({ status: 409, body: '64\n', seen: 'x' }),
    says: /^node n2 claims that it saw "64" of this log, without a checkpoint/,
  },
  {
    name: 'other records, without a checkpoint',
    lie: () => ({ status: 422, body: '' }),
    says: /^node n2 claims that this log does not continue/,
  },
  {
    name: 'other records, with a checkpoint that the log continues',
    lie: () => ({ status: 422, body: '', seen: log.note(2) }),
    says: /^node n2 claims that this log does not continue what it saw, without a checkpoint/,
  },
  {
    name: 'no reason',
    lie: () => ({ status: 403, body: 'no "reason"\n\u001b[2J' }),
    says: /^node n2 refuses the checkpoint: "no \\"reason\\"\\n\\u001b\[2J"$/,
  },
  { name: 'a cosignature that is none', lie: () => ({ status: 200, body: 'x\n' }), says: /not signed by the key that its Node publishes/ },
  { name: 'that it forgets each time', lie: () => ({ status: 409, body: '0\n' }), says: /^node n2 claims|^node n2 changes what it saw/ },
]
const log = new WitnessedLog()
for (const { name, lie, says } of lies)
  test(`showToNode() does not convict the log if a node answers with ${name}`, async () => {
    const node = await nodeWith(lie)
    await assert.rejects(show(node, log, 4), (err: Error) => err instanceof NodeRefusal && says.test(err.message))
  })

test('showToNode() takes no cosignature by another key than the Node publishes', async () => {
  const [node, other] = [await nodeWith(), await nodeWith()]
  await assert.rejects(show({ ...node, key: other.key }, log, 2), /not signed by the key that its Node publishes/)
})

test('showToNode() names the log that this one replaced, if the same key signed both', async () => {
  const node = await nodeWith()
  await show(node, log, 8)
  const replaced = new WitnessedLog({ like: log, origin: 'bulkhead.dev/audit/new' })
  await assert.rejects(
    show(node, replaced, 2),
    (err: Error) =>
      err instanceof NodeRefusal &&
      /^node n2 saw another log that the key of this one signed, bulkhead\.dev\/audit\/test with 8 records: this log replaced it\. The node says .*remove/.test(
        err.message,
      ),
  )
})

test('showToNode() of another server is a log of its own', async () => {
  const node = await nodeWith()
  await show(node, log, 8)
  assert.equal((await show(node, new WitnessedLog({ origin: 'bulkhead.dev/audit/second' }), 2))?.size, 2)
  assert.equal((await show(node, log, 16))?.size, 16)
})
