import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { PartMessage } from '../parts/part-process.ts'
import { maxMessageBytes, PartChannel } from './part-channel.ts'

async function heard(...chunks: (string | Buffer)[]): Promise<{ messages: PartMessage[]; broken: string[]; ended: boolean }> {
  const [ours, theirs] = duplexPair()
  theirs.on('error', () => undefined)
  const messages: PartMessage[] = []
  const broken: string[] = []
  new PartChannel(ours, { onMessage: message => messages.push(message), onBroken: reason => broken.push(reason) })
  for (const chunk of chunks) {
    if (theirs.writable) theirs.write(chunk)
    await setImmediate()
  }
  return { messages, broken, ended: ours.destroyed }
}

test('PartChannel assembles messages from any pieces', async () => {
  const { messages, broken } = await heard(
    '{"type":"alive"}\n{"type":"ready","det',
    'ails":{"a":1}}\n{"type":"fatal","message":"',
    'no"}',
    '\n{"type":"ending"}\n',
  )
  assert.deepEqual(messages, [
    { type: 'alive' },
    { type: 'ready', details: { a: 1 } },
    { type: 'fatal', message: 'no' },
    { type: 'ending' },
  ])
  assert.deepEqual(broken, [])
})

test('PartChannel closes on the first unknown message', async () => {
  const others = ['null', '1', '[]', '{}', '{', '', '{"type":"ready"}', '{"type":"details","details":[]}', '{"type":"fatal","message":1}']
  for (const other of [...others, '{"cmd":"NODE_HANDLE","type":"net.Socket"}', '{"type":"toString"}']) {
    const { messages, broken, ended } = await heard(`{"type":"alive"}\n${other}\n{"type":"alive"}\n`, '{"type":"alive"}\n')
    assert.deepEqual(messages, [{ type: 'alive' }], other)
    assert.deepEqual(broken, ['an unknown message'], other)
    assert.ok(ended, other)
  }
})

test('PartChannel buffers no more of a message than its limit', async () => {
  const text = (length: number): string => `{"type":"fatal","message":"${'x'.repeat(length - 29)}"}`
  assert.equal(text(100).length, 100)
  const fits = await heard(`${text(maxMessageBytes)}\n`)
  assert.equal(fits.messages.length, 1)
  const one = await heard(`${text(maxMessageBytes + 1)}\n`)
  const endless = await heard(...Array.from({ length: 70 }, () => Buffer.alloc(16_000, 0x20)))
  for (const { messages, broken, ended } of [one, endless]) {
    assert.deepEqual(messages, [])
    assert.deepEqual(broken, [`a message of more than ${maxMessageBytes} bytes`])
    assert.ok(ended)
  }
})
