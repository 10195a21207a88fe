// Webhooks that do not answer, or answer wrongly: the failure policy decides, and requests that keep the cluster running are not stopped.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { turn } from '../../../base/async/turns.ts'
import { admin, nodeUser, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'
import type { Respond } from '../webhook.testing.ts'
import { configMap, group, hookedApi, inDefault, kinds, rule } from './hooked-api.testing.ts'

const hooked = await hookedApi()
const { base, withHooks, write, remove, auditOf } = hooked

/** Writes these bytes instead of an answer. */
const raw =
  (bytes: string): Respond =>
  (_review, _path, { socket }) =>
    void socket?.write(bytes)

/** Only a silent webhook is waited for until the timeout: one second for it, and enough for a busy machine if an answer is expected. */
const dead: readonly [string, Respond, RegExp, seconds?: number][] = [
  [
    'closes the connection',
    (_review, _path, answer) => void answer.destroy(),
    /failed to call webhook: Post "https:\/\/localhost:\d+\/dead\?timeout=30s": EOF$/,
  ],
  [
    'never answers',
    () => undefined,
    /failed to call webhook: Post "https:\/\/localhost:\d+\/dead\?timeout=1s": context deadline exceeded$/,
    1,
  ],
  [
    'answers for another request',
    () => ({ uid: 'other', allowed: true }),
    /received invalid webhook response: expected response\.uid="[0-9a-f-]+", got "other"$/,
  ],
  [
    'answers with a page',
    (_review, _path, answer) => void answer.end('<html>top secret</html>'),
    /failed to call webhook: couldn't decode the answer: it is not JSON$/,
  ],
  [
    'redirects',
    (_review, _path, answer) => void answer.writeHead(302, { location: 'https://127.0.0.1/admin' }).end('top secret'),
    /failed to call webhook: the server responded with the status code 302 but did not return more information$/,
  ],
  [
    'fails',
    (_review, _path, answer) => void answer.writeHead(500).end('top secret'),
    /failed to call webhook: an error on the server \(status code 500\) has prevented the request from succeeding$/,
  ],
  [
    'never ends its answer',
    (_review, _path, answer) => {
      const more = () => {
        while (answer.write('x'.repeat(65_536)));
      }
      answer.on('drain', more)
      more()
      return undefined
    },
    /failed to call webhook: the answer is larger than 3145728 bytes$/,
  ],
  [
    'changes the protocol unasked',
    raw('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n'),
    /failed to call webhook: the server responded with the status code 101 but did not return more information$/,
  ],
  [
    'announces answers without end',
    raw('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(1000)),
    /failed to call webhook: Post "https:\/\/localhost:\d+\/dead\?timeout=1s": context deadline exceeded$/,
    1,
  ],
  [
    'sends a header without end',
    raw(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`),
    /failed to call webhook: Post "https:\/\/localhost:\d+\/dead\?timeout=30s": Parse Error: Header overflow$/,
  ],
  [
    'sends its answer in crumbs',
    raw(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(100_000)}`),
    /failed to call webhook: the answer comes in too many pieces$/,
  ],
  [
    'sends more framing than answer',
    raw(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${`100;${'e'.repeat(15_000)}\r\n${'x'.repeat(256)}\r\n`.repeat(1000)}`),
    /failed to call webhook: the answer takes more than 13631488 bytes on the wire$/,
  ],
]
for (const [what, respond, message, timeoutSeconds = 30] of dead) {
  test(`CVE-2020-8561: a webhook that ${what} refuses if it fails closed, and is skipped otherwise`, async () => {
    await withHooks('validating', [base('dead', { timeoutSeconds })], respond, async () => {
      const { status, json } = await write('closed')
      assert.equal(status, 500)
      assert.match(json.message, /^Internal error occurred: failed calling webhook "dead\.example\.com": /)
      assert.match(json.message, message)
      assert.doesNotMatch(JSON.stringify(json) + hooked.api.logLines.join(), /top secret/)
      const [wait] = JSON.parse(hooked.api.events.at(-1)?.annotations?.['admission.bulkhead.dev/webhooks'] ?? '[]')
      assert.equal(wait.webhook, 'dead.example.com')
      assert.match(wait.failure, message)
    })
    await withHooks('validating', [base('dead', { timeoutSeconds, failurePolicy: 'Ignore' })], respond, async () => {
      assert.equal((await write('open')).status, 201)
      assert.equal(auditOf('open')['failed-open.validating.webhook.admission.k8s.io/round_0_index_0'], 'dead.example.com')
    })
    await remove('open')
  })
}

/** Without histograms. */
async function counted(): Promise<string[]> {
  const { text } = await hooked.api.request(admin, 'GET', '/metrics')
  return text
    .split('\n')
    .filter(line => line.includes('"counted') && !line.includes('_bucket') && !line.includes('_sum'))
    .toSorted()
}

test('webhooks are counted under upstream’s names, for as long as they are there', async () => {
  const dies: Respond = (_review, _path, answer) => void answer.destroy()
  const [admit, validating] = ['admit', 'validating'].map(type => `name="counted.example.com",type="${type}"`)
  const calls = 'apiserver_admission_webhook_admission_duration_seconds_count'
  await withHooks(
    'mutating',
    [base('counted')],
    () => ({ allowed: false, status: { code: 418 } }),
    async () => {
      await write('a')
      assert.deepEqual(await counted(), [
        `${calls}{${admit},operation="CREATE",rejected="true"} 1`,
        `apiserver_admission_webhook_rejection_count{${admit},operation="CREATE",error_type="no_error",rejection_code="418"} 1`,
      ])
    },
  )
  await withHooks('validating', [base('counted')], dies, async () => {
    await write('a')
    assert.deepEqual(await counted(), [
      `${calls}{${validating},operation="CREATE",rejected="true"} 1`,
      `apiserver_admission_webhook_rejection_count{${validating},operation="CREATE",error_type="calling_webhook_error",rejection_code="0"} 1`,
    ])
  })
  await withHooks('validating', [base('counted', { failurePolicy: 'Ignore' })], dies, async () => {
    await write('a', {}, '?dryRun=All')
    const failedOpen = [
      `${calls}{${validating},operation="CREATE",rejected="false"} 1`,
      `apiserver_admission_webhook_fail_open_count{${validating}} 1`,
    ]
    assert.deepEqual(await counted(), failedOpen)
    // Another configuration does not change them.
    await hooked.api.create(`${group}/validatingwebhookconfigurations`, { metadata: { name: 'other' }, webhooks: [base('other')] })
    assert.equal((await hooked.api.request(admin, 'DELETE', `${group}/validatingwebhookconfigurations/other`)).status, 200)
    await hooked.api.request(admin, 'POST', `${inDefault}/secrets?dryRun=All`, { metadata: { name: 'a' } })
    assert.deepEqual(await counted(), failedOpen)
  })
  await write('a', {}, '?dryRun=All')
  assert.deepEqual(await counted(), [])
})

test('policies are counted under upstream’s names, for as long as they are bound', async () => {
  const matchConstraints = { resourceRules: [rule], objectSelector: { matchLabels: { counted: 'yes' } } }
  const spec = { matchConstraints, validations: [{ expression: 'false' }] }
  await hooked.api.create(`${group}/validatingadmissionpolicies`, { metadata: { name: 'counted' }, spec })
  const binding = { metadata: { name: 'counted' }, spec: { policyName: 'counted', validationActions: ['Audit'] } }
  await hooked.api.create(`${group}/validatingadmissionpolicybindings`, binding)
  const labelled = { metadata: { name: 'a', labels: { counted: 'yes' } } }
  await hooked.api.request(admin, 'POST', `${inDefault}/configmaps?dryRun=All`, labelled)
  assert.deepEqual(await counted(), [
    'apiserver_validating_admission_policy_check_total{policy="counted",policy_binding="counted",enforcement_action="audit"} 1',
  ])
  assert.equal((await hooked.api.request(admin, 'DELETE', `${group}/validatingadmissionpolicybindings/counted`)).status, 200)
  await hooked.api.request(admin, 'POST', `${inDefault}/configmaps?dryRun=All`, labelled)
  assert.deepEqual(await counted(), [])
})

test('a webhook is called if its own certificate is trusted, though it is not self-signed', async () => {
  const client = { url: `https://localhost:${hooked.hook.port}/x`, caBundle: hooked.hook.ownBundle }
  await withHooks(
    'validating',
    [base('check', { clientConfig: client })],
    () => ({ allowed: true }),
    async sent => {
      await write('a', {}, '?dryRun=All')
      assert.equal(sent.length, 1)
    },
  )
})

test('a webhook with an untrusted certificate is not called', async () => {
  const client = { url: `https://localhost:${hooked.hook.port}/x` }
  await withHooks(
    'validating',
    [base('check', { clientConfig: client })],
    () => ({ allowed: true }),
    async sent => {
      assert.match((await write('a')).json.message, /x509: certificate signed by unknown authority$/)
      assert.equal(sent.length, 0)
    },
  )
  const other = { url: `https://127.0.0.2:${hooked.hook.port}/x`, caBundle: hooked.hook.caBundle }
  await withHooks(
    'validating',
    [base('check', { clientConfig: other })],
    () => ({ allowed: true }),
    async sent => {
      assert.equal((await write('a')).status, 500)
      assert.equal(sent.length, 0)
    },
  )
})

test('a service without pods is named', async () => {
  const service = (name: string) => ({ service: { namespace: 'hooks', name, path: '/x' }, caBundle: hooked.hook.caBundle })
  await hooked.api.create('/api/v1/namespaces', { metadata: { name: 'hooks' } })
  await hooked.api.create('/api/v1/namespaces/hooks/services', {
    metadata: { name: 'empty' },
    spec: { ports: [{ port: 443 }], selector: { a: 'b' } },
  })
  for (const [name, why] of [
    ['missing', 'service "missing" not found'],
    ['empty', 'service "empty" not found|no endpoints available for service "empty"'],
  ] as const) {
    await withHooks(
      'validating',
      [base('check', { clientConfig: service(name) })],
      () => ({ allowed: true }),
      async () => {
        assert.match((await write('a')).json.message, new RegExp(`Post "https://${name}\\.hooks\\.svc:443/x\\?timeout=10s": (${why})$`))
      },
    )
  }
})

test('a service leads through the tunnel of the node to one of its pods, and its certificate must be that of the service', async () => {
  const inHooks = '/api/v1/namespaces/hooks'
  await hooked.api.create(`${inHooks}/serviceaccounts`, { metadata: { name: 'default' } })
  await hooked.api.create(`${inHooks}/pods`, restrictedPod('hook', { nodeName: 'n9' }))
  const status = { status: { phase: 'Running', podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }] } }
  assert.equal((await hooked.api.request(admin, 'PATCH', `${inHooks}/pods/hook/status`, status)).status, 200)
  const targetRef = { kind: 'Pod', namespace: 'hooks', name: 'hook' }
  for (const name of ['hook', 'other']) {
    await hooked.api.create(`${inHooks}/services`, { metadata: { name }, spec: { ports: [{ port: 443, targetPort: 8443 }] } })
    const subsets = [{ addresses: [{ ip: '10.1.2.3', targetRef }], ports: [{ port: 8443 }] }]
    await hooked.api.create(`${inHooks}/endpoints`, { metadata: { name }, subsets })
  }
  const dialled: string[] = []
  const unregister = hooked.api.server.nodeTunnels.register('n9', async request => {
    dialled.push(request.kind === 'dial' ? request.query : request.kind)
    return { status: 200, contentType: '', stream: connect({ port: hooked.hook.port, host: '127.0.0.1' }) }
  })
  const reference = (name: string) => ({ service: { namespace: 'hooks', name, path: '/served' }, caBundle: hooked.hook.caBundle })
  await withHooks(
    'validating',
    [base('served', { clientConfig: reference('hook') })],
    () => ({ allowed: false }),
    async sent => {
      assert.match((await write('a')).json.message, /"served\.example\.com" denied the request/)
      assert.match((await write('b')).json.message, /"served\.example\.com" denied the request/)
      assert.equal(sent[0]?.path, '/served?timeout=10s')
      // The connection is reused.
      assert.deepEqual(dialled, ['port=8443'])
    },
  )
  await withHooks(
    'validating',
    [base('served', { clientConfig: reference('other') })],
    () => ({ allowed: true }),
    async sent => {
      assert.match(
        (await write('a')).json.message,
        /Post "https:\/\/other\.hooks\.svc:443\/served\?timeout=10s": tls: .* x509: certificate is valid for localhost, hook\.hooks\.svc, not other\.hooks\.svc$/,
      )
      assert.equal(sent.length, 0)
    },
  )
  unregister()
})

test('the upstream profile exempts no one from a dead webhook, as upstream', async () => {
  await using upstream = await SecuredApi.open({ profile: 'upstream' })
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  const rules = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['leases'] }]
  const webhooks = [base('dead', { rules, namespaceSelector: {}, clientConfig: { url: 'https://localhost:1/' } })]
  await upstream.create(`${group}/${kinds.validating}`, { metadata: { name: 'dead' }, webhooks })
  const lease = { metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } }
  assert.equal((await upstream.request(nodeUser('n1'), 'POST', leases, lease)).status, 500)
})

test("a dead webhook does not stop the cluster's own parts, refuses all others, and an Event names it", async () => {
  const all = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }
  const respond: Respond = (_review, _path, answer) => void answer.destroy()
  const lease = { metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } }
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  await withHooks('validating', [base('all', { rules: [all], namespaceSelector: {} })], respond, async sent => {
    assert.equal((await hooked.api.request(nodeUser('n1'), 'POST', leases, lease)).status, 201)
    assert.equal(
      (await hooked.api.request(nodeUser('n1'), 'PATCH', `${leases}/n1`, { spec: { renewTime: '2026-01-01T00:00:00.000000Z' } })).status,
      200,
    )
    const asked = sent.length
    // It counts as dead: the cluster's own requests do not wait for it.
    assert.equal(
      (await hooked.api.request(nodeUser('n1'), 'PATCH', `${leases}/n1`, { spec: { renewTime: '2026-01-01T00:00:01.000000Z' } })).status,
      200,
    )
    assert.equal(sent.length, asked)
    assert.equal(auditOf('n1')['failed-open.validating.webhook.admission.k8s.io/round_0_index_0'], 'all.example.com')
    assert.equal((await hooked.api.request(admin, 'PATCH', `${leases}/n1`, { spec: { holderIdentity: 'x' } })).status, 500)
    assert.equal(
      (await hooked.api.request(person('ann', 'system:masters'), 'POST', '/api/v1/namespaces/kube-system/configmaps', configMap('a')))
        .status,
      500,
    )
  })
  const messages = async (): Promise<string[]> =>
    (await hooked.api.request(admin, 'GET', `${inDefault}/events?fieldSelector=reason=FailedCallingWebhook`)).json.items.map(
      ({ message }: { message: string }) => message,
    )
  // Written in the background, even while the webhook refuses everything.
  while (!(await messages()).some(message => message.startsWith('all.example.com: failed calling webhook "all.example.com": ')))
    await turn()
})
