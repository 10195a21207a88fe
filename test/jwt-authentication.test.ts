// People who come with tokens of an issuer that is not the cluster's: `bulkhead up` with an AuthenticationConfiguration, kubectl with a token.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TestIssuer, testKey } from '../src/access/jwt/test-issuer.testing.ts'
import { bulkhead, flagsWithToken, noKubectl, run, TestCluster, temporaryFolder } from './cluster.ts'

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

test('a token of a configured issuer has the rights that RBAC gives its user and its groups', { skip: noKubectl }, async () => {
  await using issuer = await TestIssuer.open()
  const folder = temporaryFolder()
  const file = join(folder, 'authentication.yaml')
  writeFileSync(file, JSON.stringify(configurationOf(issuer)))
  await using cluster = await TestCluster.start({ flags: ['--control-plane-only', '--authentication-config-file', file] })
  const kubectlWith = async (token: string, ...args: string[]) => await run('kubectl', [...flagsWithToken(cluster, token, folder), ...args])
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

test('up says what is wrong with an AuthenticationConfiguration, and starts nothing', async () => {
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
