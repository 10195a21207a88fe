import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, randomBytes, verify, X509Certificate } from 'node:crypto'
import {
  chmod,
  copyFile,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { signatureFault, verifyEpochs } from '../access/audit/epoch-chain.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { parseCheckpoint } from '../base/tlog/checkpoint.ts'
import { CompactTree } from '../base/tlog/compact-tree.ts'
import { isSignedBy, parseKey, parseNote } from '../base/tlog/note.ts'
import { createTestCsr } from './csr.fixture.ts'
import { openFileSigner } from './file-signer.ts'
import { UnsafeKeyFile } from './key-folder.ts'
import { authorityNames } from './key-material.ts'
import { createMemorySigner } from './memory-signer.ts'
import { PolicyViolation } from './policy.ts'
import type { CertificateRequest, Signer } from './signer.ts'

const { signal } = new AbortController()
const parent = await mkdtemp(join(tmpdir(), 'signer-'))
after(() => rm(parent, { recursive: true }))
let count = 0
const newDirectory = () => join(parent, String(count++))
const open = (directory: string) => openFileSigner({ directory, clock: systemClock, log: silentLogger })

const request = (csr: Buffer, rest: Partial<CertificateRequest> = {}): CertificateRequest => ({
  authority: 'client',
  csr,
  commonName: 'ann',
  organizations: ['dev', 'ops'],
  dnsNames: [],
  ipAddresses: [],
  lifetimeSeconds: 3600,
  ...rest,
})

const newCsr = () => createTestCsr(generateKeyPairSync('ec', { namedCurve: 'P-256' }))

test('openFileSigner() creates keys that only their owner can read, with any umask, and reads them again', async () => {
  const directory = newDirectory()
  const before = process.umask(0)
  let first: Signer
  try {
    first = await open(directory)
  } finally {
    process.umask(before)
  }
  assert.equal((await stat(directory)).mode & 0o777, 0o700)
  for (const name of await readdir(directory))
    assert.equal((await stat(join(directory, name))).mode & 0o777, name === 'volumes' ? 0o700 : 0o600, name)
  const second = await open(directory)
  for (const name of authorityNames) {
    assert.equal(await first.authority(name, signal), await second.authority(name, signal))
  }
  assert.deepEqual(await first.tokenKeys(signal), await second.tokenKeys(signal))
  const key = randomBytes(32)
  const { wrapped } = await first.wrapKey(key, signal)
  assert.deepEqual(await second.unwrapKey(wrapped, signal), key)
})

test('openFileSigner() refuses and names files that others can read', async () => {
  const directory = newDirectory()
  await open(directory)
  const file = join(directory, 'client-ca.key')
  for (const mode of [0o640, 0o604, 0o660]) {
    await chmod(file, mode)
    await assert.rejects(
      open(directory),
      (err: unknown) => err instanceof UnsafeKeyFile && err.path === file && /must be 0600/.test(err.message),
    )
  }
  await chmod(file, 0o600)
  await chmod(directory, 0o755)
  await assert.rejects(open(directory), (err: unknown) => err instanceof UnsafeKeyFile && err.path === directory)
  await chmod(directory, 0o700)
  await rename(file, `${file}.away`)
  await symlink(`${file}.away`, file)
  await assert.rejects(open(directory), /symbolic link/)
})

test('openFileSigner() refuses a certificate of another key, and an invalid one', async () => {
  const directory = newDirectory()
  await open(directory)
  await copyFile(join(directory, 'serving-ca.key'), join(directory, 'client-ca.key'))
  await assert.rejects(open(directory), /"client-ca.crt": it does not belong/)
  await truncate(join(directory, 'client-ca.crt'))
  await assert.rejects(open(directory), /Cannot read "client-ca.crt": it contains no PEM certificate/)
})

test('openFileSigner() does not replace a lost key, but creates the missing keys of an interrupted first start', async () => {
  for (const file of [
    'client-ca.key',
    'serving-ca.key',
    'front-proxy-ca.key',
    'kubelet-serving-ca.key',
    'registry-ca.key',
    'service-account-1.key',
    'encryption-1.key',
  ]) {
    const directory = newDirectory()
    await open(directory)
    await rm(join(directory, file))
    await assert.rejects(open(directory), { message: `Key file "${file}" is missing` })
    assert.ok(!(await readdir(directory)).includes(file))
  }
  const directory = newDirectory()
  await open(directory)
  for (const file of ['serving-ca.key', 'serving-ca.crt', 'encryption-1.key', 'service-account-1.key', 'audit.key'])
    await rm(join(directory, file))
  await open(directory)
  // An authority that an older release did not have.
  for (const name of ['front-proxy', 'kubelet-serving', 'registry']) {
    for (const file of [`${name}-ca.key`, `${name}-ca.crt`]) await rm(join(directory, file))
    await open(directory)
  }
})

test('openFileSigner() refuses a folder without the head file of the audit log, even before the first head was signed', async () => {
  const directory = newDirectory()
  await open(directory)
  await open(directory)
  await rm(join(directory, 'audit-head.json'))
  await assert.rejects(open(directory), /"audit-head\.json" is missing/)
  assert.ok(!(await readdir(directory)).includes('audit-head.json'))
  // An operator decided that the log may begin anew.
  await writeFile(join(directory, 'audit-head.json'), '{}', { mode: 0o600 })
  assert.equal((await (await open(directory)).auditKey(signal)).signed, undefined)
})

test('openFileSigner() keeps the newest head of the store across restarts, and refuses an older one', async () => {
  const directory = newDirectory()
  const first = await open(directory)
  assert.equal(await first.storeHead(signal), undefined)
  const head = { revision: 70, digest: randomBytes(32) }
  await first.keepStoreHead({ revision: 60, digest: randomBytes(32) }, signal)
  await first.keepStoreHead(head, signal)
  const second = await open(directory)
  assert.deepEqual(await second.storeHead(signal), head)
  assert.equal((await stat(join(directory, 'store-head.json'))).mode & 0o777, 0o600)
  await assert.rejects(second.keepStoreHead({ revision: 69, digest: randomBytes(32) }, signal), /revision 70 is already kept/)
  await writeFile(join(directory, 'store-head.json'), '{"revision":"x"}')
  await assert.rejects(open(directory), /Cannot read "store-head.json": it contains no head of the store/)
})

test('openFileSigner() refuses a folder without the head file of the store, even before the first head, but creates one for an older release', async () => {
  const directory = newDirectory()
  const storeHead = join(directory, 'store-head.json')
  const forgotten = /"store-head\.json" is missing, so it is unknown whether the store is complete/
  await open(directory)
  await rm(storeHead)
  await assert.rejects(open(directory), forgotten)
  await writeFile(storeHead, '{}', { mode: 0o600 })
  await (await open(directory)).keepStoreHead({ revision: 60, digest: randomBytes(32) }, signal)
  await rm(storeHead)
  await assert.rejects(open(directory), forgotten)
  for (const name of ['kubelet-serving-ca.key', 'kubelet-serving-ca.crt']) await rm(join(directory, name))
  assert.equal(await (await open(directory)).storeHead(signal), undefined)
})

test('openFileSigner() does not replace an audit key that has signed, and keeps the signed checkpoint', async () => {
  const directory = newDirectory()
  const { tree, next } = growingTree()
  const signed = await (await open(directory)).signAuditCheckpoint(tree, [], signal)
  const signer = await open(directory)
  assert.deepEqual((await signer.auditKey(signal)).signed, { ...tree, note: signed.note })
  for (const file of ['audit-head.json', 'audit-epoch.json']) assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600)
  // Signing the same tree again is allowed, as after a lost answer; an older, a different one, or one that does not continue it is not.
  assert.deepEqual(await signer.signAuditCheckpoint(tree, [], signal), signed)
  await assert.rejects(signer.signAuditCheckpoint({ ...tree, size: 1 }, [], signal), /checkpoint 2 is already signed/)
  await assert.rejects(signer.signAuditCheckpoint({ ...tree, root: randomBytes(32) }, [], signal), /does not continue checkpoint 2/)
  await assert.rejects(signer.signAuditCheckpoint({ size: 3, root: randomBytes(32) }, next.proof, signal), /does not continue checkpoint 2/)
  await assert.rejects(signer.signAuditCheckpoint({ size: 3, root: next.root }, [], signal), /does not continue checkpoint 2/)
  await signer.signAuditCheckpoint({ size: 3, root: next.root }, next.proof, signal)
  await rename(join(directory, 'audit-head.json'), join(directory, 'audit-head.json.away'))
  await assert.rejects(open(directory), /"audit-head\.json" is missing, so it is unknown whether the audit log is complete/)
  await rename(join(directory, 'audit-head.json.away'), join(directory, 'audit-head.json'))
  await rename(join(directory, 'audit-epoch.json'), join(directory, 'away'))
  await assert.rejects(open(directory), { message: 'Key file "audit-epoch.json" is missing' })
  await rename(join(directory, 'away'), join(directory, 'audit-epoch.json'))
  await rm(join(directory, 'audit.key'))
  await assert.rejects(open(directory), { message: 'Key file "audit.key" is missing' })
})

test('openFileSigner() takes the head of a release that signed batches for none', async () => {
  const directory = newDirectory()
  await open(directory)
  await writeFile(join(directory, 'audit-head.json'), '{"sequence":7,"digest":"AAAA"}', { mode: 0o600 })
  assert.equal((await (await open(directory)).auditKey(signal)).signed, undefined)
  await writeFile(join(directory, 'audit-head.json'), '{"size":7}', { mode: 0o600 })
  await assert.rejects(open(directory), /Cannot read "audit-head\.json": it contains no head of the audit log/)
})

test('signAuditCheckpoint() begins an epoch with a new key that the one before certifies, and nothing of that one stays', async () => {
  const directory = newDirectory()
  const { tree, next } = growingTree()
  const options = { directory, clock: systemClock, log: silentLogger, auditEpochMs: 0 }
  const signer = await openFileSigner(options)
  const { rootKey, logKey, epoch: first } = await signer.auditKey(signal)
  const path = join(directory, 'audit-epoch.json')
  const before = await openFile(path)
  const stored = JSON.parse(await readFile(path, 'utf8'))
  const signed = await signer.signAuditCheckpoint(tree, [], signal)
  const second = await (await openFileSigner(options)).signAuditCheckpoint({ size: 3, root: next.root }, next.proof, signal)
  const chain = verifyEpochs(
    [first, signed.epoch, second.epoch].map((certificate, at) => ({ epoch: at + 1, certificate })),
    parseKey(rootKey),
  )
  assert.deepEqual([chain.problems, chain.epochs.map(({ size }) => size)], [[], [0, 2, 3]])
  for (const [size, epoch, note] of [
    [2, 1, signed.note],
    [3, 2, second.note],
  ] as const) {
    assert.equal(signatureFault(parseNote(note), size, epoch, chain.epochs, parseKey(logKey)), undefined)
    assert.match(signatureFault(parseNote(note), size, 3, chain.epochs, undefined) ?? '', /is signed by the key of epoch/)
  }
  const left = await before.readFile('utf8')
  await before.close()
  assert.deepEqual([left.includes(stored.privateKey.slice(40, 90)), left.replaceAll('\0', '')], [false, ''])
  assert.notEqual(JSON.parse(await readFile(path, 'utf8')).privateKey, stored.privateKey)
})

test('issueCertificate() uses the request, and of the CSR only its key', async () => {
  const signer = createMemorySigner()
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issued = await signer.issueCertificate(request(createTestCsr(keys, 'CN=system:masters')), signal)
  const leaf = new X509Certificate(issued)
  const authority = new X509Certificate(await signer.authority('client', signal))
  assert.equal(leaf.subject, 'O=dev\nO=ops\nCN=ann')
  assert.equal(leaf.ca, false)
  assert.equal(authority.ca, true)
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.equal(leaf.subjectAltName, undefined)
  assert.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey) && leaf.checkPrivateKey(keys.privateKey))
  // It is valid from five minutes ago, for clocks that are slow.
  assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), 3_600_000 + 5 * 60_000)
  assert.ok(leaf.validFromDate.getTime() < Date.now() - 4 * 60_000 && Date.now() < leaf.validToDate.getTime())
  assert.equal(leaf.serialNumber.length, 32)
})

test('issueCertificate() issues serving certificates with names and serverAuth from another authority', async () => {
  const signer = createMemorySigner()
  const wanted = request(newCsr(), { authority: 'serving', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'], organizations: [] })
  const leaf = new X509Certificate(await signer.issueCertificate(wanted, signal))
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(leaf.checkHost('localhost'), 'localhost')
  assert.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1')
  assert.equal(leaf.verify(new X509Certificate(await signer.authority('client', signal)).publicKey), false)
  // A node's comes from yet another authority, so that no node can impersonate the API server.
  const node = new X509Certificate(await signer.issueCertificate({ ...wanted, authority: 'kubelet-serving' }, signal))
  assert.deepEqual(node.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.ok(node.verify(new X509Certificate(await signer.authority('kubelet-serving', signal)).publicKey))
  assert.equal(node.verify(new X509Certificate(await signer.authority('serving', signal)).publicKey), false)
})

const badCsrs: { name: string; csr: () => Buffer; rule: string }[] = [
  { name: 'no CSR', csr: () => Buffer.from('nonsense'), rule: 'csr-form' },
  {
    name: 'a signature of another key',
    csr: () =>
      createTestCsr({
        ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
        privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      }),
    rule: 'csr-signature',
  },
  { name: 'a huge CSR', csr: () => Buffer.alloc(20_000), rule: 'csr-size' },
  { name: 'a short RSA key', csr: () => createTestCsr(generateKeyPairSync('rsa', { modulusLength: 1024 })), rule: 'key-size' },
]
for (const { name, csr, rule } of badCsrs) {
  test(`issueCertificate() refuses ${name}`, async () => {
    const issue = createMemorySigner().issueCertificate(request(csr()), signal)
    await assert.rejects(issue, (err: unknown) => err instanceof PolicyViolation && err.rule === rule)
  })
}

test('signToken() signs with ES256 and the named key', async () => {
  const signer = createMemorySigner()
  const [head = '', body = '', signature = ''] = (await signer.signToken({ sub: 'x' }, signal)).split('.')
  const [key] = await signer.tokenKeys(signal)
  assert.ok(key)
  assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url').toString()), { alg: 'ES256', kid: key.keyId, typ: 'JWT' })
  const options = { key: createPublicKey(key.publicKey), dsaEncoding: 'ieee-p1363' } as const
  assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), options, Buffer.from(signature, 'base64url')))
})

test('unwrapKey() refuses every changed byte, a foreign key and a wrong form', async () => {
  const signer = createMemorySigner()
  const { id, wrapped } = await signer.wrapKey(randomBytes(32), signal)
  assert.equal(id, 'kek-1')
  for (let at = 0; at < wrapped.length; at++) {
    const changed = Buffer.from(wrapped)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    await assert.rejects(signer.unwrapKey(changed, signal), /Cannot unwrap key/, `byte ${at}`)
  }
  await assert.rejects(createMemorySigner().unwrapKey(wrapped, signal), /Cannot unwrap key/)
  await assert.rejects(signer.unwrapKey(wrapped.subarray(0, 20), signal), /Cannot unwrap key/)
})

test('signAuditCheckpoint() signs a checkpoint that logKey verifies', async () => {
  const signer = createMemorySigner()
  const { tree } = growingTree()
  const { note } = await signer.signAuditCheckpoint(tree, [], signal)
  const { logKey, origin } = await signer.auditKey(signal)
  assert.equal(isSignedBy(parseNote(note), parseKey(logKey)), true)
  assert.deepEqual(parseCheckpoint(parseNote(note).text), { origin, ...tree })
  await assert.rejects(signer.signAuditCheckpoint({ size: 2, root: Buffer.alloc(3) }, [], signal), RangeError)
})

/** A tree of two leaves, and one of three with the proof that it continues it. */
function growingTree() {
  const tree = new CompactTree()
  const leaves = [randomBytes(32), randomBytes(32), randomBytes(32)]
  for (const leaf of leaves.slice(0, 2)) tree.append(leaf)
  const two = { size: 2, root: tree.root() }
  for (const leaf of leaves.slice(2)) tree.append(leaf)
  return { tree: two, next: { root: tree.root(), proof: leaves.slice(2) } }
}
