import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { authorizationOf } from './read-authorization.ts'
import { maxSettingsBytes } from './settings-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'authorization-'))
after(() => rmSync(folder, { recursive: true }))
function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** A configuration with a webhook that this kubeconfig reaches. */
function configured(name: string, cluster: string, user: string): string {
  const kubeconfig = file(
    `${name}.kubeconfig`,
    `current-context: c
contexts: [{ name: c, context: { cluster: k, user: u } }]
clusters: [{ name: k, cluster: ${cluster} }]
users: [{ name: u, user: ${user} }]
`,
  )
  return file(
    `${name}.yaml`,
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- { type: Node, name: node }
- { type: RBAC, name: rbac }
- type: Webhook
  name: hook
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    failurePolicy: NoOpinion
    connectionInfo: { type: KubeConfigFile, kubeConfigFile: ${kubeconfig} }
`,
  )
}
const read = async (authorizationConfigFile: string | undefined) => (await authorizationOf({ authorizationConfigFile }))?.state.settings

test('authorizationOf() embeds the content of the kubeconfig and of the files that it names', async () => {
  assert.equal(await read(undefined), undefined)
  file('ca.pem', '-----BEGIN CERTIFICATE-----')
  file('token', 'secret\n')
  const found = await read(
    configured('whole', "{ server: 'https://authz.example/x', certificate-authority: ca.pem }", '{ tokenFile: token }'),
  )
  const [, , hook] = found ?? []
  assert.equal(hook?.type, 'Webhook')
  assert.deepEqual(hook.webhook.endpoint, {
    url: 'https://authz.example/x',
    authorities: '-----BEGIN CERTIFICATE-----',
    serverName: undefined,
    identity: { authorization: 'Bearer secret' },
  })
})

const good = "{ server: 'https://authz.example' }"
const rows: readonly (readonly [name: string, path: () => string, why: RegExp])[] = [
  ['a missing file', () => join(folder, 'absent'), /^Cannot read the authorization configuration ".*absent": it does not exist/],
  ['an endless file', () => file('big', `# ${'x'.repeat(maxSettingsBytes)}`), /it has 1048578 bytes, the limit is 1048576$/],
  [
    'plain HTTP',
    () => configured('http', "{ server: 'http://authz.example' }", '{}'),
    /must name an https URL as server, got "http:\/\/authz.example"/,
  ],
  [
    'a server that is not verified',
    () => configured('skip', "{ server: 'https://a.example', insecure-skip-tls-verify: true }", '{}'),
    /sets insecure-skip-tls-verify, and the server is always verified/,
  ],
  [
    'a password in the URL',
    () => configured('url', "{ server: 'https://a:t0p@b.example' }", '{}'),
    /names a server with a user in its URL/,
  ],
  ['invalid YAML', () => configured('broken', good, '{ token: t0p'), /it is not YAML: yaml: line \d+: /],
  [
    'a password in the URL of plain HTTP',
    () => configured('both', "{ server: 'http://a:t0p@b.example' }", '{}'),
    /names a server with a user in its URL/,
  ],
  ['what is not a file', () => '/dev/zero', /it is not a regular file$/],
  ['a program that makes credentials', () => configured('exec', good, '{ exec: { command: sh } }'), /has exec, which is not supported/],
  [
    'a plug-in that does',
    () => configured('provider', good, '{ auth-provider: { name: oidc } }'),
    /has auth-provider, which is not supported/,
  ],
  [
    'a certificate without its key',
    () => configured('half', good, '{ client-certificate-data: eA== }'),
    /has a client-certificate that is not PEM/,
  ],
  ['a missing file that the kubeconfig names', () => configured('gone', good, '{ tokenFile: absent }'), /Cannot read ".*absent"/],
]
for (const [name, path, why] of rows) {
  test(`authorizationOf() refuses ${name}`, () =>
    assert.rejects(read(path()), (err: Error) => {
      assert.match(err.message, why)
      assert.doesNotMatch(err.message, /t0p|admission/)
      return true
    }))
}
