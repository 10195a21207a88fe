import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiText } from '../../../api/openapi/openapi-text.ts'
import { OpenApiReader } from './openapi-reader.ts'

const request = { group: 'g', version: 'v1', withV3: true }
const never = new AbortController().signal
/** About 400 KiB, which is read in a thread. */
const large = Buffer.from(
  JSON.stringify({
    paths: { '/apis/g/v1/as': { get: { responses: { 200: { schema: { $ref: '#/definitions/A' } } } } } },
    definitions: { A: { description: 'ä'.repeat(200_000), type: 'object' }, B: {} },
  }),
)

test('OpenApiReader parses large documents like small ones', async () => {
  const read = await new OpenApiReader().read(large, request, never)
  const wanted = openApiText(large, request)
  assert.deepEqual(read?.definitions.names, ['A'])
  assert.equal(read?.digest, wanted?.digest)
  assert.deepEqual(Buffer.from(read?.v3 ?? []), Buffer.from(wanted?.v3 ?? []))
})

test('OpenApiReader does not block the event loop', async () => {
  const reader = new OpenApiReader()
  let turns = 0
  let reading = true
  const done = reader.read(large, request, never).finally(() => {
    reading = false
  })
  // At once it would be over before the first turn.
  while (reading) {
    await new Promise(resolve => setImmediate(resolve))
    turns++
  }
  await done
  assert.ok(turns > 10, `${turns} turns`)
})

test('OpenApiReader reports the error of a large document, and parses the next one', async () => {
  const reader = new OpenApiReader()
  const [bad, good] = [reader.read(large.subarray(1), request, never), reader.read(large, request, never)]
  await assert.rejects(bad, /JSON/)
  assert.deepEqual((await good)?.paths.names, ['/apis/g/v1/as'])
})

test('OpenApiReader ends with the signal', async () => {
  const stop = new AbortController()
  const reading = new OpenApiReader().read(large, request, stop.signal)
  stop.abort(new Error('stopped'))
  await assert.rejects(reading, /stopped/)
})
