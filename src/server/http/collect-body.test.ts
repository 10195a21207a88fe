import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { ApiError } from '../../api/status.ts'
import { collectBody, maxBodyBytes } from './collect-body.ts'

/** The outcome of a body that comes in these pieces. */
async function collected(pieces: Iterable<Buffer>, limit = maxBodyBytes): Promise<Buffer | number | undefined> {
  const stream = new PassThrough({ highWaterMark: 1 << 30 })
  const outcome = collectBody(stream, limit, undefined).catch((err: unknown) =>
    err instanceof ApiError ? err.status.code : assert.fail(String(err)),
  )
  for (const piece of pieces) stream.write(piece)
  stream.end()
  return await outcome
}

test('collectBody() joins all chunks, even small ones', async () => {
  const pieces = Array.from({ length: 3000 }, (_, index) => Buffer.of(index % 256))
  assert.deepEqual(await collected(pieces), Buffer.concat(pieces))
  assert.deepEqual(await collected([]), Buffer.alloc(0))
})

test('collectBody() refuses a body that is too long with 413, and one in too many small pieces with 400', async () => {
  assert.equal(await collected([Buffer.alloc(6), Buffer.alloc(5)], 10), 413)
  assert.equal(await collected(Array.from({ length: 10_000 }, () => Buffer.of(1))), 400)
})
