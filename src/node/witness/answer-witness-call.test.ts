import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import { after, test } from 'node:test'
import { formatWitnessCall, maxWitnessCallBytes, readWitnessReply, type WitnessCall } from '../../api/nodes/witness-call.ts'
import { ApiError } from '../../api/status.ts'
import { answerWitnessCall } from './answer-witness-call.ts'

const seen: WitnessCall[] = []
const witness = {
  answer: async (call: WitnessCall) => {
    seen.push(call)
    return { status: 409, body: '4\n', seen: 'note' }
  },
}
const server = createServer()
let isWitness = true
server.on('stream', (stream, headers) => {
  answerWitnessCall(stream, headers[':method'], isWitness ? witness : undefined).catch((err: unknown) => {
    stream.respond({ ':status': err instanceof ApiError ? err.status.code : 500 })
    stream.end()
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const session = connect(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
after(() => {
  session.destroy()
  server.close()
})

async function ask(body: string, method = 'POST'): Promise<{ status: number; text: string }> {
  const stream = session.request({ ':method': method, ':path': '/audit-witness' })
  stream.end(body)
  const [headers] = await once(stream, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return { status: Number(headers[':status']), text: Buffer.concat(chunks).toString() }
}

const call: WitnessCall = { logKey: 'log+key', submission: 'old 0\n\nnote' }

test('answerWitnessCall() hands the call to the witness, and its reply back', async () => {
  const { status, text } = await ask(formatWitnessCall(call))
  assert.deepEqual([status, readWitnessReply(text)], [200, { status: 409, body: '4\n', seen: 'note' }])
  assert.deepEqual(seen, [call])
})

for (const [name, body, status, method] of [
  ['no JSON', 'x', 400, 'POST'],
  ['a list', '[]', 400, 'POST'],
  ['a call without a key', '{"submission":"x"}', 400, 'POST'],
  ['a number for the submission', '{"logKey":"x","submission":1}', 400, 'POST'],
  ['a body that is too long', formatWitnessCall({ ...call, submission: 'x'.repeat(maxWitnessCallBytes) }), 400, 'POST'],
  ['another method', formatWitnessCall(call), 405, 'PUT'],
] as const)
  test(`answerWitnessCall() refuses ${name}`, async () => {
    const before = seen.length
    assert.equal((await ask(body, method)).status, status)
    assert.equal(seen.length, before)
  })

test('answerWitnessCall() answers 404 for a simulated node', async () => {
  isWitness = false
  assert.equal((await ask(formatWitnessCall(call))).status, 404)
})

test('readWitnessReply() takes a reply, and nothing else', () => {
  for (const text of ['', '[]', '{}', '{"status":"200","body":""}', '{"status":200}', '{"status":409,"body":"","seen":1}'])
    assert.throws(() => readWitnessReply(text), /none of a witness/)
})
