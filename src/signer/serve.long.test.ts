import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { chmod, chown, mkdtemp, rm, stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { createFrameReader, encodeFrame, FrameError } from '../base/net/frame.ts'
import { evidenceField, statementV1, testResultV01 } from '../base/statement.ts'
import { issuer, tokenClaims } from './claims.fixture.ts'
import { connectSigner } from './connect.ts'
import { createTestCsr } from './csr.fixture.ts'
import { newKeyMaterial, privatePem } from './key-material.ts'
import { createKeySigner } from './key-signer.ts'
import { createMemorySigner } from './memory-signer.ts'
import { PolicyViolation, type SignerRole } from './policy.ts'
import { serveSigner } from './serve.ts'
import type { Signer } from './signer.ts'

const { signal } = new AbortController()
const parent = await mkdtemp(join(tmpdir(), 'signer-'))
after(() => rm(parent, { recursive: true }))
let count = 0
const servingNames = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
const scope = { servingNames, issuer, controllerAccounts: new Set<string>() }
const now = Date.now()
const claims = (name: string) => tokenClaims('default', name, now)
const csr = () => createTestCsr(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const newPath = () => join(parent, `${count++}.sock`)
const serve = (path: string, role: SignerRole, signer = createMemorySigner()) =>
  serveSigner({ signer, sockets: [{ path, role }], scope, clock: systemClock, log: silentLogger })

test('connectSigner() as administrator gets reports signed, and nothing else with that key', async () => {
  const path = newPath()
  const direct = createMemorySigner()
  await using _server = await serve(path, 'admin', direct)
  await using signer = connectSigner(path)
  assert.deepEqual(await signer.evidenceKey(signal), await direct.evidenceKey(signal))
  const predicate = { result: 'PASSED', [evidenceField]: {} }
  const subject = [{ digest: { sha256: 'a'.repeat(64) } }]
  const statement = Buffer.from(JSON.stringify({ _type: statementV1, subject, predicateType: testResultV01, predicate }))
  assert.deepEqual(await signer.signEvidence(statement, signal), await direct.signEvidence(statement, signal))
  await assert.rejects(signer.signEvidence(Buffer.from('{}'), signal), { name: 'PolicyViolation', rule: 'evidence-form' })
})

test('connectSigner() supports all methods of a signer', async () => {
  const path = newPath()
  const direct = createMemorySigner()
  await using _server = await serve(path, 'server', direct)
  await using signer = connectSigner(path)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal(await signer.authority('client', signal), await direct.authority('client', signal))
  assert.deepEqual(await signer.tokenKeys(signal), await direct.tokenKeys(signal))
  assert.deepEqual(await signer.auditKey(signal), await direct.auditKey(signal))
  const key = randomBytes(32)
  assert.deepEqual(await signer.unwrapKey((await signer.wrapKey(key, signal)).wrapped, signal), key)
  const leaf = randomBytes(32)
  const signed = await signer.signAuditCheckpoint({ size: 1, root: leaf }, [], signal)
  assert.deepEqual(await signer.auditKey(signal), {
    ...(await direct.auditKey(signal)),
    signed: { size: 1, root: leaf, note: signed.note },
  })
  const head = { revision: 9, digest: randomBytes(32) }
  assert.equal(await signer.storeHead(signal), undefined)
  await signer.keepStoreHead(head, signal)
  assert.deepEqual(await signer.storeHead(signal), head)
  const wanted = {
    authority: 'serving',
    csr: csr(),
    commonName: 'kube-apiserver',
    organizations: [],
    dnsNames: ['localhost'],
    ipAddresses: [],
    lifetimeSeconds: 3600,
  } as const
  assert.equal(new X509Certificate(await signer.issueCertificate(wanted, signal)).checkHost('localhost'), 'localhost')
})

test('serveSigner() opens a socket to its group only if configured, and to nobody else', async () => {
  const path = newPath()
  await using _server = await serveSigner({
    signer: createMemorySigner(),
    sockets: [{ path, role: 'server', groupMayConnect: true }],
    scope,
    clock: systemClock,
    log: silentLogger,
  })
  assert.equal((await stat(path)).mode & 0o777, 0o660)
})

test('serveSigner() is reachable for its group and for no other user', {
  skip: process.getuid?.() === 0 ? false : 'only root can try it as other users',
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signer-modes-'))
  after(() => rm(folder, { recursive: true }))
  // Everybody can enter the folder, so that only the socket decides.
  await chmod(folder, 0o711)
  const [open, closed] = [join(folder, 'open.sock'), join(folder, 'closed.sock')]
  await using _server = await serveSigner({
    signer: createMemorySigner(),
    sockets: [
      { path: open, role: 'server', groupMayConnect: true },
      { path: closed, role: 'admin' },
    ],
    scope,
    clock: systemClock,
    log: silentLogger,
  })
  const [user, group, stranger] = [60_001, 60_002, 60_003]
  for (const path of [open, closed]) await chown(path, 0, group)
  assert.equal(await connectAs(user, group, open), 'connected')
  assert.equal(await connectAs(user, stranger, open), 'EACCES')
  assert.equal(await connectAs(user, group, closed), 'EACCES')
})

/** The result when a process of this user and group connects. */
async function connectAs(uid: number, gid: number, path: string): Promise<string> {
  const script = `const s = require('node:net').connect(${JSON.stringify(path)});
    s.on('connect', () => { console.log('connected'); s.destroy() }); s.on('error', err => console.log(err.code))`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { uid, gid, cwd: '/', env: {} })
  return stdout.trim()
}

test('connectSigner() signs many tokens at once, each with its own claims, and a refusal does not affect the others', async () => {
  const path = newPath()
  await using _server = await serve(path, 'server')
  await using signer = connectSigner(path)
  const results = await Promise.allSettled(
    Array.from({ length: 200 }, (_, i) => signer.signToken(i === 77 ? { sub: 'root' } : claims(`a${i}`), signal)),
  )
  for (const [i, result] of results.entries()) {
    if (i === 77) {
      assert.ok(result.status === 'rejected' && result.reason instanceof PolicyViolation)
      continue
    }
    assert.ok(result.status === 'fulfilled')
    const body: unknown = JSON.parse(Buffer.from(result.value.split('.')[1] ?? '', 'base64url').toString())
    assert.deepEqual(body, claims(`a${i}`))
  }
})

test('serveSigner() refuses according to the role of the socket', async () => {
  const path = newPath()
  await using _server = await serve(path, 'controllers')
  await using signer = connectSigner(path)
  const refusal = (rule: string) => (err: unknown) => err instanceof PolicyViolation && err.rule === rule
  await assert.rejects(signer.signToken(claims('a'), signal), refusal('method'))
  await assert.rejects(signer.unwrapKey(Buffer.alloc(60), signal), refusal('method'))
  const masters = {
    authority: 'client',
    csr: csr(),
    commonName: 'x',
    organizations: ['system:masters'],
    dnsNames: [],
    ipAddresses: [],
    lifetimeSeconds: 3600,
  } as const
  await assert.rejects(signer.issueCertificate(masters, signal), refusal('masters'))
})

test('connectSigner() waits for a signer that restarts, and stops with its caller', async () => {
  const path = newPath()
  await using signer = connectSigner(path, { clock: systemClock })
  const early = signer.tokenKeys(signal)
  const server = await serve(path, 'server')
  assert.equal((await early).length, 1)
  await server[Symbol.asyncDispose]()
  const waiting = signer.auditKey(signal)
  const caller = new AbortController()
  const abandoned = signer.tokenKeys(caller.signal)
  caller.abort(new Error('enough'))
  await assert.rejects(abandoned, /enough/)
  await using _again = await serve(path, 'server')
  assert.ok((await waiting).keyId)
})

test('connectSigner() rejects open requests when it is closed', async () => {
  const signer = connectSigner(newPath())
  const open = signer.tokenKeys(signal)
  await signer[Symbol.asyncDispose]()
  await assert.rejects(open, /closed/)
})

/** Sends one frame and collects the raw answer; '' if the signer closes the connection. */
function raw(path: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => socket.write(bytes))
    let text = ''
    const read = createFrameReader(value => {
      text = JSON.stringify(value)
      socket.end()
    })
    socket.on('data', read)
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

test('no answer of any method contains a private key', async () => {
  const keys = newKeyMaterial()
  const path = newPath()
  await using _server = await serve(path, 'server', createKeySigner(keys, systemClock))
  const wrapped = await connectAndWrap(path)
  const key = randomBytes(32).toString('base64')
  const digest = Buffer.alloc(32).toString('base64')
  const certificate = {
    authority: 'serving',
    csr: csr().toString('base64'),
    commonName: 'kube-apiserver',
    organizations: [],
    dnsNames: ['localhost'],
    ipAddresses: [],
    lifetimeSeconds: 3600,
  }
  const requests: [string, object][] = [
    ['authority', { name: 'client' }],
    ['authority', { name: '../client-ca.key' }],
    ['authority', { name: '__proto__' }],
    ['issueCertificate', certificate],
    ['issueCertificate', { ...certificate, csr: '' }],
    ['tokenKeys', {}],
    ['signTokens', { claims: [claims('a')] }],
    ['signTokens', { claims: 'x' }],
    ['wrapKey', { key }],
    ['wrapKey', { key: '' }],
    ['unwrapKey', { wrapped }],
    ['unwrapKey', { wrapped: 'AAAA' }],
    ['signAuditCheckpoint', { size: 1, root: digest, proof: [] }],
    ['signAuditCheckpoint', { size: 1, root: digest, proof: Array(64).fill('') }],
    ['signAuditCheckpoint', {}],
    ['auditKey', {}],
    ['signEvidence', { statement: 'AAAA' }],
    ['evidenceKey', {}],
    ['keepStoreHead', { revision: 1, digest }],
    ['storeHead', {}],
    ['exportKey', {}],
    ['toString', {}],
  ]
  const privateKeys = [
    ...Object.values(keys.authorities).map(({ privateKey }) => privateKey),
    ...keys.tokenKeys,
    keys.auditKey,
    keys.evidenceKey,
  ]
  const secrets = [
    ...privateKeys.map(secret => privatePem(secret).split('\n')[1] ?? ''),
    ...privateKeys.map(secret => String(secret.export({ format: 'jwk' }).d)),
    ...keys.encryptionKeys.map(({ key: secret }) => secret.toString('base64').slice(0, 40)),
    'PRIVATE',
  ]
  for (const [method, params] of requests) {
    const answer = await raw(path, encodeFrame({ id: 1, method, params }))
    assert.ok(answer.startsWith('{"id":1,'), `${method} is answered: ${answer}`)
    for (const secret of secrets) assert.ok(secret.length > 5 && !answer.includes(secret), `${method} shows a private key`)
  }
})

async function connectAndWrap(path: string): Promise<string> {
  await using signer = connectSigner(path)
  return (await signer.wrapKey(randomBytes(32), signal)).wrapped.toString('base64')
}

test('serveSigner() closes the connection on a frame that is too long or not JSON', async () => {
  const path = newPath()
  await using _server = await serve(path, 'server')
  assert.equal(await raw(path, Buffer.from('ffffffff', 'hex')), '')
  assert.equal(await raw(path, Buffer.from('\0\0\0\x01{')), '')
})

test('createFrameReader() finds frames in bytes that are split anywhere', () => {
  const bytes = Buffer.concat([encodeFrame({ a: 1 }), encodeFrame(['ü']), encodeFrame(null)])
  for (let size = 1; size <= bytes.length; size++) {
    const found: unknown[] = []
    const read = createFrameReader(value => found.push(value))
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size))
    assert.deepEqual(found, [{ a: 1 }, ['ü'], null])
  }
  assert.throws(() => createFrameReader(() => undefined)(Buffer.from('00200000', 'hex')), FrameError)
})

test('connectSigner() holds at most 1000 requests while the signer is unreachable', async () => {
  await using signer = connectSigner(newPath(), { clock: systemClock })
  const caller = new AbortController()
  const waiting = Array.from({ length: 1000 }, () => signer.tokenKeys(caller.signal).catch((err: unknown) => String(err)))
  await assert.rejects(signer.tokenKeys(caller.signal), /1000 requests already wait/)
  caller.abort(new Error('enough'))
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['Error: enough']))
})

test('serveSigner() stops reading from a peer that does not read its answers, and continues when it does', async () => {
  const path = newPath()
  const inner = createMemorySigner()
  let asked = 0
  const counting: Signer = {
    ...inner,
    auditKey: until => {
      asked++
      return inner.auditKey(until)
    },
  }
  await using _server = await serve(path, 'server', counting)
  await using other = connectSigner(path)
  const all = 40_000
  const peer = createConnection(path).pause()
  peer.write(Buffer.concat(Array.from({ length: all }, (_, id) => encodeFrame({ id, method: 'auditKey', params: {} }))))
  // Answers to another peer measure time: if a hundred of them came without a request of the first, it is not being read.
  let last = -1
  for (let quiet = 0; quiet < 100; quiet++) {
    if (asked !== last) quiet = 0
    last = asked
    await other.tokenKeys(signal)
  }
  assert.ok(asked > 0 && asked < all, `${asked} requests were read`)
  let answers = 0
  const read = createFrameReader(() => {
    if (++answers === all) peer.end()
  })
  peer.on('data', read).resume()
  await new Promise(resolve => peer.once('close', resolve))
  assert.equal(answers, all)
})
