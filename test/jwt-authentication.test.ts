// Users with tokens of an external issuer: `bulkhead up` with an AuthenticationConfiguration, kubectl with a token.
import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TestIssuer, testKey } from '../src/access/jwt/test-issuer.testing.ts'
import { bulkhead, flagsWithToken, noKubectl, run, TestCluster, temporaryFolder, until } from './cluster.ts'

const configurationOf = ({ url, authority }: TestIssuer) => ({
  apiVersion: 'apiserver.config.k8s.io/v1beta1',
  kind: 'AuthenticationConfiguration',
  jwt: [
    {
      issuer: { url, certificateAuthority: authority, audiences: ['kubernetes'] },
      claimMappings: {
        username: { expression: "'company:' + claims.sub" },
        groups: { claim: 'groups', prefix: 'company:' },
      },
      claimValidationRules: [{ expression: "claims.tenant == 'blue'", message: 'another tenant' }],
    },
  ],
})

/** kubectl with only this token. */
const kubectlOf =
  (cluster: TestCluster, folder: string) =>
  (token: string, ...args: string[]) =>
    run('kubectl', [...flagsWithToken(cluster, token, folder), ...args])

test('a token of a configured issuer has the rights that RBAC gives its user and its groups', { skip: noKubectl }, async () => {
  await using issuer = await TestIssuer.open()
  const folder = temporaryFolder()
  const file = join(folder, 'authentication.yaml')
  writeFileSync(file, JSON.stringify(configurationOf(issuer)))
  await using cluster = await TestCluster.start({ flags: ['--control-plane-only', '--authentication-config-file', file] })
  const kubectlWith = kubectlOf(cluster, folder)
  const token = (claims: object, key?: ReturnType<typeof testKey>) =>
    issuer.sign(issuer.claims(Date.now(), { tenant: 'blue', ...claims }), key)
  const ann = await token({ groups: ['dev'] })

  const who = await kubectlWith(ann, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}')
  assert.equal(who.stdout, 'company:ann ["company:dev","system:authenticated"]', who.stderr)
  assert.match((await kubectlWith(ann, 'get', 'configmaps')).stderr, /User "company:ann" cannot list resource "configmaps"/)
  await cluster.kubectl('create', 'rolebinding', 'dev', '--clusterrole=view', '--group=company:dev')
  await cluster.kubectl('create', 'rolebinding', 'ann', '--clusterrole=edit', '--user=company:ann')
  assert.equal((await kubectlWith(ann, 'get', 'configmaps', '-o', 'name')).code, 0)
  assert.equal((await kubectlWith(ann, 'create', 'configmap', 'of-ann')).stdout, 'configmap/of-ann created\n')
  const bob = await token({ sub: 'bob', groups: ['dev'] })
  assert.equal((await kubectlWith(bob, 'get', 'configmaps', 'of-ann', '-o', 'name')).stdout, 'configmap/of-ann\n')
  assert.match((await kubectlWith(bob, 'create', 'configmap', 'of-bob')).stderr, /User "company:bob" cannot create resource "configmaps"/)

  const strangers = [
    await token({}, testKey('ES256')),
    await token({ aud: 'vault' }),
    await token({ exp: 1 }),
    await token({ tenant: 'red' }),
  ]
  for (const stranger of strangers) assert.match((await kubectlWith(stranger, 'get', 'configmaps')).stderr, /Unauthorized/)
  const { stderr } = await kubectlWith(await token({ tenant: 'red' }), '-v=8', 'get', 'configmaps')
  const id = [...stderr.matchAll(/Audit-Id: (\S+)/g)].at(-1)?.[1] ?? ''
  const why = await bulkhead('why', id, '--data-dir', cluster.dataDirectory)
  assert.match(why.stdout, /jwt: .*validation expression 'claims\.tenant == 'blue'' failed: another tenant/)

  // The server that takes its place has the same configuration.
  await cluster.killPart('server')
  assert.equal((await kubectlWith(ann, 'get', 'configmaps', '-o', 'name')).code, 0)
})

test('up reports a mistake in an AuthenticationConfiguration, and starts nothing', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'authentication.yaml')
  writeFileSync(
    file,
    'apiVersion: apiserver.config.k8s.io/v1beta1\nkind: AuthenticationConfiguration\njwt: [{issuer: {url: "http://a"}}]\n',
  )
  const { code, stderr } = await bulkhead('up', '--data-dir', join(folder, 'data'), '--authentication-config-file', file)
  assert.notEqual(code, 0)
  assert.match(stderr, /jwt\[0\]\.issuer\.url: Invalid value: "http:\/\/a": URL scheme must be https/)
  assert.match(stderr, /jwt\[0\]\.issuer\.audiences: Required value/)
})

test('a cluster applies a changed AuthenticationConfiguration, and keeps the former if the new one is invalid', {
  skip: noKubectl,
}, async () => {
  await using first = await TestIssuer.open()
  await using second = await TestIssuer.open()
  const folder = temporaryFolder()
  const file = join(folder, 'authentication.yaml')
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  write(JSON.stringify(configurationOf(first)))
  await using cluster = await TestCluster.start({ flags: ['--control-plane-only', '--authentication-config-file', file] })
  const kubectlWith = kubectlOf(cluster, folder)
  const [ofFirst, ofSecond] = await Promise.all(
    [first, second].map(async issuer => await issuer.sign(issuer.claims(Date.now(), { tenant: 'blue' }))),
  )
  const isLetIn = async (token = '') => {
    const { code, stderr } = await kubectlWith(token, 'auth', 'whoami')
    if (code !== 0) assert.match(stderr, /Unauthorized/)
    return code === 0
  }
  const samples = async (name: string) =>
    (await cluster.kubectl('get', '--raw', '/metrics'))
      .split('\n')
      .filter(line => line.startsWith(`apiserver_authentication_config_controller_${name}{`))
      .map(line => line.slice(line.indexOf('{')))
  assert.deepEqual([await isLetIn(ofFirst), await isLetIn(ofSecond)], [true, false])
  const hash = await samples('last_config_info')

  write(JSON.stringify(configurationOf(second)))
  await until('the new issuer', () => isLetIn(ofSecond))
  assert.equal(await isLetIn(ofFirst), false)
  assert.deepEqual(await samples('automatic_reloads_total'), ['{status="success",apiserver_id_hash=""} 1'])
  assert.notDeepEqual(await samples('last_config_info'), hash)

  const bad = [
    ['jwt: 1', /jwt must be a list/],
    [
      JSON.stringify({ ...configurationOf(first), anonymous: { enabled: false } }),
      /anonymous: Forbidden: changed from initial configuration file/,
    ],
  ] as const
  for (const [text, why] of bad) {
    const seen = cluster.output.length
    write(text.startsWith('jwt') ? `apiVersion: apiserver.config.k8s.io/v1beta1\nkind: AuthenticationConfiguration\n${text}\n` : text)
    await cluster.untilOutput(/changed settings refused, the previous ones stay in force/, seen)
    assert.match(cluster.output.slice(seen), why)
  }
  const failures = '{status="failure",apiserver_id_hash=""} 2'
  await until('both failures', async () => (await samples('automatic_reloads_total')).includes(failures))
  assert.deepEqual([await isLetIn(ofFirst), await isLetIn(ofSecond)], [false, true])
  const status = await bulkhead('status', '--data-dir', cluster.dataDirectory)
  assert.equal(status.code, 1)
  assert.match(
    status.stdout,
    /The authentication configuration of \S+ is in force, because the one of \S+ was refused: .*anonymous: Forbidden/,
  )

  // The newest that was valid counts for the server that takes the place of this one, too.
  await cluster.killPart('server')
  assert.deepEqual([await isLetIn(ofFirst), await isLetIn(ofSecond)], [false, true])
  write(JSON.stringify(configurationOf(first)))
  await until('the first issuer again', () => isLetIn(ofFirst))
  assert.equal(await isLetIn(ofSecond), false)
  assert.equal((await bulkhead('status', '--data-dir', cluster.dataDirectory)).code, 0)
})
