// What a compromised part can send to the signer, and what a broken signer does to its callers.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import { silentLogger } from '../base/log.ts'
import { createFrameReader, encodeFrame, maxFrameBytes } from '../base/net/frame.ts'
import { issuer, tokenClaims } from './claims.fixture.ts'
import { connectSigner } from './connect.ts'
import { createMemorySigner } from './memory-signer.ts'
import { PolicyViolation } from './policy.ts'
import { serveSigner } from './serve.ts'
import type { Signer } from './signer.ts'
import { SignerFailure } from './signer-failure.ts'

const { signal } = new AbortController()
const parent = await mkdtemp(join(tmpdir(), 'signer-peer-'))
after(() => rm(parent, { recursive: true }))
let count = 0
const newPath = () => join(parent, `${count++}.sock`)
const scope = { servingNames: { dnsNames: [], ipAddresses: [] }, issuer, controllerAccounts: new Set<string>() }
const serve = (path: string, signer: Signer = createMemorySigner()) =>
  serveSigner({ signer, sockets: [{ path, role: 'server' }], scope, clock: systemClock, log: silentLogger })
const now = Date.now()
const claims = (name: string, audience: string) => tokenClaims('default', name, now, [audience])

/** Sends the bytes and resolves with all answers when either side closes the connection. */
function send(path: string, bytes: Buffer, hangUp: boolean): Promise<unknown[]> {
  return new Promise(resolve => {
    const answers: unknown[] = []
    const socket = createConnection(path, () => {
      socket.write(bytes)
      if (hangUp) socket.end()
    })
    const read = createFrameReader(value => answers.push(value))
    socket.on('data', read)
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answers))
  })
}

test('serveSigner() signs a full batch of the largest tokens, and refuses only a larger one', async () => {
  const path = newPath()
  await using _server = await serve(path)
  await using signer = connectSigner(path)
  // Three bytes per character, so the bytes exceed the characters threefold.
  const largest = '\u4e2d'.repeat(2550)
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) => signer.signToken(claims(`a${i}`, i === 5 ? `${largest}${largest}` : largest), signal)),
  )
  for (const [i, result] of results.entries()) {
    if (i === 5) assert.ok(result.status === 'rejected' && result.reason instanceof PolicyViolation && result.reason.rule === 'token-size')
    else assert.equal(result.status, 'fulfilled')
  }
})

test('serveSigner() answers with an error if the answer does not fit into a frame, and continues', async () => {
  const path = newPath()
  await using _server = await serve(path, { ...createMemorySigner(), authority: async () => 'x'.repeat(maxFrameBytes) })
  await using signer = connectSigner(path)
  await assert.rejects(signer.authority('client', signal), (err: unknown) => err instanceof PolicyViolation && err.rule === 'answer-size')
  assert.equal((await signer.tokenKeys(signal)).length, 1)
})

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
const framed = (text: string) => {
  const frame = Buffer.alloc(4 + Buffer.byteLength(text))
  frame.writeUInt32BE(frame.length - 4)
  frame.write(text, 4)
  return frame
}
const hostile: { readonly name: string; readonly bytes: Buffer }[] = [
  { name: 'an invalid length', bytes: Buffer.from('ffffffff', 'hex') },
  { name: 'no JSON', bytes: framed('{') },
  { name: 'bytes that are not UTF-8', bytes: Buffer.from('00000003fffefd', 'hex') },
  { name: 'half a frame', bytes: encodeFrame({ id: 1, method: 'tokenKeys' }).subarray(0, 9) },
  { name: 'half a length', bytes: Buffer.from('0000', 'hex') },
  { name: 'null', bytes: framed('null') },
  { name: 'a list', bytes: framed('[]') },
  { name: 'a method of the object', bytes: framed('{"id":1,"method":"constructor"}') },
  { name: 'an id that is not a number', bytes: framed('{"id":{},"method":"tokenKeys"}') },
  { name: 'params that are not objects', bytes: framed('{"id":1,"method":"wrapKey","params":[1]}') },
  { name: 'invalid claims', bytes: framed('{"id":1,"method":"signTokens","params":{"claims":[null,1,[],"x",{}]}}') },
  {
    name: 'endless claims',
    bytes: framed(`{"id":1,"method":"signTokens","params":{"claims":[{"sub":"system:serviceaccount:a:b","x":${deep}}]}}`),
  },
  { name: 'a key of the wrong type', bytes: framed('{"id":1,"method":"wrapKey","params":{"key":{"length":3}}}') },
  { name: 'a head of the wrong type', bytes: framed('{"id":1,"method":"signAuditCheckpoint","params":{"size":1e999,"root":[]}}') },
  {
    name: 'invalid names',
    bytes: framed(
      '{"id":1,"method":"issueCertificate","params":{"commonName":"x","lifetimeSeconds":1,"authority":"client","csr":"","organizations":{}}}',
    ),
  },
]
for (const { name, bytes } of hostile) {
  test(`serveSigner() survives ${name}`, async () => {
    const path = newPath()
    await using _server = await serve(path)
    await using other = connectSigner(path)
    await other.tokenKeys(signal)
    for (const answer of await send(path, bytes, true)) {
      assert.ok(isJsonObject(answer))
      const { error, result } = answer
      // Each item of a batch is refused on its own.
      assert.ok(isJsonObject(error) || (Array.isArray(result) && result.every(isJsonObject)), JSON.stringify(answer))
    }
    assert.equal((await other.tokenKeys(signal)).length, 1)
  })
}

test('serveSigner() accepts at most 32 connections per socket, and existing ones continue', async () => {
  const path = newPath()
  await using _server = await serve(path)
  await using other = connectSigner(path)
  await other.tokenKeys(signal)
  const sockets: Socket[] = []
  const closed = Promise.withResolvers<void>()
  for (let i = 0; i < 40; i++) {
    const socket = createConnection(path)
    // The signer sends nothing first: an accepted connection gets an answer.
    socket.on('error', () => undefined).once('close', () => closed.resolve())
    socket.write(encodeFrame({ id: 1, method: 'tokenKeys' }))
    sockets.push(socket)
  }
  await closed.promise
  assert.equal((await other.tokenKeys(signal)).length, 1)
  for (const socket of sockets) socket.destroy()
})

/** Closes each connection as soon as it has received a whole frame. */
async function crashingSigner(path: string) {
  const methods: unknown[] = []
  const server = createServer(socket => {
    const read = createFrameReader(value => {
      methods.push(isJsonObject(value) ? value['method'] : value)
      socket.destroy()
    })
    socket.on('data', read).on('error', () => undefined)
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  return { methods, [Symbol.asyncDispose]: () => new Promise<void>(resolve => server.close(() => resolve())) }
}

test('connectSigner() never repeats a token or certificate request that was with the signer when it ended', async () => {
  const path = newPath()
  const isLost = (err: unknown) => err instanceof SignerFailure && err.why === 'lost'
  await using signer = connectSigner(path)
  {
    await using crashing = await crashingSigner(path)
    await assert.rejects(signer.signToken(claims('a', 'x'), signal), isLost)
    const names = { organizations: [], dnsNames: [], ipAddresses: [], lifetimeSeconds: 3600 }
    await assert.rejects(signer.issueCertificate({ authority: 'client', csr: Buffer.alloc(9), commonName: 'x', ...names }, signal), isLost)
    assert.deepEqual(crashing.methods, ['signTokens', 'issueCertificate'])
    // Requests without text chosen by a client are tried three times.
    await assert.rejects(signer.tokenKeys(signal), isLost)
    assert.deepEqual(crashing.methods.slice(2), ['tokenKeys', 'tokenKeys', 'tokenKeys'])
  }
  await using _server = await serve(path)
  assert.match(await signer.signToken(claims('b', 'x'), signal), /^[\w-]+\.[\w-]+\.[\w-]+$/)
})

test('connectSigner() sends nothing for callers that gave up before the signer was reachable', async () => {
  const path = newPath()
  await using signer = connectSigner(path)
  const caller = new AbortController()
  const left = [signer.auditKey(caller.signal), signer.signToken(claims('a', 'x'), caller.signal)]
  const stayed = signer.tokenKeys(signal)
  caller.abort(new Error('gone'))
  for (const call of left) await assert.rejects(call, /gone/)
  await using crashing = await crashingSigner(path)
  await assert.rejects(stayed, SignerFailure)
  assert.deepEqual(new Set(crashing.methods), new Set(['tokenKeys']))
})
