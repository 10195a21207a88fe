import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { openSealedKey } from '../base/crypto/sealed-key.ts'
import { signVolumeKeyRequest, volumeKeyPurpose } from '../base/crypto/volume-key-request.ts'
import { newX25519KeyPair } from '../base/crypto/x25519.ts'
import { silentLogger } from '../base/log.ts'
import { createTestCsr } from './csr.fixture.ts'
import { openFileSigner } from './file-signer.ts'
import { createMemorySigner } from './memory-signer.ts'
import { checkMethod } from './policy.ts'
import type { Signer } from './signer.ts'
import { volumeKeyBytes } from './volume-keys.ts'

const { signal } = new AbortController()

interface TestNode {
  readonly certificate: string
  readonly privateKey: KeyObject
}

async function nodeOf(signer: Signer, commonName: string, organizations = ['system:nodes']): Promise<TestNode> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = await signer.issueCertificate(
    { authority: 'client', csr: createTestCsr(keys), commonName, organizations, dnsNames: [], ipAddresses: [], lifetimeSeconds: 3600 },
    signal,
  )
  return { certificate, privateKey: keys.privateKey }
}

async function keyOf(signer: Signer, volume: string, node: TestNode, signed = volume): Promise<Buffer> {
  const pair = newX25519KeyPair()
  const signature = signVolumeKeyRequest(signed, pair.publicKey, node.privateKey)
  const sealed = await signer.openVolumeKey({ volume, publicKey: pair.publicKey, certificate: node.certificate, signature }, signal)
  return openSealedKey(pair, sealed, volumeKeyPurpose(volume))
}

test('openVolumeKey() gives a volume one key, and only to its node', async () => {
  await using signer = createMemorySigner()
  await signer.makeVolumeKey('v', 'n1', signal)
  const node = await nodeOf(signer, 'system:node:n1')
  const key = await keyOf(signer, 'v', node)
  assert.equal(key.length, volumeKeyBytes)
  await signer.makeVolumeKey('v', 'n1', signal)
  assert.deepEqual(await keyOf(signer, 'v', node), key)
  await signer.makeVolumeKey('w', 'n1', signal)
  assert.notDeepEqual(await keyOf(signer, 'w', node), key)
  await assert.rejects(signer.makeVolumeKey('v', 'n2', signal), { rule: 'volume-node' })
  await assert.rejects(keyOf(signer, 'v', await nodeOf(signer, 'system:node:n2')), { rule: 'volume-node' })
})

test('copyVolumeKey() gives a copy the key of its source, for the same node, until the copy is erased', async () => {
  await using signer = createMemorySigner()
  await signer.makeVolumeKey('v', 'n1', signal)
  const node = await nodeOf(signer, 'system:node:n1')
  const key = await keyOf(signer, 'v', node)
  await signer.copyVolumeKey('s', 'v', signal)
  assert.deepEqual(await keyOf(signer, 's', node), key)
  await assert.rejects(keyOf(signer, 's', await nodeOf(signer, 'system:node:n2')), { rule: 'volume-node' })
  // A volume keeps the key that it has: nobody turns it into another's.
  await signer.makeVolumeKey('w', 'n1', signal)
  await assert.rejects(signer.copyVolumeKey('w', 'v', signal), { rule: 'volume-source' })
  await assert.rejects(signer.copyVolumeKey('s', 'w', signal), { rule: 'volume-source' })
  await signer.eraseVolumeKey('v', signal)
  await signer.copyVolumeKey('s', 'v', signal)
  assert.deepEqual(await keyOf(signer, 's', node), key)
  await signer.eraseVolumeKey('s', signal)
  await assert.rejects(keyOf(signer, 's', node), { rule: 'volume-key' })
  await assert.rejects(signer.copyVolumeKey('s', 'v', signal), { rule: 'volume-key' })
  for (const name of ['../audit', 'a.b', '']) {
    await assert.rejects(signer.copyVolumeKey(name, 'v', signal), { rule: 'volume-name' })
    await assert.rejects(signer.copyVolumeKey('s', name, signal), { rule: 'volume-name' })
  }
})

test('openVolumeKey() refuses whoever is not the node itself', async () => {
  await using signer = createMemorySigner()
  await using other = createMemorySigner()
  await signer.makeVolumeKey('v', 'n1', signal)
  const node = await nodeOf(signer, 'system:node:n1')
  const stranger = await nodeOf(other, 'system:node:n1')
  await assert.rejects(keyOf(signer, 'v', stranger), { rule: 'volume-certificate' })
  await assert.rejects(keyOf(signer, 'v', { ...node, certificate: 'x' }), { rule: 'volume-certificate' })
  // Whoever only has the certificate, which every handshake shows.
  await assert.rejects(keyOf(signer, 'v', { ...node, privateKey: stranger.privateKey }), { rule: 'volume-signature' })
  // A request for another volume is none for this one.
  await assert.rejects(keyOf(signer, 'v', node, 'w'), { rule: 'volume-signature' })
  await assert.rejects(keyOf(signer, 'v', await nodeOf(signer, 'system:node:n1', ['others'])), { rule: 'volume-certificate' })
  for (const name of ['../audit', 'a/b', 'a.b', '', 'A', 'a'.repeat(64)]) {
    await assert.rejects(keyOf(signer, name, node), { rule: 'volume-name' })
    await assert.rejects(signer.makeVolumeKey(name, 'n1', signal), { rule: 'volume-name' })
    await assert.rejects(signer.eraseVolumeKey(name, signal), { rule: 'volume-name' })
  }
})

test('openVolumeKey() refuses an expired certificate', async () => {
  let now = Date.now()
  await using signer = createMemorySigner({ clock: { ...systemClock, now: () => now } })
  await signer.makeVolumeKey('v', 'n1', signal)
  const node = await nodeOf(signer, 'system:node:n1')
  now += 3_700_000
  await assert.rejects(keyOf(signer, 'v', node), { rule: 'volume-certificate' })
})

test('openFileSigner() keeps keys of volumes wrapped, and an erased one is gone', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'volume-keys-'))
  t.after(() => rm(directory, { recursive: true }))
  const open = () => openFileSigner({ directory: join(directory, 's'), clock: systemClock, log: silentLogger })
  let key: Buffer
  {
    await using signer = await open()
    await signer.makeVolumeKey('v', 'n1', signal)
    key = await keyOf(signer, 'v', await nodeOf(signer, 'system:node:n1'))
  }
  const files = join(directory, 's', 'volumes')
  assert.deepEqual(await readdir(files), ['v.key'])
  const content = await readFile(join(files, 'v.key'), 'utf8')
  assert.ok(!content.includes(key.toString('base64')) && !content.includes(key.subarray(0, 32).toString('base64').slice(0, 40)))
  await using signer = await open()
  const node = await nodeOf(signer, 'system:node:n1')
  assert.deepEqual(await keyOf(signer, 'v', node), key)
  await signer.eraseVolumeKey('v', signal)
  await signer.eraseVolumeKey('v', signal)
  assert.deepEqual(await readdir(files), [])
  await assert.rejects(keyOf(signer, 'v', node), { rule: 'volume-key' })
})

test('checkMethod() keeps making and erasing keys of volumes apart from opening them', () => {
  checkMethod('server', 'openVolumeKey')
  checkMethod('controllers', 'makeVolumeKey')
  checkMethod('controllers', 'eraseVolumeKey')
  for (const [role, method] of [
    ['server', 'makeVolumeKey'],
    ['server', 'eraseVolumeKey'],
    ['controllers', 'openVolumeKey'],
    ['admin', 'openVolumeKey'],
    ['admin', 'eraseVolumeKey'],
  ] as const)
    assert.throws(() => checkMethod(role, method), { rule: 'method' })
})
