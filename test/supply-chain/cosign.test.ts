// Signatures and attestations that Debian's cosign puts into Debian's docker-registry, which has no API of referrers.
// Needs the Debian packages cosign, docker-registry and skopeo.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Digest } from '../../src/supply-chain/oci/digest.ts'
import { collectClaims } from '../../src/supply-chain/signatures/collect-claims.ts'
import { parseTrustRoot } from '../../src/supply-chain/signatures/trust-root.ts'
import { verifyByKey } from '../../src/supply-chain/signatures/verify-claim.ts'
import { repository as bulkhead, type Outcome, run } from '../cluster.ts'
import { noCosign, RealRegistry, repository } from './real-registry.ts'

const skip = noCosign()
const { signal } = new AbortController()
const slsa = 'https://slsa.dev/provenance/v1'

suite('cosign', { skip }, () => {
  let registry: RealRegistry
  let digest: Digest
  let unsigned: Digest
  let key: string
  let policy: string
  let trust: string

  const verify = (image: string, ...flags: readonly string[]): Promise<Outcome> =>
    run(process.execPath, [
      join(bulkhead, 'src/cli/main.ts'),
      'verify',
      '--policy',
      policy,
      '--trust',
      trust,
      '--ca',
      registry.ca,
      ...flags,
      image,
    ])

  before(async () => {
    if (skip !== false) return
    registry = await RealRegistry.start()
    digest = await registry.push('1.0')
    unsigned = await registry.push('2.0')
    key = await registry.makeKey('release')
    const other = await registry.makeKey('stranger')
    const predicate = join(registry.folder, 'provenance.json')
    writeFileSync(
      predicate,
      JSON.stringify({ buildDefinition: { buildType: 'https://example.com/b' }, runDetails: { builder: { id: 'https://ci' } } }),
    )
    const common = ['--tlog-upload=false', '--yes', `--registry-cacert=${registry.ca}`]
    for (const signer of [other, key]) await registry.cosign('sign', `--key=${signer}.key`, ...common, registry.reference(digest))
    const attest = ['attest', `--key=${key}.key`, ...common, `--predicate=${predicate}`, '--type=slsaprovenance1']
    await registry.cosign(...attest, registry.reference(digest))
    await registry.cosign(...attest, '--new-bundle-format', registry.reference(digest))
    policy = join(registry.folder, 'policy.yaml')
    trust = join(registry.folder, 'trust.yaml')
    const object = (kind: string, name: string, spec: object): string =>
      JSON.stringify({ apiVersion: 'supply.bulkhead.dev/v1', kind, metadata: { name }, spec })
    const conditions = [{ expression: 'predicate.runDetails.builder.id == "https://ci"' }]
    const signer = { key: { trustRoot: 'team', name: 'release' }, attestations: [{ predicateType: slsa, conditions }] }
    writeFileSync(policy, object('ClusterImagePolicy', 'signed', { images: [`${registry.host}/shop/**`], verify: { anyOf: [signer] } }))
    writeFileSync(trust, object('TrustRoot', 'team', { keys: [{ name: 'release', publicKey: readFileSync(`${key}.pub`, 'utf8') }] }))
  })
  after(async () => {
    if (skip === false) await registry[Symbol.asyncDispose]()
  })

  test('collectClaims() reads what cosign signs and attests, as tags and as a bundle of the fallback tag', async () => {
    using client = registry.client()
    const { readable, unreadable } = await collectClaims(client, digest, signal)
    assert.deepEqual(unreadable, [])
    const shown = readable.map(({ source, statement }) => `${source.kind} ${statement.kind === 'signature' ? '' : statement.predicateType}`)
    assert.deepEqual(shown.sort(), [`attestation ${slsa}`, `bundle ${slsa}`, 'signature ', 'signature '])
    const root = parseTrustRoot('team', { keys: [{ name: 'release', publicKey: readFileSync(`${key}.pub`, 'utf8') }] })
    const verdicts = readable.map(claim => verifyByKey(claim, root, 'release', Date.now()).verified)
    assert.equal(verdicts.filter(verified => verified).length, 3)
    for (const { statement } of readable) assert.deepEqual(statement.digests, [digest])
  })

  test('bulkhead verify takes what is signed and attested, by tag and digest, and names the signer', async () => {
    for (const image of [`${registry.host}/${repository}:1.0`, registry.reference(digest)]) {
      const { code, stdout, stderr } = await verify(image)
      assert.equal(code, 0, stdout + stderr)
      assert.match(
        stdout,
        new RegExp(
          `^${registry.host}/${repository}@${digest}: verified\n  met      ClusterImagePolicy "signed"\n +signed by key "release" of trust root "team"`,
        ),
      )
    }
    const { code, stdout } = await verify(registry.reference(digest), '-o', 'json')
    const { verified, policies } = JSON.parse(stdout)
    assert.deepEqual([code, verified, policies[0].signers[0].key], [0, true, 'release'])
  })

  test('bulkhead verify refuses what is not signed, with the reason and exit code 1', async () => {
    const { code, stdout } = await verify(registry.reference(unsigned))
    assert.equal(code, 1)
    assert.match(
      stdout,
      /: refused\n {2}not met {2}ClusterImagePolicy "signed"\n +it has no signature by key "release" of trust root "team" \(none found\); would pass: cosign sign/,
    )
  })

  test('bulkhead verify ends with exit code 2 if it could not verify', async () => {
    const missing = await verify(`${registry.host}/${repository}:3.0`)
    assert.deepEqual([missing.code, /has no image "shop\/web" with tag "3\.0"/.test(missing.stderr)], [2, true], missing.stderr)
    const untrusted = await run(process.execPath, [
      join(bulkhead, 'src/cli/main.ts'),
      'verify',
      '--policy',
      policy,
      registry.reference(digest),
    ])
    assert.deepEqual([untrusted.code, /certificate of 127\.0\.0\.1:\d+ is not trusted/.test(untrusted.stderr)], [2, true], untrusted.stderr)
  })

  test('bulkhead verify reads an OCI layout that skopeo copied with its signatures', async () => {
    const layout = join(registry.folder, 'layout')
    const tag = digest.replace(':', '-')
    const copies = [
      ['1.0', '1.0'],
      [`${tag}.sig`, `${tag}.sig`],
      [`${tag}.att`, `${tag}.att`],
    ]
    for (const [from, to] of copies) {
      const args = ['copy', '--quiet', `docker://${registry.host}/${repository}:${from}`, `oci:${layout}:${to}`]
      const { code, stderr } = await run('skopeo', args, { environment: { SSL_CERT_FILE: registry.ca } })
      assert.equal(code, 0, stderr)
    }
    const { code, stdout, stderr } = await verify(layout, '--as', `${registry.host}/${repository}`)
    assert.equal(code, 0, stdout + stderr)
    assert.match((await verify(layout)).stderr, /does not say which image it is: name it with --as/)
    const elsewhere = await verify(layout, '--as', 'docker.io/library/web')
    assert.deepEqual([elsewhere.code, /unverified: no policy is for this image/.test(elsewhere.stdout)], [1, true])
  })
})
