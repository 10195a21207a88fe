// Keys in a PKCS#11 token (SoftHSM) sign images: from the token's public key in a TrustRoot to the verified image.
// Needs the Debian packages softhsm2, opensc, openssl and pkcs11-provider.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { importTrust } from '../../src/cli/trust/import.ts'
import { readObjects } from '../../src/cli/verify/read-objects.ts'
import { MemoryImageSource } from '../../src/supply-chain/oci/memory-image-source.testing.ts'
import { evaluateImagePolicies } from '../../src/supply-chain/policy/evaluate-image-policies.ts'
import { parseImagePolicy } from '../../src/supply-chain/policy/parse-image-policy.ts'
import { collectClaims } from '../../src/supply-chain/signatures/collect-claims.ts'
import { simplePayload, tagOf } from '../../src/supply-chain/signatures/sign.testing.ts'

const { signal } = new AbortController()
const module = '/usr/lib/softhsm/libsofthsm2.so'
const providers = existsSync('/usr/lib') ? readdirSync('/usr/lib').map(folder => `/usr/lib/${folder}/ossl-modules/pkcs11.so`) : []
const needed = ['/usr/bin/softhsm2-util', '/usr/bin/pkcs11-tool', '/usr/bin/openssl', module]
const skip =
  needed.every(path => existsSync(path)) && providers.some(path => existsSync(path))
    ? false
    : 'needs softhsm2, opensc, openssl and pkcs11-provider'
const pin = '1234'

/** Digest undefined: the key signs the bytes themselves. */
const keys: readonly { readonly name: string; readonly type: string; readonly digest?: string }[] = [
  { name: 'p256', type: 'EC:prime256v1', digest: 'sha256' },
  { name: 'p384', type: 'EC:secp384r1', digest: 'sha384' },
  { name: 'p521', type: 'EC:secp521r1', digest: 'sha512' },
  { name: 'ed', type: 'EC:edwards25519' },
  { name: 'rsa', type: 'rsa:3072', digest: 'sha256' },
]

suite('keys of a PKCS#11 token', { skip }, () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-pkcs11-'))
    mkdirSync(join(folder, 'tokens'))
    writeFileSync(
      join(folder, 'softhsm2.conf'),
      `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
    )
    process.env['SOFTHSM2_CONF'] = join(folder, 'softhsm2.conf')
    process.env['PKCS11_PROVIDER_MODULE'] = module
    execFileSync('softhsm2-util', ['--init-token', '--free', '--label', 'release', '--pin', pin, '--so-pin', pin], { stdio: 'pipe' })
    for (const { name, type } of keys)
      execFileSync(
        'pkcs11-tool',
        [
          '--module',
          module,
          '--token-label',
          'release',
          '--login',
          '--pin',
          pin,
          '--keypairgen',
          '--key-type',
          type,
          '--label',
          name,
          '--id',
          Buffer.from(name).toString('hex'),
        ],
        { stdio: 'pipe' },
      )
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const sign = (name: string, digest: string | undefined, bytes: Buffer): Buffer => {
    const [input, output] = [join(folder, 'payload'), join(folder, 'signature')]
    writeFileSync(input, bytes)
    const key = `pkcs11:token=release;object=${name};type=private?pin-value=${pin}`
    const flags = ['-provider', 'default', '-provider', 'pkcs11', '-propquery', '?provider=pkcs11']
    const how = digest === undefined ? [] : ['-digest', digest]
    rmSync(output, { force: true })
    // SoftHSM may crash when the process ends; the signature is there by then, or the test fails.
    spawnSync('openssl', ['pkeyutl', '-sign', '-rawin', ...how, ...flags, '-inkey', key, '-in', input, '-out', output])
    return readFileSync(output)
  }

  for (const { name, type, digest } of keys)
    test(`${type}: "bulkhead trust import" takes its public key, and what it signs is verified`, async () => {
      let text = ''
      const print = (line: string): void => {
        text += `${line}\n`
      }
      const context = { now: Date.now(), print, note: () => undefined }
      await importTrust({ name: 'team' }, [`pkcs11:token=release;object=${name}`], context, signal)
      const file = join(folder, `${name}.yaml`)
      writeFileSync(file, text)
      const { trustRoots } = await readObjects([file])
      const source = new MemoryImageSource()
      const image = source.putManifest([])
      const payload = simplePayload(image.digest)
      const annotations = { 'dev.cosignproject.cosign/signature': sign(name, digest, payload).toString('base64') }
      source.putManifest(
        [source.putBlob(payload, 'application/vnd.dev.cosign.simplesigning.v1+json', annotations)],
        tagOf(image.digest, 'sig'),
      )
      const policy = parseImagePolicy('signed', undefined, { images: ['**'], verify: { anyOf: [{ key: { trustRoot: 'team', name } }] } })
      const facts = {
        repository: 'registry.example.com/shop/web',
        digest: image.digest,
        claims: await collectClaims(source, image.digest, signal),
      }
      assert.equal(evaluateImagePolicies([policy], facts, trustRoots, Date.now()).allowed, true)
      const others = new Map([...trustRoots].map(([root, value]) => [root, { ...value, revoked: [{ key: name }] }]))
      assert.equal(evaluateImagePolicies([policy], facts, others, Date.now()).allowed, false)
    })
})
