import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerRequest } from '../http/exchange.ts'
import { recordingBody } from './audit-bodies.ts'
import { Pace } from './pace.ts'
import { readBody } from './read-body.ts'

const requestOf = (bytes: number, more: Partial<ServerRequest>): ServerRequest => ({
  ...{ method: 'POST', url: '/', headers: {}, credentials: { remoteAddress: '' }, signal: new AbortController().signal },
  end: () => undefined,
  body: async () => Buffer.alloc(bytes),
  ...more,
})

const rows: readonly { name: string; bytes: number; isWhole?: boolean; rounds: number; turns: boolean }[] = [
  { name: 'goes on at once with a body that has arrived', bytes: 10, isWhole: true, rounds: 0, turns: false },
  { name: 'goes on at once within the process', bytes: 10, rounds: 0, turns: false },
  { name: 'waits for the turn of its connection where the body comes later', bytes: 10, isWhole: false, rounds: 1, turns: false },
  { name: 'takes a turn of its own for a large body', bytes: 100_000, isWhole: true, rounds: 0, turns: true },
  { name: 'takes one for a large body that comes later', bytes: 100_000, isWhole: false, rounds: 0, turns: true },
]
for (const { name, bytes, isWhole, rounds, turns } of rows)
  for (const isRecorded of [false, true])
    test(`readBody() ${name}${isRecorded ? ', recorded for audit' : ''}`, async () => {
      let waited = 0
      const nextRound = async () => void waited++
      const sent = requestOf(bytes, isWhole === undefined ? {} : { isWhole, nextRound })
      const request = isRecorded ? recordingBody(sent, () => undefined) : sent
      let isLater = false
      setImmediate(() => {
        isLater = true
      })
      assert.equal((await readBody({ request, pace: new Pace(request) })).length, bytes)
      assert.deepEqual([waited, isLater], [rounds, turns])
    })

test('readBody() rejects where the client has left when the body is complete', async () => {
  const request = requestOf(10, { signal: AbortSignal.abort() })
  await assert.rejects(readBody({ request, pace: new Pace(request) }), /did not complete/)
})
