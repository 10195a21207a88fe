// The registry client with Debian's docker-registry. Needs the Debian packages docker-registry and skopeo.
import assert from 'node:assert/strict'
import { appendFileSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { RegistryDenied, RegistryUnavailable, RegistryUntrustworthy } from '../../src/supply-chain/oci/registry/registry-error.ts'
import { resolveImage } from '../../src/supply-chain/oci/resolve-image.ts'
import { login, noRegistry, RealRegistry } from './real-registry.ts'

const { signal } = new AbortController()

suite('RegistryClient with docker-registry', { skip: noRegistry() }, () => {
  test('reads manifests and blobs with a password, and none without it', async () => {
    await using registry = await RealRegistry.start({ password: true })
    const digest = await registry.push('1.0')
    using client = registry.client(login)
    assert.equal(await client.digestOfTag('1.0', signal), digest)
    assert.equal(await client.manifest('2.0', signal), undefined)
    assert.deepEqual(await client.referrers(digest, signal), [])
    const { manifest } = await resolveImage(client, digest, { os: 'linux', architecture: 'amd64' }, 'web', signal)
    for (const blob of [manifest.config, ...manifest.layers]) {
      let bytes = 0
      for await (const part of client.blob(blob, signal)) bytes += part.length
      assert.equal(bytes, blob.size)
    }
    using stranger = registry.client()
    await assert.rejects(
      stranger.manifest('1.0', signal),
      err => err instanceof RegistryDenied && /wants a name and a password/.test(err.message),
    )
    using wrong = registry.client({ ...login, password: 'other' })
    await assert.rejects(wrong.manifest('1.0', signal), RegistryDenied)
  })

  test('refuses a blob that was changed on the disk of the registry, and says when it is gone', async () => {
    const registry = await RealRegistry.start()
    const digest = await registry.push('1.0')
    using client = registry.client()
    const { manifest } = await resolveImage(client, digest, { os: 'linux', architecture: 'amd64' }, 'web', signal)
    const [layer] = manifest.layers
    assert.ok(layer)
    const files = globSync(join(registry.folder, 'data', '**', layer.digest.slice('sha256:'.length), 'data'))
    assert.equal(files.length, 1)
    appendFileSync(files[0] ?? '', 'x')
    const read = async (): Promise<void> => {
      for await (const _ of client.blob(layer, signal));
    }
    await assert.rejects(read(), RegistryUntrustworthy)
    await registry[Symbol.asyncDispose]()
    await assert.rejects(client.manifest('1.0', signal), RegistryUnavailable)
  })
})
