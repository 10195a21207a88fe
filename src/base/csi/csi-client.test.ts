import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CsiClient } from './csi-client.ts'
import { CsiError, maxDetails, safeDetails } from './csi-error.ts'
import { type AnswerCall, Refusal, serveCsi } from './csi-server.testing.ts'
import { maxMap, maxText, readMessage } from './read-message.ts'

const { signal } = new AbortController()

async function opened(answer: AnswerCall, timeoutMs = 10_000) {
  const socket = join(await mkdtemp(join(tmpdir(), 'csi-')), 's')
  const server = await serveCsi(socket, answer)
  const client = new CsiClient({ driver: 'disk.example.com', socket, timeoutMs })
  return {
    client,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function failure(work: Promise<unknown>): Promise<CsiError> {
  const err = await work.then(
    () => new Error('it succeeded'),
    (err: unknown) => err,
  )
  assert.ok(err instanceof CsiError, String(err))
  return err
}

test('CsiClient sends every field and reads the answer with its defaults', async () => {
  let seen: unknown
  await using driver = await opened(async (_method, request) => {
    seen = request
    return { volume: { volumeId: 'v1', capacityBytes: 2 ** 40, accessibleTopology: [{ segments: { zone: 'a' } }] } }
  })
  const answer = await driver.client.call(
    'CreateVolume',
    {
      name: 'pvc-1',
      capacityRange: { requiredBytes: 2 ** 30 },
      volumeCapabilities: [{ mount: { fsType: 'ext4', mountFlags: ['noatime'] }, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
      parameters: { tier: 'fast' },
      secrets: { password: 'hunter22' },
      volumeContentSource: { snapshot: { snapshotId: 's1' } },
      mutableParameters: { iops: '10' },
    },
    signal,
  )
  assert.equal(answer.volume?.volumeId, 'v1')
  assert.equal(answer.volume.capacityBytes, 2 ** 40)
  assert.deepEqual(answer.volume.accessibleTopology, [{ segments: { zone: 'a' } }])
  assert.deepEqual(answer.volume.volumeContext, {})
  const request = readMessage('CreateVolumeRequest', seen)
  assert.deepEqual(request.secrets, { password: 'hunter22' })
  assert.equal(request.volumeCapabilities[0]?.accessMode?.mode, 'SINGLE_NODE_WRITER')
  assert.deepEqual(request.volumeCapabilities[0]?.mount?.mountFlags, ['noatime'])
  assert.equal(request.volumeCapabilities[0]?.block, undefined)
  assert.equal(request.capacityRange?.requiredBytes, 2 ** 30)
  assert.equal(request.volumeContentSource?.snapshot?.snapshotId, 's1')
})

test('CsiClient names driver, call and code, without the secrets that the driver repeats', async () => {
  await using driver = await opened(async () => {
    throw new Refusal('UNAUTHENTICATED', 'login with hunter22\nand eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln failed')
  })
  const err = await failure(driver.client.call('DeleteVolume', { volumeId: 'v', secrets: { password: 'hunter22' } }, signal))
  assert.equal(err.code, 'UNAUTHENTICATED')
  assert.equal(
    err.message,
    'driver "disk.example.com" failed in DeleteVolume: it does not accept the credentials (UNAUTHENTICATED: login with [redacted] and [redacted] failed)',
  )
})

test('CsiClient ends a call that the driver does not answer, and says so', async () => {
  await using driver = await opened(() => Promise.withResolvers<object>().promise, 50)
  const err = await failure(driver.client.call('NodeGetInfo', {}, signal))
  assert.equal(err.code, 'DEADLINE_EXCEEDED')
  assert.equal(err.isFinal, false)
})

test('CsiClient ends a call with its signal, at the driver too', async () => {
  const ended = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  await using driver = await opened(async (_method, _request, until) => {
    begun.resolve()
    until.addEventListener('abort', () => ended.resolve(), { once: true })
    await ended.promise
    return {}
  })
  const stop = new AbortController()
  const call = driver.client.call('NodeStageVolume', { volumeId: 'v' }, stop.signal)
  await begun.promise
  stop.abort(new Error('the pod is being deleted'))
  await assert.rejects(call, /the pod is being deleted/)
  await ended.promise
})

test('CsiClient fails for a socket without a driver', async () => {
  using client = new CsiClient({ driver: 'd', socket: join(tmpdir(), 'none', 's'), timeoutMs: 5000 })
  assert.equal((await failure(client.call('Probe', {}, signal))).code, 'UNAVAILABLE')
})

test('CsiClient rejects an answer beyond its limits', async () => {
  await using driver = await opened(async method =>
    method === 'ListVolumes' ? { nextToken: 'x'.repeat(5 * 2 ** 20) } : { nodeId: 'n'.repeat(maxText + 1) },
  )
  assert.equal((await failure(driver.client.call('ListVolumes', {}, signal))).code, 'RESOURCE_EXHAUSTED')
  const err = await failure(driver.client.call('NodeGetInfo', {}, signal))
  assert.match(err.message, /NodeGetInfoResponse.nodeId has 8193 characters, at most 8192 are accepted/)
})

const wrong: readonly { readonly name: string; readonly value: unknown; readonly error: RegExp }[] = [
  { name: 'no object', value: 1, error: /Volume must be an object, got number/ },
  { name: 'a number as text', value: { volumeId: 7 }, error: /Volume.volumeId must be a text, got number/ },
  {
    name: 'a size beyond 2^53',
    value: { capacityBytes: '9223372036854775807' },
    error: /capacityBytes must be a whole number below 2\^53/,
  },
  { name: 'a map of numbers', value: { volumeContext: { a: 1 } }, error: /volumeContext must be an object of texts, got number/ },
  { name: 'a large map', value: { volumeContext: { a: 'x'.repeat(maxMap) } }, error: /volumeContext has more than 65536 characters/ },
  { name: 'a text as list', value: { accessibleTopology: 'zone' }, error: /accessibleTopology must be a list, got string/ },
  { name: 'a long list', value: { accessibleTopology: Array(10_001).fill({}) }, error: /has 10001 items, at most 10000/ },
]
for (const { name, value, error } of wrong)
  test(`readMessage() rejects ${name}`, () => assert.throws(() => readMessage('Volume', value), error))

test('readMessage() reads own properties only, and keys that are names of the prototype', () => {
  assert.equal(readMessage('Volume', Object.create({ volumeId: 'inherited' })).volumeId, '')
  const { volumeContext } = readMessage('Volume', { volumeContext: { ['__proto__']: 'x', constructor: 'y' } })
  assert.equal(Object.getPrototypeOf(volumeContext), Object.prototype)
  assert.deepEqual(Object.keys(volumeContext), ['__proto__', 'constructor'])
})

test('readMessage() reads the name of an enum by name and number, and takes others for unknown', () => {
  assert.equal(readMessage('AccessMode', { mode: 5 }).mode, 'MULTI_NODE_MULTI_WRITER')
  assert.equal(readMessage('AccessMode', { mode: 'SINGLE_NODE_WRITER' }).mode, 'SINGLE_NODE_WRITER')
  assert.equal(readMessage('AccessMode', {}).mode, 'UNKNOWN')
  assert.equal(readMessage('NodeRpc', { type: 99 }).type, 'UNKNOWN')
})

test('safeDetails() is one bounded line without secrets, control characters and short values', () => {
  assert.equal(safeDetails('a\u001b[31m\r\nb\u202e secretsecret2', ['secret', 'secretsecret2', 'a']), 'a [31m b [redacted]')
  assert.equal(safeDetails('x'.repeat(1000), []).length, maxDetails + 1)
})
