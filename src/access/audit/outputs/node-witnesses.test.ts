import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readWitnessKey, type WitnessCall, type WitnessReply } from '../../../api/nodes/witness-call.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { parseCheckpoint } from '../../../base/tlog/checkpoint.ts'
import { cosignedAt } from '../../../base/tlog/cosignature.ts'
import { formatKey, parseNote } from '../../../base/tlog/note.ts'
import { printReceipt, proveReceipt } from '../../../cli/audit/receipt.ts'
import { verifyAudit } from '../../../cli/audit/verify.ts'
import { NodeWitness as NodeOwnWitness } from '../../../node/witness/node-witness.ts'
import { AuditAlarms } from '../audit-alarms.ts'
import { event, keysOf, newDirectory, openLog } from '../audit-log.testing.ts'
import type { NodeWitness } from './show-to-node.ts'
import { Witnesses, witnessedPath } from './witnesses.ts'

type Ask = (call: WitnessCall, own: NodeOwnWitness) => Promise<WitnessReply | undefined>

async function nodeOf(folder: string, name: string, ask: Ask = (call, own) => own.answer(call)): Promise<NodeWitness> {
  const own = await NodeOwnWitness.open({ nodeName: name, folder: `${folder}.${name}`, clock: systemClock, log: silentLogger })
  const key = readWitnessKey(own.key, name)
  assert.ok(key)
  return { name, key, ask: call => ask(call, own) }
}

/** A log and its witnesses, which are the nodes of the moment. */
async function logWith(...asks: readonly (Ask | undefined)[]) {
  const directory = newDirectory()
  const write = async (...ids: string[]) => {
    await using log = await openLog(directory)
    for (const id of ids) await log.record(event('create', id))
  }
  await write('a', 'b')
  const nodes = await Promise.all(asks.map((ask, at) => nodeOf(directory, `n${at + 1}`, ask)))
  const { logKey, rootKey } = await keysOf(directory)
  const open = (folder: string) => {
    const alarms = new AuditAlarms(folder, systemClock, silentLogger)
    const witnesses = new Witnesses({ directory: folder, witnesses: [], nodes: () => nodes, logKey, alarms })
    const show = async () => witnesses.show(await readFile(join(folder, 'tlog', 'checkpoint'), 'utf8'))
    const active = () => alarms.active.map(({ name, message }) => `${name}: ${message}`)
    return {
      ...{ show, active, witnesses },
      async [Symbol.asyncDispose]() {
        await witnesses[Symbol.asyncDispose]()
        await alarms.written()
      },
    }
  }
  return { directory, write, nodes, open, logKey, rootKey }
}

/** The size that the node has cosigned; 0 if it has not. */
async function cosignedSize(folder: string, { key }: NodeWitness): Promise<number> {
  const text = await readFile(witnessedPath(folder), 'utf8').catch(() => undefined)
  if (text === undefined) return 0
  const note = parseNote(text)
  return cosignedAt(note, key) === undefined ? 0 : parseCheckpoint(note.text).size
}

test('Witnesses keeps the cosignatures of nodes, and "bulkhead audit" accepts them', async () => {
  const { directory, nodes, open, logKey, rootKey } = await logWith(undefined, undefined)
  await using opened = open(directory)
  await opened.show()
  await opened.witnesses.idle()
  assert.deepEqual(opened.active(), [])
  for (const node of nodes) assert.ok((await cosignedSize(directory, node)) > 0)
  const key = `${directory}.pub`
  await writeFile(key, `${formatKey(rootKey)}\n${formatKey(logKey)}\n`)
  const printed: string[] = []
  const print = (text: string) => void printed.push(text)
  const witnessKey = nodes.map(node => formatKey(node.key))
  assert.equal(await verifyAudit({ log: directory, key, witnessKey }, print), 0)
  assert.match(printed.join('\n'), /witness bulkhead\.dev\/node\/n1 saw the first \d+ records at .*\n.*witness bulkhead\.dev\/node\/n2 saw/)
  const stranger = await nodeOf(newDirectory(), 'n1')
  assert.equal(await verifyAudit({ log: directory, key, witnessKey: [formatKey(stranger.key)] }, print), 1)
  assert.match(printed.join('\n'), /witness "bulkhead\.dev\/node\/n1" did not cosign the checkpoint/)
  const receipt: string[] = []
  await printReceipt({ log: directory }, 'b', text => receipt.push(text))
  await writeFile(`${directory}.receipt`, receipt.join('\n'))
  assert.equal(await proveReceipt({ key, witnessKey }, `${directory}.receipt`, print), 0)
})

test('Witnesses raises an alarm if a node saw more of the log, which stays when the node has left', async () => {
  const { directory, write, nodes, open } = await logWith(undefined)
  const earlier = `${directory}.earlier`
  await cp(directory, earlier, { recursive: true })
  await write('c')
  {
    await using opened = open(directory)
    await opened.show()
    await opened.witnesses.idle()
  }
  await using back = open(earlier)
  await back.show()
  await back.witnesses.idle()
  const [alarm = '', ...more] = back.active()
  assert.match(alarm, /^witness node n1: node n1 saw \d+ records, and the log has \d+: it was rolled back$/)
  assert.deepEqual(more, [])
  nodes.pop()
  await back.show()
  await back.witnesses.idle()
  assert.deepEqual(back.active(), [alarm])
})

test('Witnesses raises no alarm for a node that is away, and a claim of a node ends with the node', async () => {
  let lies = true
  const lie: Ask = async (call, own) => (lies ? { status: 409, body: '99\n' } : own.answer(call))
  const { directory, nodes, open } = await logWith(async () => undefined, lie)
  await using opened = open(directory)
  const shown = async () => {
    await opened.show()
    await opened.witnesses.idle()
    return opened.active().join('\n')
  }
  const claim =
    /^witness node n2 fault: node n2 claims that it saw "99" of this log, without a checkpoint that this log signed and that shows it$/
  assert.match(await shown(), claim)
  lies = false
  assert.equal(await shown(), '')
  lies = true
  assert.match(await shown(), claim)
  nodes.pop()
  assert.equal(await shown(), '')
})

test('Witnesses shows the newest checkpoint to each node by itself: one that hangs delays no other', async () => {
  const hung = Promise.withResolvers<void>()
  const asked: number[] = []
  const hang: Ask = async (call, own) => {
    asked.push(Number(call.submission.split('\n\n')[1]?.split('\n')[1]))
    await hung.promise
    return own.answer(call)
  }
  const { directory, write, nodes, open } = await logWith(hang, undefined)
  await using opened = open(directory)
  const [slow, fast] = nodes
  assert.ok(slow && fast)
  let size = 0
  for (const id of ['c', 'd', 'e']) {
    await write(id)
    await opened.show()
    const before = size
    await until(async () => {
      size = await cosignedSize(directory, fast)
      return size > before
    }, `a checkpoint with ${id}, cosigned by the other node`)
  }
  assert.equal(asked.length, 1)
  hung.resolve()
  await opened.witnesses.idle()
  assert.deepEqual(asked.slice(-1), [size])
  assert.deepEqual([await cosignedSize(directory, slow), opened.active()], [size, []])
})

test('Witnesses asks a node that comes later, and none while there is none', async () => {
  const { directory, nodes, open } = await logWith(undefined)
  const [node] = nodes.splice(0)
  assert.ok(node)
  await using opened = open(directory)
  await opened.show()
  await opened.witnesses.idle()
  assert.equal(await cosignedSize(directory, node), 0)
  nodes.push(node)
  await opened.show()
  await opened.witnesses.idle()
  assert.ok((await cosignedSize(directory, node)) > 0)
})
