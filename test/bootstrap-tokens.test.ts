// Bootstrap tokens as kubeadm creates them: Secrets by kubectl, and kubectl with their tokens.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { bulkhead, flagsWithToken, noKubectl, run, TestCluster, temporaryFolder, until } from './cluster.ts'

const token = 'abcdef.0123456789abcdef'
const tokenSecret = (more: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  stringData: {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
    ...more,
  },
})

test('kubectl with a bootstrap token is its user until the Secret expires or is deleted', { skip: noKubectl }, async t => {
  const folder = temporaryFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  await using cluster = await TestCluster.start({
    flags: ['--control-plane-only', '--enable-bootstrap-token-auth', '--log-level', 'debug'],
  })
  const apply = async (more?: Record<string, string>) => {
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], JSON.stringify(tokenSecret(more)))
    assert.equal(code, 0, stderr)
  }
  const kubectlWith = async (shown: string, ...args: string[]) => await run('kubectl', [...flagsWithToken(cluster, shown, folder), ...args])
  const whoAmI = async (shown = token) =>
    await kubectlWith(shown, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}')
  const known = 'system:bootstrap:abcdef ["system:bootstrappers","system:bootstrappers:kubeadm:default-node-token","system:authenticated"]'
  const refused = async (shown?: string) => assert.match((await whoAmI(shown)).stderr, /Unauthorized/)

  await refused()
  await apply()
  assert.equal((await whoAmI()).stdout, known)
  await refused('abcdef.0123456789abcdeg')
  assert.match((await kubectlWith(token, 'get', 'configmaps')).stderr, /User "system:bootstrap:abcdef" cannot list resource "configmaps"/)
  assert.match(await cluster.kubectl('-n', 'kube-system', 'describe', 'secret', 'bootstrap-token-abcdef'), /token-secret: +16 bytes/)

  await cluster.kubectl('-n', 'kube-public', 'create', 'configmap', 'cluster-info', '--from-literal=kubeconfig=content')
  const signature = async () =>
    await cluster.kubectl('-n', 'kube-public', 'get', 'configmap', 'cluster-info', '-o', 'jsonpath={.data.jws-kubeconfig-abcdef}')
  await until('a signature', async () => (await signature()).startsWith('eyJ'))

  await cluster.kubectl('create', 'clusterrolebinding', 'viewer', '--clusterrole=view', '--user=system:bootstrap:abcdef')
  const watching = spawn('kubectl', [...flagsWithToken(cluster, token, folder), '-n', 'kube-public', 'get', 'configmaps', '--watch'])
  const ended = once(watching, 'close')
  let printed = ''
  watching.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const rows = () => printed.split('cluster-info ').length - 1
  await until('the list', () => rows() === 1)
  await cluster.kubectl('-n', 'kube-public', 'annotate', 'configmap', 'cluster-info', 'a=b')
  await until('an event of the watch', () => rows() === 2)
  await cluster.kubectl('-n', 'kube-system', 'delete', 'secret', 'bootstrap-token-abcdef')
  await ended
  await refused()
  await until('no signature', async () => (await signature()) === '')

  await apply({ expiration: '2020-01-01T00:00:00Z' })
  await refused()
  const secrets = async () => await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'name')
  await until('the expired token deleted', async () => !(await secrets()).includes('bootstrap-token'))

  await apply()
  const { stderr } = await kubectlWith(token, '-v=8', 'get', 'secrets')
  const id = [...stderr.matchAll(/Audit-Id: (\S+)/g)].at(-1)?.[1] ?? ''
  assert.match(
    (await bulkhead('why', id, '--data-dir', cluster.dataDirectory)).stdout,
    /system:bootstrap:abcdef .* accepted by bootstrap-token/,
  )
  assert.doesNotMatch(cluster.output, /0123456789abcde/)
})
