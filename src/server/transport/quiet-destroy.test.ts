import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { closeQuietly } from './quiet-destroy.ts'

/** A stream of a server as it was answered, and what its client got. */
async function answered(answer: (stream: ServerHttp2Stream) => void): Promise<{ stream: ServerHttp2Stream; error: unknown; text: string }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address of this form.
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const asked = session.request({ ':path': '/' })
  asked.on('error', () => undefined)
  const [stream] = (await once(server, 'stream')) as [ServerHttp2Stream]
  closeQuietly(stream)
  let error: unknown
  stream.on('error', err => {
    error = err
  })
  const closed = Promise.all([stream, asked].map(side => new Promise<void>(resolve => side.once('close', () => resolve()))))
  let text = ''
  asked.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  answer(stream)
  await closed
  session.close()
  server.close()
  return { stream, error, text }
}

test('an answer closes its stream without an error that has a stack', async () => {
  const limit = Error.stackTraceLimit
  const limits: number[] = []
  const { stream, error, text } = await answered(stream => {
    const inner = stream._destroy
    stream._destroy = (err, callback) => {
      limits.push(Error.stackTraceLimit)
      inner.call(stream, err, callback)
    }
    stream.respond({ ':status': 200 })
    stream.end('whole')
  })
  assert.deepEqual([stream.destroyed, error, text], [true, undefined, 'whole'])
  assert.ok(limits.length > 0 && limits.every(seen => seen === 0), `stacks of ${limits.join()} lines`)
  assert.equal(Error.stackTraceLimit, limit)
})

test('an error that ends a stream keeps its stack and arrives', async () => {
  const limit = Error.stackTraceLimit
  const { error } = await answered(stream => stream.destroy(new Error('broken off')))
  assert.ok(error instanceof Error && error.message === 'broken off' && error.stack?.includes('quiet-destroy.test.ts'))
  assert.equal(Error.stackTraceLimit, limit)
})
