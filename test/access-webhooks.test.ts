// Webhooks for rights and tokens as an administrator sets them up: a file, `bulkhead up`, and kubectl.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Review, TestWebhook } from '../src/cluster/tests/webhook.testing.ts'
import { bulkhead, noKubectl, run, TestCluster, temporaryFolder, until } from './cluster.ts'

const folder = temporaryFolder()
let webhook: TestWebhook
before(async () => {
  webhook = await TestWebhook.open()
  for (const path of ['/rules', '/redirects', '/endless', '/down']) {
    writeFileSync(join(folder, `${path.slice(1)}.kubeconfig`), JSON.stringify(webhook.kubeconfig(path, { token: 'of-the-server' })))
  }
})
after(async () => {
  await webhook?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

interface Hook {
  readonly path: string
  readonly failurePolicy: 'Deny' | 'NoOpinion'
  readonly user: string
}

/** Webhooks before RBAC, each about one user. */
function configuration(hooks: readonly Hook[]): string {
  const authorizers = hooks.map(({ path, failurePolicy, user }) => ({
    type: 'Webhook',
    name: `${path}-${failurePolicy}`.toLowerCase(),
    webhook: {
      ...{ timeout: '20s', authorizedTTL: '1s', unauthorizedTTL: '1s', subjectAccessReviewVersion: 'v1', failurePolicy },
      matchConditionSubjectAccessReviewVersion: 'v1',
      matchConditions: [{ expression: `request.user == '${user}'` }],
      connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: join(folder, `${path}.kubeconfig`) },
    },
  }))
  const file = join(folder, 'authorization.yaml')
  const own = [
    { type: 'Node', name: 'node' },
    { type: 'RBAC', name: 'rbac' },
  ]
  const text = JSON.stringify({
    ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration' },
    authorizers: [own[0], ...authorizers, own[1]],
  })
  writeFileSync(file, text)
  return file
}

const respond: TestWebhook['respond'] = (review, path, answer) => {
  if (path === '/redirects') answer.writeHead(307, { location: '/rules' }).end()
  else if (path === '/down') answer.destroy()
  else if (path === '/endless') {
    const more = () => {
      while (answer.write(Buffer.alloc(64 * 1024, 'x')));
    }
    answer.on('drain', more)
    more()
  } else answer.end(JSON.stringify({ ...review, status: rule(review.spec) }))
  return undefined
}

function rule({ resourceAttributes: asked }: Review): object {
  if (asked?.resource === 'configmaps') return { allowed: true, reason: 'everybody may' }
  return asked?.resource === 'secrets' ? { allowed: false, denied: true, reason: 'secrets are closed' } : { allowed: false }
}

test('webhooks of an AuthorizationConfiguration decide before RBAC, and failing ones by their failure policy', {
  skip: noKubectl,
}, async () => {
  webhook.respond = respond
  const failing = ['redirects', 'endless', 'down'].flatMap(path =>
    (['Deny', 'NoOpinion'] as const).map(failurePolicy => ({ path, failurePolicy, user: `${path}-${failurePolicy}` })),
  )
  const file = configuration([{ path: 'rules', failurePolicy: 'Deny', user: 'ann' }, ...failing])
  await using cluster = await TestCluster.start({ flags: ['--simulated-nodes', '1', '--authorization-config-file', file] })
  await cluster.kubectl(
    'create',
    'clusterrolebinding',
    'admins',
    '--clusterrole=cluster-admin',
    '--user=ann',
    ...failing.map(({ user }) => `--user=${user}`),
  )
  await cluster.kubectl('create', 'clusterrolebinding', 'more', '--clusterrole=view', '--user=bob')

  const as = (user: string, ...args: string[]) => cluster.tryKubectl(['--as', user, ...args])
  assert.equal((await as('ann', 'get', 'pods')).code, 0)
  const refused = await as('ann', 'get', 'secrets')
  assert.match(refused.stderr, /Forbidden.*User "ann" cannot list resource "secrets".*: secrets are closed/)
  const may = await as('ann', 'auth', 'can-i', 'list', 'secrets')
  assert.match(`${may.stdout}${may.stderr}`, /no.*secrets are closed/s)
  assert.match((await as('ann', 'auth', 'can-i', 'list', 'configmaps')).stdout, /yes/)
  assert.match((await as('ann', 'auth', 'can-i', '--list')).stderr, /incomplete/)
  const why = await bulkhead('why', '--as', 'ann', 'list', 'secrets', '--data-dir', cluster.dataDirectory)
  assert.match(why.stdout, /by webhook "rules-deny": secrets are closed/)
  assert.equal((await as('bob', 'get', 'pods')).code, 0)

  for (const { user, failurePolicy, path } of failing) {
    const { code, stderr } = await as(user, 'get', 'pods')
    assert.equal(code === 0, failurePolicy === 'NoOpinion', `${user}: ${stderr}`)
    if (code !== 0) assert.match(stderr, new RegExp(`authorization webhook "${path}-deny" failed`))
    assert.doesNotMatch(stderr, /of-the-server|localhost/)
  }
  // Redirects are not followed, and webhooks are not asked about the cluster's own parts, which work.
  assert.deepEqual(
    webhook.sent.filter(({ path, review }) => path === '/rules' && review.spec.user !== 'ann'),
    [],
  )
  assert.deepEqual([...new Set(webhook.sent.map(({ caller }) => caller.authorization))], ['Bearer of-the-server'])
  await cluster.kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s')
})

test('a cluster asks the webhooks that the AuthorizationConfiguration has by now', { skip: noKubectl }, async () => {
  webhook.respond = respond
  const file = configuration([])
  await using cluster = await TestCluster.start({ flags: ['--control-plane-only', '--authorization-config-file', file] })
  await cluster.kubectl('create', 'clusterrolebinding', 'admins', '--clusterrole=cluster-admin', '--user=ann')
  const secrets = () => cluster.tryKubectl(['--as', 'ann', 'get', 'secrets'])
  assert.equal((await secrets()).code, 0)
  const rules = { path: 'rules', failurePolicy: 'Deny', user: 'ann' } as const
  configuration([rules])
  await until('the new webhook', async () => (await secrets()).code !== 0)
  assert.match((await secrets()).stderr, /secrets are closed/)
  const reloads = 'apiserver_authorization_config_controller_automatic_reloads_total{status='
  assert.ok((await cluster.kubectl('get', '--raw', '/metrics')).includes(`${reloads}"success",apiserver_id_hash=""} 1`))
  writeFileSync(file, readFileSync(file, 'utf8').replace('"type":"RBAC","name":"rbac"', '"type":"AlwaysAllow","name":"x"'))
  await cluster.untilOutput(/AlwaysAllow.{1,5} is not offered/)
  assert.match((await secrets()).stderr, /secrets are closed/)
  configuration([])
  await until('no webhook', async () => (await secrets()).code === 0)
})

test('kubectl comes with a token that the token webhook knows', { skip: noKubectl }, async () => {
  const asked: string[] = []
  webhook.respond = (review, _path, answer) => {
    const { token } = review.spec
    asked.push(token)
    const status = token === 'of-ann' ? { authenticated: true, user: { username: 'ann', groups: ['dev'] } } : {}
    answer.end(JSON.stringify({ ...review, status }))
    return undefined
  }
  const file = join(folder, 'rules.kubeconfig')
  await using cluster = await TestCluster.start({ flags: ['--control-plane-only', '--authentication-token-webhook-config-file', file] })
  await cluster.kubectl('create', 'clusterrolebinding', 'dev', '--clusterrole=view', '--group=dev')
  const { clusters } = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8'))
  const kubeconfig = (token: string): string => {
    const path = join(folder, `user-${token.slice(-12)}.kubeconfig`)
    writeFileSync(
      path,
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: clusters[0].name, user: 'u' } }],
        clusters,
        users: [{ name: 'u', user: { token } }],
      }),
    )
    return path
  }
  const as = (token: string, ...args: string[]) =>
    run('kubectl', ['--kubeconfig', kubeconfig(token), '--cache-dir', join(folder, `cache-${token.slice(-12)}`), ...args])
  const who = await as('of-ann', 'auth', 'whoami')
  assert.match(who.stdout, /ann/, who.stderr)
  const pods = await as('of-ann', 'get', 'pods')
  assert.equal(pods.code, 0, pods.stderr)
  assert.match((await as('of-ann', 'get', 'nodes')).stderr, /User "ann" cannot list resource "nodes"/)
  assert.match((await as('of-bob', 'get', 'pods')).stderr, /logged in to the server|Unauthorized/)
  const account = (await cluster.kubectl('create', 'token', 'default')).trim()
  await as(account, 'get', 'pods')
  assert.deepEqual([...new Set(asked)], ['of-ann', 'of-bob'])
})

test('up reports a mistake in an AuthorizationConfiguration, and creates nothing', async () => {
  const file = join(folder, 'wrong.yaml')
  writeFileSync(
    file,
    'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers: [{ type: AlwaysAllow, name: x }]\n',
  )
  await using cluster = await TestCluster.launch({ flags: ['--authorization-config-file', file] })
  assert.equal(await cluster.exited, 1)
  assert.match(cluster.output, /authorizers\[0\]\.type: Invalid value: "AlwaysAllow": is not offered/)
})
