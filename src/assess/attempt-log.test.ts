import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { Transport } from '../client/transport/transport.ts'
import { AttemptLog } from './attempt-log.ts'
import { inParallel } from './in-parallel.ts'

const { signal } = new AbortController()

function answering(status: number, message: string, causes: readonly object[] = []): Transport {
  const body = JSON.stringify({ kind: 'Status', message, details: { causes } })
  return {
    request: async () => ({ status, headers: {}, body: Readable.from([Buffer.from(body)]) }),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const question = { method: 'POST', path: '/api/v1/pods' } as const

test('AttemptLog counts a refusal only with its status and the name of the rule', async () => {
  const log = new AttemptLog()
  await log.refused('host port', answering(403, 'violates hostPort'), question, { names: 'hostPort' }, signal)
  assert.deepEqual(log.found, [])
  await log.refused('other rule', answering(403, 'violates runAsNonRoot'), question, { names: 'hostPort' }, signal)
  await log.refused('admitted', answering(201, ''), question, { names: 'hostPort' }, signal)
  await log.accepted('twin', answering(403, 'no'), question, signal)
  assert.deepEqual(log.found, [
    'other rule: answered 403 (violates runAsNonRoot), expected 403 by "hostPort"',
    'admitted: answered 201, expected 403 by "hostPort"',
    'twin: answered 403 (no), expected success',
  ])
  assert.equal(log.all.length, 4)
})

test('AttemptLog counts a refusal only with its causes, at the field, and without others', async () => {
  const log = new AttemptLog()
  const refusal = { causes: { reasons: ['hostPort'], field: 'containers[1].ports[0].hostPort' } }
  const port = { reason: 'hostPort', field: 'spec.template.spec.containers[1].ports[0].hostPort' }
  const attempt = (name: string, causes: readonly object[]) => log.refused(name, answering(403, '', causes), question, refusal, signal)
  await attempt('the rule', [port])
  assert.equal(log.found.length, 0)
  await attempt('no cause', [])
  await attempt('another container', [{ ...port, field: 'spec.containers[0].ports[0].hostPort' }])
  await attempt('another rule too', [port, { reason: 'procMount', field: 'spec' }])
  assert.deepEqual(
    log.found.map(line => line.split(':')[0]),
    ['no cause', 'another container', 'another rule too'],
  )
})

test('AttemptLog cuts long answers', async () => {
  const log = new AttemptLog()
  await log.accepted('long', answering(500, 'x'.repeat(10_000)), question, signal)
  assert.ok((log.all[0]?.answered.length ?? 0) < 600)
})

test('inParallel() keeps the order of results and the width, and rejects with the first failure', async () => {
  let running = 0
  let most = 0
  const double = async (n: number): Promise<number> => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
    return 2 * n
  }
  assert.deepEqual(await inParallel([1, 2, 3, 4, 5], double, 2), [2, 4, 6, 8, 10])
  assert.equal(most, 2)
  assert.deepEqual(await inParallel([], double), [])
  await assert.rejects(
    inParallel([1], () => Promise.reject(new Error('no'))),
    /no/,
  )
})
