import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, expired } from '../../api/status.ts'
import { readWatch } from './watch-stream.ts'

async function* chunks(...parts: string[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part)
}

async function names(body: AsyncIterable<Buffer>): Promise<string[][]> {
  const all: string[][] = []
  for await (const events of readWatch(body)) all.push(events.map(({ type, object }) => `${type} ${object.metadata.name}`))
  return all
}

const frame = (type: string, name: string) => `${JSON.stringify({ type, object: { metadata: { name } } })}\n`

test('readWatch() joins events across chunks and groups events of one chunk', async () => {
  const all = frame('ADDED', 'a') + frame('MODIFIED', 'é') + frame('DELETED', 'c')
  assert.deepEqual(await names(chunks(all)), [['ADDED a', 'MODIFIED é', 'DELETED c']])
  const bytes = Buffer.from(all)
  async function* single(): AsyncGenerator<Buffer> {
    for (const byte of bytes) yield Buffer.from([byte])
  }
  assert.deepEqual(await names(single()), [['ADDED a'], ['MODIFIED é'], ['DELETED c']])
})

test('readWatch() reads escaped member names after an event with the same text as a name', async () => {
  const event = (name: string) => `{"type":"ADDED","object":{"metadata":{"watched":"","${name}":"a"}}}\n`
  const all = event(String.raw`na\\u`) + event(String.raw`na\u006de`)
  assert.deepEqual(await names(chunks(all)), [['ADDED undefined', 'ADDED a']])
})

test('readWatch() throws the ApiError of an ERROR event', async () => {
  const error = `${JSON.stringify({ type: 'ERROR', object: expired('too old').status })}\n`
  await assert.rejects(names(chunks(frame('ADDED', 'a'), error)), (err: unknown) => err instanceof ApiError && err.status.code === 410)
})

test('readWatch() gives up an event that never ends', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (let sent = 0; sent < 64; sent++) yield Buffer.alloc(1 << 20, 'x')
  }
  await assert.rejects(names(endless()), /an event has more than 16777216 bytes/)
})
