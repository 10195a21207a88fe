// The cluster's registry with skopeo and curl: rights are those of the API, at each request. Needs the Debian packages docker-registry,
// skopeo and curl.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'

import { namespaces, registryTokens, resourceQuotas, roleBindings, serviceAccounts } from '../../src/client/resources.ts'
import { type Cluster, startCluster } from '../../src/cluster/start-cluster.ts'
import { run } from '../cluster.ts'
import { noRegistry, RunningRegistry } from './running-registry.ts'

const { signal } = new AbortController()
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

const account = {
  name: 'system:serviceaccount:kube-system:registry',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system'],
}

suite('the registry of a cluster', { skip: noRegistry(), timeout: 300_000 }, () => {
  let cluster: Cluster
  let registry: RunningRegistry
  /** Tokens of ServiceAccounts in namespace shop, and of one in bank. */
  let [puller, pusher, stranger] = ['', '', '']

  before(async () => {
    cluster = await startCluster({ simulatedNodes: 0 })
    registry = await RunningRegistry.start(cluster.as(account))
    for (const name of ['shop', 'bank']) await cluster.client.create(namespaces, '', { metadata: { name }, spec: {} }, signal)
    const accountOf = async (namespace: string, name: string, role?: string) => {
      await cluster.client.create(serviceAccounts, namespace, { metadata: { name } }, signal)
      if (role !== undefined) await bind(namespace, name, role)
      return await tokenOf(namespace, name, ['registry.bulkhead.dev'])
    }
    puller = await accountOf('shop', 'puller', 'bulkhead:repository-puller')
    pusher = await accountOf('shop', 'pusher', 'bulkhead:repository-pusher')
    stranger = await accountOf('bank', 'stranger', 'bulkhead:repository-pusher')
    const pushed = await registry.push('shop/web', pusher)
    assert.equal(pushed.code, 0, pushed.stderr)
  })
  after(async () => {
    await registry?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  async function bind(namespace: string, name: string, role: string): Promise<void> {
    const subjects = [{ kind: 'ServiceAccount', name, namespace }] as const
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role } as const
    await cluster.client.create(roleBindings, namespace, { metadata: { name }, subjects: [...subjects], roleRef } as never, signal)
  }

  async function tokenOf(namespace: string, name: string, audiences: readonly string[]): Promise<string> {
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences, expirationSeconds: 600 } }
    const { status } = await cluster.client.subresource<{ status: { token: string } }>(
      ...(['POST', serviceAccounts, namespace, name, 'token', request, signal] as const),
    )
    return status.token
  }

  const curl = (path: string, token: string | undefined, ...args: readonly string[]) =>
    run('curl', [
      ...['--silent', '--path-as-is', '--cacert', registry.ca, '--write-out', '\n%{http_code}', '--header', `Accept: ${manifestType}`],
      ...(token === undefined ? [] : ['--user', `any:${token}`]),
      ...[...args, `https://${registry.host}${path}`],
    ])
  const statusOf = async (path: string, token: string | undefined, ...args: readonly string[]) =>
    Number((await curl(path, token, ...args)).stdout.split('\n').at(-1))

  test('skopeo pulls with the right to pull, and does not push', async () => {
    assert.equal((await registry.inspect('shop/web', puller)).code, 0)
    const { code, stderr } = await registry.push('shop/other', puller)
    assert.notEqual(code, 0)
    assert.match(stderr, /cannot push resource \\"repositories\\"/)
  })

  test('an account of another namespace neither pulls nor pushes, and cannot tell what exists', async () => {
    const known = await registry.inspect('shop/web', stranger)
    const unknown = await registry.inspect('shop/nothing', stranger)
    assert.notEqual(known.code, 0)
    assert.match(known.stderr, /denied|unauthorized|cannot pull/i)
    assert.equal(
      known.stderr.replaceAll('web', 'X').replace(/time="[^"]*"/, ''),
      unknown.stderr.replaceAll('nothing', 'X').replace(/time="[^"]*"/, ''),
    )
    assert.notEqual((await registry.push('shop/stolen', stranger)).code, 0)
  })

  test('no credential, a wrong one and one for another audience are refused', async () => {
    assert.equal(await statusOf('/v2/', undefined), 401)
    assert.equal(await statusOf('/v2/', 'wrong'), 401)
    assert.equal(await statusOf('/v2/', await tokenOf('shop', 'puller', ['https://vault'])), 401)
    assert.equal(await statusOf('/v2/', puller), 200)
    const { stdout } = await curl('/v2/shop/web/manifests/1', undefined, '--include')
    assert.match(
      stdout,
      /www-authenticate: Bearer realm="https:\/\/127\.0\.0\.1:\d+\/token",service="[^"]+",scope="repository:shop\/web:pull"/i,
    )
  })

  test('a token for the API server is accepted too, and a user with a certificate gets one for the registry', async () => {
    assert.equal(await statusOf('/v2/shop/web/tags/list', await tokenOf('shop', 'puller', [])), 200)
    const { status } = await cluster.as({ name: 'ada' }).create(registryTokens, '', { metadata: { name: '' }, spec: {} }, signal)
    assert.equal(status?.username, 'ada')
    assert.equal(await statusOf('/v2/', status?.token ?? ''), 200)
    assert.equal(await statusOf('/v2/shop/web/tags/list', status?.token ?? ''), 403)
  })

  test('a revoked right refuses the next pull, whatever token is alive', async () => {
    await cluster.client.create(serviceAccounts, 'shop', { metadata: { name: 'leaver' } }, signal)
    await bind('shop', 'leaver', 'bulkhead:repository-puller')
    const token = await tokenOf('shop', 'leaver', ['registry.bulkhead.dev'])
    const bearer = ['--header', `Authorization: Bearer ${token}`]
    assert.equal(await statusOf('/v2/shop/web/manifests/1', undefined, ...bearer), 200)
    await cluster.client.delete(roleBindings, 'shop', 'leaver', {}, signal)
    assert.equal(await statusOf('/v2/shop/web/manifests/1', undefined, ...bearer), 403)
    await cluster.client.delete(serviceAccounts, 'shop', 'leaver', {}, signal)
    assert.equal(await statusOf('/v2/shop/web/manifests/1', undefined, ...bearer), 401)
  })

  test('the catalog shows what its asker may pull', async () => {
    assert.equal((await registry.push('bank/vault', stranger)).code, 0)
    const listed = async (token: string) => (await curl('/v2/_catalog', token)).stdout.split('\n')[0]
    assert.deepEqual([await listed(puller), await listed(stranger)], ['{"repositories":["shop/web"]}', '{"repositories":["bank/vault"]}'])
  })

  test('a blob of another namespace cannot be mounted', async () => {
    const manifest = (await curl('/v2/shop/web/manifests/1', puller)).stdout
    const digest = /sha256:[0-9a-f]{64}/.exec(manifest)?.[0] ?? assert.fail(manifest)
    const mount = `/v2/bank/vault/blobs/uploads/?mount=${digest}&from=shop/web`
    assert.equal(await statusOf(mount, stranger, '--request', 'POST'), 202)
    assert.equal(await statusOf(`/v2/bank/vault/blobs/${digest}`, stranger, '--head'), 404)
    const own = `/v2/shop/copy/blobs/uploads/?mount=${digest}&from=shop/web`
    assert.equal(await statusOf(own, pusher, '--request', 'POST'), 201)
  })

  test('paths that two parsers could read differently are refused', async () => {
    for (const path of [
      '/v2/bank/vault/../../shop/web/manifests/1',
      '/v2/bank/vault/%2e%2e/%2e%2e/shop/web/manifests/1',
      '//v2/shop/web/manifests/1',
      '/v2/web/manifests/1',
    ])
      assert.equal(await statusOf(path, stranger), 404, path)
  })

  test('the registry behind the front takes no request that the front did not sign', async () => {
    const direct = (...args: readonly string[]) =>
      run('curl', ['--silent', '--unix-socket', registry.socket, '--write-out', '%{http_code}', '--output', '/dev/null', ...args])
    assert.equal((await direct('http://x/v2/shop/web/manifests/1')).stdout, '401')
    assert.equal((await direct('--header', `Authorization: Bearer ${puller}`, 'http://x/v2/shop/web/manifests/1')).stdout, '401')
  })

  test('a quota of the namespace limits what it stores', async () => {
    const quota = { metadata: { name: 'images' }, spec: { hard: { 'repositories.supply.bulkhead.dev/storage': '2Ki' } } }
    await cluster.client.create(resourceQuotas, 'bank', quota, signal)
    const { code, stderr } = await registry.push('bank/large', stranger, randomBytes(100_000).toString('hex'))
    assert.notEqual(code, 0)
    assert.match(stderr, /exceed its limit of 2048/)
    await cluster.client.delete(resourceQuotas, 'bank', 'images', {}, signal)
    assert.equal((await registry.push('bank/large', stranger, 'small')).code, 0)
  })

  test('a large manifest is refused before it is read', async () => {
    const body = ['--request', 'PUT', '--data-binary', `@${registry.ca}`, '--header', `Content-Length: ${5 << 20}`]
    assert.equal(await statusOf('/v2/shop/web/manifests/2', pusher, ...body), 413)
  })
})
