// Images of another registry in the cluster's own: fetched once, with their signatures, by the rights of the API. Needs the Debian packages docker-registry,
// skopeo and curl.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { mirroredRegistries } from '../../src/api/registry-mirrors.ts'
import type { RegistryMirrorSpec } from '../../src/api/types/supply-v1.ts'
import { httpsRegistries } from '../../src/artifacts/https-registries.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { namespaces, roleBindings, serviceAccounts } from '../../src/client/resources.ts'
import { type Cluster, startCluster } from '../../src/cluster/start-cluster.ts'
import { KeptContent } from '../../src/registry/pull-through/kept-content.ts'
import { KnownNames } from '../../src/registry/pull-through/known-names.ts'
import { PullThrough } from '../../src/registry/pull-through/pull-through.ts'
import type { Digest } from '../../src/supply-chain/oci/digest.ts'
import { run, until } from '../cluster.ts'
import { noCosign, RealRegistry } from '../supply-chain/real-registry.ts'
import { noRegistry, RunningRegistry } from './running-registry.ts'

const { signal } = new AbortController()
const account = {
  name: 'system:serviceaccount:kube-system:registry',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system'],
}

suite('images of another registry in that of the cluster', { skip: noRegistry(), timeout: 300_000 }, () => {
  let cluster: Cluster
  let other: RealRegistry
  let registry: RunningRegistry
  let [puller, stranger] = ['', '']
  let digest: Digest
  let clockOffset = 0
  let signature = ''

  before(async () => {
    cluster = await startCluster({ simulatedNodes: 0 })
    other = await RealRegistry.start()
    digest = await other.push('1')
    if (noCosign() === false) {
      const key = await other.makeKey('release')
      const common = ['--tlog-upload=false', '--yes', `--registry-cacert=${other.ca}`]
      await other.cosign('sign', `--key=${key}.key`, ...common, other.reference(digest))
    }
    const spec: RegistryMirrorSpec = {
      registry: 'hub.example.com',
      mirrors: [{ endpoint: other.host, authorities: other.authorities }],
      only: true,
      pullThrough: { namespace: 'hub' },
    }
    const all = mirroredRegistries([{ metadata: { name: 'hub' }, spec }])
    const clock = { ...systemClock, now: () => systemClock.now() + clockOffset, monotonic: () => systemClock.monotonic() + clockOffset }
    const registries = httpsRegistries({ clock: systemClock, mirrors: { of: name => all.get(name), credentials: () => undefined } })
    registry = await RunningRegistry.start(cluster.as(account), async folder => {
      const [content, names] = await Promise.all([KeptContent.open(join(folder, 'kept')), KnownNames.open(join(folder, 'kept-names'))])
      return new PullThrough({
        ...{ mirrors: { all: () => all }, content, names, clock, log: silentLogger },
        registries: {
          open: (name, path) => registries.open(`${name}/${path}`, []),
          tags: (name, path, until) => registries.tags(`${name}/${path}`, [], until),
        },
      })
    })
    for (const name of ['hub', 'bank']) await cluster.client.create(namespaces, '', { metadata: { name }, spec: {} }, signal)
    puller = await tokenOf('hub', 'puller', 'bulkhead:repository-pusher')
    stranger = await tokenOf('bank', 'stranger', 'bulkhead:repository-pusher')
  })
  after(async () => {
    await registry?.[Symbol.asyncDispose]()
    await other?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  async function tokenOf(namespace: string, name: string, role: string): Promise<string> {
    await cluster.client.create(serviceAccounts, namespace, { metadata: { name } }, signal)
    const subjects = [{ kind: 'ServiceAccount', name, namespace }]
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }
    await cluster.client.create(roleBindings, namespace, { metadata: { name }, subjects, roleRef } as never, signal)
    const spec = { audiences: ['registry.bulkhead.dev'], expirationSeconds: 600 }
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
    const { status } = await cluster.client.subresource<{ status: { token: string } }>(
      'POST',
      serviceAccounts,
      namespace,
      name,
      'token',
      request,
      signal,
    )
    return status.token
  }

  const curl = async (path: string, token: string, ...args: readonly string[]) => {
    const { stdout } = await run('curl', [
      ...['--silent', '--cacert', registry.ca, '--write-out', '\n%{http_code}', '--user', `any:${token}`],
      ...['--header', 'Accept: application/vnd.oci.image.manifest.v1+json', ...args, `https://${registry.host}${path}`],
    ])
    const at = stdout.lastIndexOf('\n')
    return { status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) }
  }
  const copy = (name: string, token: string, reference = 'hub/shop/web:1') =>
    registry.skopeo(
      'copy',
      '--quiet',
      `--src-creds=any:${token}`,
      `docker://${registry.host}/${reference}`,
      `dir:${join(registry.folder, name)}`,
    )

  test('only who may pull from its namespace gets them, and nobody pushes there', async () => {
    const refused = await copy('stranger', stranger)
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /denied|unauthorized/i)
    // Not even a manifest was fetched for it.
    assert.equal((await copy('missing', puller, 'hub/shop/missing:1')).code !== 0, true)
    assert.equal((await curl('/v2/hub/shop/web/blobs/uploads/', puller, '--request', 'POST')).status, 405)
    assert.equal((await curl('/v2/hub/shop/web/manifests/mine', puller, '--request', 'PUT', '--data', '{}')).status, 405)
  })

  test('a client gets of a repository only what a manifest of it names', async () => {
    const { status, body } = await curl(`/v2/hub/shop/web/blobs/sha256:${'0'.repeat(64)}`, puller)
    assert.equal(status, 404, body)
  })

  test('skopeo copies an image of the other registry, byte for byte', async () => {
    const { code, stderr } = await copy('first', puller)
    assert.equal(code, 0, stderr)
    const { body } = await curl('/v2/hub/shop/web/manifests/1', puller, '--head')
    assert.match(body, new RegExp(`docker-content-digest: ${digest}`, 'i'))
  })

  test('signatures of cosign are kept with the image', { skip: noCosign() }, async () => {
    const tag = `${digest.replace(':', '-')}.sig`
    const { status, body } = await curl(`/v2/hub/shop/web/manifests/${tag}`, puller)
    assert.equal(status, 200, body)
    signature = tag
    const [layer = ''] = /sha256:[0-9a-f]{64}(?=","annotations)/.exec(body) ?? /sha256:[0-9a-f]{64}/.exec(body) ?? []
    assert.equal((await curl(`/v2/hub/shop/web/blobs/${layer}`, puller)).status, 200)
  })

  test('tags and referrers are listed', async () => {
    const tags = await curl('/v2/hub/shop/web/tags/list', puller)
    assert.match(tags.body, /"1"/)
    const { status, body } = await curl(`/v2/hub/shop/web/referrers/${digest}`, puller)
    assert.equal(status, 200)
    assert.match(body, /"manifests":\[\]/)
  })

  test('a moved tag is seen after a minute, and what is kept serves while the other registry is away', async () => {
    const moved = await other.push('1', 'another text')
    assert.match((await curl('/v2/hub/shop/web/manifests/1', puller, '--head')).body, new RegExp(digest))
    clockOffset += 61_000
    assert.match((await curl('/v2/hub/shop/web/manifests/1', puller, '--head')).body, new RegExp(moved))
    assert.equal((await copy('second', puller)).code, 0)
    await until('the list of referrers is kept', async () => (await curl(`/v2/hub/shop/web/referrers/${moved}`, puller)).status === 200)
    await other[Symbol.asyncDispose]()
    clockOffset += 61_000
    const { code, stderr } = await copy('third', puller)
    assert.equal(code, 0, stderr)
    assert.equal((await curl(`/v2/hub/shop/web/referrers/${moved}`, puller)).status, 200)
    if (signature !== '') assert.equal((await curl(`/v2/hub/shop/web/manifests/${signature}`, puller)).status, 200)
    const { status, body } = await curl('/v2/hub/shop/web/manifests/2', puller)
    assert.equal(status, 503, body)
  })
})
