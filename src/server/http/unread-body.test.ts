import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { dropUnread, maxUnreadBytes, maxUnreadMs, unlessClosed } from './unread-body.ts'

test('dropUnread() reports more bytes than the limit', () => {
  const stream = new PassThrough()
  let calls = 0
  dropUnread(stream, () => calls++)
  stream.emit('data', Buffer.alloc(maxUnreadBytes))
  assert.equal(calls, 0)
  stream.emit('data', Buffer.alloc(1))
  assert.equal(calls, 1)
})

test('unlessClosed() reports only a stream that is still open after the limit', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const calls: string[] = []
  const [open, closed] = [new PassThrough(), new PassThrough()]
  unlessClosed(open, () => calls.push('open'))
  unlessClosed(closed, () => calls.push('closed'))
  closed.emit('close')
  t.mock.timers.tick(maxUnreadMs - 1)
  assert.deepEqual(calls, [])
  t.mock.timers.tick(1)
  assert.deepEqual(calls, ['open'])
})
