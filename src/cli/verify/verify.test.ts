import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import { digestOf, HostileRegistry, repository } from '../../supply-chain/oci/registry/hostile-registry.testing.ts'
import { simpleSigningMediaType } from '../../supply-chain/signatures/parse-cosign.ts'
import { ecKeys, type KeyPair, signBytes, simplePayload, tagOf } from '../../supply-chain/signatures/sign.testing.ts'
import { registryCredentials } from './docker-config.ts'
import { type VerifyFlags, verify } from './verify.ts'

const { signal } = new AbortController()
const now = Date.parse('2026-06-01T00:00:00Z')
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const configType = 'application/vnd.oci.image.config.v1+json'
const keys = ecKeys()

/** The contents of an image and of its signature. */
function contentsOf(created: string, signer: KeyPair) {
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', created, rootfs: { type: 'layers', diff_ids: [] } })
  const manifestOf = (mediaType: string, text: string, layers: readonly object[]) => ({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType, digest: digestOf(text), size: text.length },
    layers,
  })
  const manifest = manifestOf(configType, config, [])
  const digest = digestOf(JSON.stringify(manifest))
  const payload = simplePayload(digest)
  const annotations = { 'dev.cosignproject.cosign/signature': signBytes(signer, payload).toString('base64') }
  const layer = { mediaType: simpleSigningMediaType, digest: digestOf(payload), size: payload.length, annotations }
  return { config, manifest, digest, payload, signature: manifestOf(configType, config, [layer]) }
}

suite('verify()', () => {
  let registry: HostileRegistry
  let folder: string
  let digest: Digest
  let flags: VerifyFlags
  before(async () => {
    registry = await HostileRegistry.start()
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-verify-'))
    const contents = contentsOf('2026-05-01T00:00:00Z', keys)
    digest = contents.digest
    registry.putManifest(contents.manifest, '1.0')
    registry.putManifest(contents.signature, tagOf(digest, 'sig'))
    registry.putBlob(contents.payload)
    registry.putBlob(contents.config)
    const trust = file(
      'trust.yaml',
      `apiVersion: supply.bulkhead.dev/v1\nkind: TrustRoot\nmetadata: {name: team}\nspec: {keys: [{name: release, publicKey: ${JSON.stringify(keys.pem)}}]}\n`,
    )
    flags = { policy: [policy('signed')], trust: [trust], ca: file('ca.crt', registry.authorities), authFile: join(folder, 'none.json') }
  })
  after(async () => {
    await registry[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  function file(name: string, text: string): string {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }
  function policy(name: string, more = '', kind = 'ClusterImagePolicy'): string {
    const verifies = 'verify: {anyOf: [{key: {trustRoot: team, name: release}}]}'
    return file(
      `${name}.yaml`,
      `---\napiVersion: supply.bulkhead.dev/v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\nspec:\n  images: ["**/shop/**"]\n  ${verifies}\n${more}`,
    )
  }
  async function run(image: string, more: Partial<VerifyFlags> = {}): Promise<readonly [code: number, text: string]> {
    let text = ''
    const print = (line: string): void => {
      text += `${line}\n`
    }
    return [await verify({ ...flags, ...more }, image, { now, defaultAuthFile: '', print }, signal), text]
  }

  test('names the signer of an image in a registry, as text and as JSON', async () => {
    const image = `${registry.host}/${repository}`
    const [code, text] = await run(`${image}:1.0`)
    assert.deepEqual(
      [code, text],
      [
        0,
        `${image}@${digest}: verified\n  met      ClusterImagePolicy "signed"\n             signed by key "release" of trust root "team"\n`,
      ],
    )
    const [, json] = await run(`${image}@${digest}`, { output: 'json' })
    assert.deepEqual(JSON.parse(json), {
      image,
      digest,
      verified: true,
      policies: [
        { policy: 'ClusterImagePolicy "signed"', met: true, signers: [{ kind: 'key', trustRoot: 'team', key: 'release' }], problems: [] },
      ],
      warnings: [],
    })
  })

  test('applies policies of the namespace alone, and exits with 1 where none is for the image', async () => {
    const image = `${registry.host}/${repository}:1.0`
    const ofNamespace = { policy: [policy('namespaced', '', 'ImagePolicy')] }
    assert.equal((await run(image, { ...ofNamespace, namespace: 'shop' }))[0], 0)
    const [code, text] = await run(image, ofNamespace)
    assert.equal(code, 1)
    assert.match(text, /: unverified: no policy is for this image, so nothing is known of who made it\n$/)
    assert.match((await run(image, { ...ofNamespace, output: 'json' }))[1], /"verified": false/)
    assert.equal((await run(image, { as: 'registry.example.com/other' }))[0], 1)
  })

  test('refuses an image that is too old, and only warns where the policy says so', async () => {
    const image = `${registry.host}/${repository}:1.0`
    const [code, text] = await run(image, { policy: [policy('young', '  maxAge: 24h\n')] })
    assert.equal(code, 1)
    assert.match(
      text,
      /: refused\n {2}not met {2}ClusterImagePolicy "young"\n {13}signed by key.*\n {13}it was built 744h ago, and must not be older than 24h/,
    )
    const [warned, note] = await run(image, { policy: [policy('warning', '  maxAge: 24h\n  onFailure: Warn\n')] })
    assert.equal(warned, 0)
    assert.match(note, /only warn/)
  })

  test('verifies an OCI layout with its signature beside it', async () => {
    const { config, manifest, signature, payload } = contentsOf('2026-05-01T00:00:00Z', keys)
    const texts = [config, JSON.stringify(manifest), JSON.stringify(signature), payload.toString()]
    for (const text of texts) file(`layout/blobs/${digestOf(text).replace(':', '/')}`, text)
    const entry = (content: object, name: string) => {
      const text = JSON.stringify(content)
      return {
        mediaType: manifestType,
        digest: digestOf(text),
        size: text.length,
        annotations: { 'org.opencontainers.image.ref.name': name },
      }
    }
    const manifests = [entry(manifest, '1.0'), entry(signature, tagOf(digest, 'sig'))]
    file('layout/oci-layout', '{"imageLayoutVersion":"1.0.0"}')
    file('layout/index.json', JSON.stringify({ schemaVersion: 2, manifests }))
    const layout = join(folder, 'layout')
    assert.deepEqual(await run(layout, { as: 'registry.example.com/shop/web' }), [
      0,
      `registry.example.com/shop/web@${digest}: verified\n  met      ClusterImagePolicy "signed"\n             signed by key "release" of trust root "team"\n`,
    ])
    await refuses(run(layout), /does not say which image it is: name it with --as/)
    await refuses(run(layout, { image: '2.0' }), /--image must name one of them; it has "1\.0"/)
  })

  test('rejects where nothing can be verified, and names the file or the image', async () => {
    const rows: readonly (readonly [string, Partial<VerifyFlags>, RegExp])[] = [
      [`${registry.host}/${repository}:2.0`, {}, /Registry 127\.0\.0\.1:\d+ has no image "shop\/web" with tag "2\.0"/],
      ['a b', {}, /"a b" is neither a path nor the name of an image/],
      [folder, {}, /is no OCI layout/],
      ['x', { policy: [join(folder, 'missing.yaml')] }, /Cannot read ".*missing\.yaml": it does not exist/],
      ['x', { policy: [file('bad.yaml', 'a: [')] }, /bad\.yaml": yaml: line/],
      [
        'x',
        { policy: [file('pod.yaml', 'apiVersion: v1\nkind: Pod\n')] },
        /must have objects TrustRoot, ImagePolicy or ClusterImagePolicy of supply\.bulkhead\.dev\/v1, got "Pod" of "v1"/,
      ],
      [
        'x',
        { policy: [policy('odd', '  verfiy: {}\n')] },
        /ClusterImagePolicy "odd" in ".*odd\.yaml": spec has the unknown field "verfiy"/,
      ],
      [
        'x',
        { trust: [...(flags.trust ?? []), ...(flags.trust ?? [])] },
        /TrustRoot "team" in .*: there is another trust root of this name/,
      ],
      ['x', { ca: join(folder, 'missing.crt') }, /Cannot read ".*missing\.crt"/],
    ]
    for (const [image, more, message] of rows) await refuses(run(image, more), message)
  })

  test('registryCredentials() reads what docker login writes, and shows nothing of a file that it cannot read', async () => {
    const auth = Buffer.from('web:pass:word').toString('base64')
    const path = file(
      'config.json',
      JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth }, 'r.example.com:5000': { auth }, other: {} } }),
    )
    for (const host of ['docker.io', 'r.example.com:5000'])
      assert.deepEqual(await registryCredentials(path, host), { username: 'web', password: 'pass:word' }, host)
    for (const host of ['r.example.com', 'other', '__proto__']) assert.equal(await registryCredentials(path, host), undefined, host)
    assert.equal(await registryCredentials(join(folder, 'none.json'), 'other'), undefined)
    await refuses(registryCredentials(file('broken.json', 'secret'), 'x'), /^"[^"]*broken\.json" is not JSON$/)
  })
})

async function refuses(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, err => (err instanceof UserError && message.test(err.message) ? true : assert.fail(String(err))))
}
