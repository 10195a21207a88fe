import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { openFileSigner } from './file-signer.ts'
import { isProof, newTransferKey, openSealed, proofOf, sealFor, type Transfer } from './key-transfer.ts'
import { readKeys, requireComplete, writeKeys } from './transferred-keys.ts'

const secret = 'the administrator carried it'
const machine = newTransferKey()
const transfer: Transfer = { ticketId: 'abcdefghij', node: 'm2', address: '192.0.2.2', publicKey: machine.publicKey }
const plain = Buffer.from('all keys of the cluster')

test('what is sealed for a machine is opened by it', () => {
  const sealed = sealFor(secret, transfer, plain)
  assert.deepEqual(openSealed(secret, transfer, machine.privateKey, sealed), plain)
  assert.notEqual(sealFor(secret, transfer, plain), sealed)
  assert.equal(isProof(secret, transfer, proofOf(secret, transfer)), true)
})

describe('an attacker who passes messages on', () => {
  const own = newTransferKey()
  const cases: readonly [string, Partial<Transfer>][] = [
    ['replaces the key by its own', { publicKey: own.publicKey }],
    ['sends the proof for another machine', { node: 'm3' }],
    ['sends another address', { address: '192.0.2.66' }],
    ['uses the proof of another ticket', { ticketId: 'klmnopqrst' }],
  ]
  for (const [name, change] of cases) {
    test(`gets no keys if it ${name}`, () => {
      const forged = { ...transfer, ...change }
      assert.equal(isProof(secret, forged, proofOf(secret, transfer)), false)
      assert.equal(isProof(secret, forged, proofOf('a guess', forged)), false)
      const sealed = sealFor(secret, forged, plain)
      assert.throws(() => openSealed(secret, transfer, machine.privateKey, sealed), /not sealed for this machine/)
    })
  }

  test('opens nothing without the secret, even with the private key', () => {
    const sealed = sealFor(secret, transfer, plain)
    assert.throws(() => openSealed('a guess', transfer, machine.privateKey, sealed), /not sealed for this machine/)
    assert.throws(() => openSealed(secret, transfer, own.privateKey, sealed), /not sealed for this machine/)
  })

  test('gives the machine no keys of its own', () => {
    const sealed = sealFor('a guess', transfer, Buffer.from('keys of the attacker'))
    assert.throws(() => openSealed(secret, transfer, machine.privateKey, sealed), /not sealed for this machine/)
  })

  test('changes nothing on the way, and cuts nothing off', () => {
    const sealed = Buffer.from(sealFor(secret, transfer, plain), 'base64')
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.throws(() => openSealed(secret, transfer, machine.privateKey, changed.toString('base64')), /not sealed for this machine/)
      assert.throws(() => openSealed(secret, transfer, machine.privateKey, sealed.subarray(0, at).toString('base64')))
    }
  })

  test('cannot use a key of small order, with which the result is known', () => {
    for (const weak of [Buffer.alloc(32), Buffer.from([1, ...Buffer.alloc(31)])])
      assert.throws(() => sealFor(secret, { ...transfer, publicKey: weak.toString('base64url') }, plain))
  })
})

describe('the keys of a cluster', () => {
  const folders = () => {
    const root = mkdtempSync(join(tmpdir(), 'bulkhead-keys-'))
    return { from: join(root, 'from'), to: join(root, 'to'), [Symbol.dispose]: () => rmSync(root, { recursive: true }) }
  }
  const open = (directory: string) => openFileSigner({ directory, clock: systemClock, log: silentLogger })

  test('move to another signer, which has the same authorities and keys, and an audit key of its own', async () => {
    using made = folders()
    const { signal } = new AbortController()
    await using first = await open(made.from)
    const { wrapped } = await first.wrapKey(Buffer.alloc(32, 7), signal)
    await writeKeys(made.to, await readKeys(made.from), undefined)
    assert.ok(!readdirSync(made.to).some(name => name.startsWith('audit')))
    for (const name of readdirSync(made.to)) assert.equal(statSync(join(made.to, name)).mode & 0o777, 0o600)
    await using second = await open(made.to)
    for (const name of ['client', 'serving', 'front-proxy', 'kubelet-serving', 'registry', 'etcd'] as const)
      assert.equal(await second.authority(name, signal), await first.authority(name, signal))
    assert.deepEqual(await second.tokenKeys(signal), await first.tokenKeys(signal))
    assert.deepEqual(await second.evidenceKey(signal), await first.evidenceKey(signal))
    assert.deepEqual(await second.unwrapKey(wrapped, signal), Buffer.alloc(32, 7))
    assert.notEqual((await second.auditKey(signal)).keyId, (await first.auditKey(signal)).keyId)
    await assert.rejects(writeKeys(made.to, await readKeys(made.from), undefined), /holds keys already/)
  })

  test('are refused if one is missing, or a name leads elsewhere', async () => {
    using made = folders()
    await (await open(made.from))[Symbol.asyncDispose]()
    const keys = await readKeys(made.from)
    for (const name of Object.keys(keys)) {
      const { [name]: _gone, ...rest } = keys
      assert.throws(() => requireComplete(rest), /is missing/)
    }
    for (const name of ['../escape.key', 'audit.key', 'store-head.json', '/etc/passwd', 'x-ca.key\0', '__proto__'])
      await assert.rejects(
        writeKeys(made.to, Object.fromEntries([...Object.entries(keys), [name, '']]), undefined),
        /is no key of a cluster/,
      )
    writeFileSync(join(made.from, 'notes.txt'), 'not a key')
    assert.equal((await readKeys(made.from))['notes.txt'], undefined)
    assert.ok(readFileSync(join(made.from, 'encryption-1.key')).length > 0)
  })
})
