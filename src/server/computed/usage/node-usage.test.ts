import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import type { NodeAnswer } from '../../proxy/tunnel/node-tunnel.ts'
import { maxAnswerLength, NodeUsages, parseNodeUsage, rememberedMs } from './node-usage.ts'

const usage = { at: 1, windowMs: 15_000, cpuNanocores: 5, memoryBytes: 6 }
const largest = Object.fromEntries(Object.keys(usage).map(name => [name, Number.MAX_SAFE_INTEGER]))
const whole = { node: usage, containers: [{ podUid: 'u', name: 'app', ...usage }] }

function usagesOf(answer: () => Promise<NodeAnswer> | NodeAnswer, now = () => 0) {
  const asked: string[] = []
  const requestNode = async (node: string, request: object) => {
    asked.push(`${node} ${JSON.stringify(request)}`)
    return await answer()
  }
  return {
    asked,
    usages: new NodeUsages({ tunnels: { requestNode }, containersOn: () => 1, clock: { ...systemClock, now }, log: silentLogger }),
  }
}

function answerOf(text: string, status = 200): NodeAnswer {
  const stream = new PassThrough()
  stream.end(text)
  return { status, contentType: 'application/json', stream }
}

test('NodeUsages asks a node once for all requests within some seconds', async () => {
  let now = 1000
  const { asked, usages } = usagesOf(
    () => answerOf(JSON.stringify(whole)),
    () => now,
  )
  const [first, second] = await Promise.all([usages.of('n'), usages.of('n')])
  assert.deepEqual([first, second], [whole, whole])
  now += rememberedMs - 1
  await usages.of('n')
  assert.deepEqual(asked, ['n {"kind":"kubelet","path":"stats/usage"}'])
  now += 1
  await usages.of('n')
  assert.equal(asked.length, 2)
})

const failures: readonly { readonly name: string; readonly answer: () => Promise<NodeAnswer> | NodeAnswer }[] = [
  { name: 'cannot be reached', answer: () => Promise.reject(new Error('no tunnel')) },
  { name: 'refuses', answer: () => answerOf(JSON.stringify(whole), 500) },
  { name: 'talks nonsense', answer: () => answerOf('{') },
  { name: 'says something else', answer: () => answerOf('{"containers":[{}]}') },
  { name: 'says too much', answer: () => answerOf(JSON.stringify(whole).padEnd(maxAnswerLength(1) + 1)) },
]
for (const { name, answer } of failures) {
  test(`NodeUsages takes a node that ${name} as one that measured nothing`, async () => {
    assert.deepEqual(await usagesOf(answer).usages.of('n'), { containers: [] })
  })
}

test('NodeUsages reads as much as the containers of the node can take, and never more than 1 MiB', async () => {
  const full = JSON.stringify(whole).padEnd(maxAnswerLength(1))
  assert.deepEqual(await usagesOf(() => answerOf(full)).usages.of('n'), whole)
  const containers = Array.from({ length: 1500 }, () => ({ podUid: randomUUID(), name: 'c'.repeat(63), ...largest }))
  assert.ok(JSON.stringify({ node: largest, containers }).length < maxAnswerLength(containers.length))
  assert.equal(maxAnswerLength(1_000_000), 1024 * 1024)
})

test('parseNodeUsage() reads amounts that are whole and not negative, and refuses everything else', () => {
  assert.deepEqual(parseNodeUsage(whole), whole)
  for (const wrong of [-1, 1.5, '5', null, Number.MAX_SAFE_INTEGER * 2]) {
    assert.throws(() => parseNodeUsage({ ...whole, node: { ...usage, cpuNanocores: wrong } }), /cpuNanocores/)
  }
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      try {
        parseNodeUsage(value)
      } catch (err) {
        assert.match(String(err), /the answer/)
      }
    }),
  )
})
