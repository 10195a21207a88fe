import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { openFileSigner } from '../../signer/file-signer.ts'
import { readClusterKeys } from './cluster-keys.ts'

test('readClusterKeys() reads the keys with which the signer signs', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keys-'))
  try {
    await using signer = await openFileSigner({ directory, clock: systemClock, log: silentLogger })
    const signal = AbortSignal.timeout(60_000)
    const { client, others, token } = await readClusterKeys(directory)
    assert.deepEqual(Object.keys(others).sort(), ['etcd', 'front-proxy', 'kubelet-serving', 'registry', 'serving'])
    for (const { certificate, key } of [client, ...Object.values(others)]) assert.ok(new X509Certificate(certificate).checkPrivateKey(key))
    const [current] = await signer.tokenKeys(signal)
    assert.equal(createPublicKey(token).export({ type: 'spki', format: 'pem' }), current?.publicKey)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
