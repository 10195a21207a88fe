import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClosedStreams, maxGaps, maxResets } from './closed-streams.ts'

test('ClosedStreams distinguishes which side reset a stream, skipped streams, and ended ones', () => {
  const over = new ClosedStreams()
  over.began(1, 0)
  over.began(7, 1)
  over.reset(1, 'client')
  over.reset(7, 'server')
  assert.deepEqual([over.isFault(1, 'data'), over.isFault(7, 'data')], [true, false])
  for (const id of [3, 5]) assert.throws(() => over.isFault(id, 'data'), { message: `data came on stream ${id}, whose number was skipped` })
  over.began(9, 7)
  assert.throws(() => over.isFault(9, 'a header block'), { message: 'a header block came on stream 9, which is closed' })
})

test('ClosedStreams remembers a bounded number of resets and gaps', () => {
  const over = new ClosedStreams()
  for (let i = 0; i <= maxResets; i++) over.reset(2 * i + 1, 'server')
  assert.throws(() => over.isFault(1, 'data'), { message: 'data came on stream 1, which is closed' })
  assert.equal(over.isFault(3, 'data'), false)
  const first = 2 * maxResets + 3
  for (let i = 0; i <= maxGaps; i++) over.began(first + 4 * i + 2, first + 4 * i - 2)
  assert.throws(() => over.isFault(first, 'data'), { message: `data came on stream ${first}, which is closed` })
  assert.throws(() => over.isFault(first + 4, 'data'), { message: `data came on stream ${first + 4}, whose number was skipped` })
})
