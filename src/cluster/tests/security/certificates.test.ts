// Certificates through the API: who requests, approves and signs, and that no certificate contains more than its approved request.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createTicket, ticketSecretData } from '../../../access/credentials/join-ticket.ts'
import { createKeyAndCsr } from '../../../access/pki/key-and-csr.ts'
import { createHttpTransport } from '../../../client/transport/http-transport.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { grant } from '../granted-rights.testing.ts'
import { admin, person, SecuredApi } from '../secured-api.testing.ts'

const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const clientSigner = 'kubernetes.io/kube-apiserver-client'
const clientUsages = ['client auth', 'digital signature']

async function csrOf(name: string, commonName: string, organizations: string[], spec: object = {}) {
  const { csrPem } = await createKeyAndCsr({ commonName, organizations })
  const request = Buffer.from(csrPem).toString('base64')
  return { metadata: { name }, spec: { request, signerName: clientSigner, usages: clientUsages, ...spec } }
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
const approved = (csr: any) => ({
  ...csr,
  status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'approved by the test' }] },
})

const group = 'certificates.k8s.io'
const onRequests = {
  verbs: ['create', 'get', 'list', 'watch', 'update', 'patch'],
  apiGroups: [group],
  resources: ['certificatesigningrequests'],
}
const onSubresource = (name: string) => ({
  verbs: ['update', 'patch'],
  apiGroups: [group],
  resources: [`certificatesigningrequests/${name}`],
})
const onSigner = (verb: string, name: string) => ({ verbs: [verb], apiGroups: [group], resources: ['signers'], resourceNames: [name] })

test('the requester is the authenticated user, and stays so', async () => {
  await using api = await SecuredApi.open()
  await grant(api, 'ann', [onRequests])
  const claims = { username: 'system:admin', uid: 'x', groups: ['system:masters'], extra: { a: ['b'] } }
  const made = await api.request(person('ann', 'team'), 'POST', csrs, await csrOf('ann', 'ann', ['team'], claims))
  assert.equal(made.status, 201, made.text)
  const { username, uid, groups, extra } = made.json.spec
  assert.deepEqual(
    { username, uid, groups, extra },
    { username: 'ann', uid: undefined, groups: ['team', 'system:authenticated'], extra: undefined },
  )
  for (const path of [`${csrs}/ann`, `${csrs}/ann/approval`, `${csrs}/ann/status`]) {
    await api.request(admin, 'PATCH', path, {
      spec: { username: 'bob', groups: ['system:masters'], request: 'AAAA', signerName: 'a.example/b' },
    })
  }
  assert.deepEqual((await api.request(admin, 'GET', `${csrs}/ann`)).json.spec, made.json.spec)
})

test('approval and signing need the right for that signer', async () => {
  await using api = await SecuredApi.open()
  await grant(api, 'without', [onRequests, onSubresource('approval'), onSubresource('status')])
  await grant(api, 'elsewhere', [
    onRequests,
    onSubresource('approval'),
    onSubresource('status'),
    onSigner('approve', 'a.example/b'),
    onSigner('sign', 'a.example/b'),
  ])
  await grant(api, 'approver', [onRequests, onSubresource('approval'), onSubresource('status'), onSigner('approve', clientSigner)])
  await grant(api, 'domain', [onRequests, onSubresource('approval'), onSubresource('status'), onSigner('sign', 'kubernetes.io/*')])
  const csr = await api.create(csrs, await csrOf('x', 'x', []))
  const approve = async (user: string) => (await api.request(person(user), 'PUT', `${csrs}/x/approval`, approved(csr))).status
  const pem = `-----BEGIN CERTIFICATE-----\n${(await api.certificate('x')).toString('base64')}\n-----END CERTIFICATE-----\n`
  const sign = async (user: string) => {
    const { json } = await api.request(admin, 'GET', `${csrs}/x`)
    return (
      await api.request(person(user), 'PUT', `${csrs}/x/status`, {
        ...json,
        status: { ...json.status, certificate: Buffer.from(pem).toString('base64') },
      })
    ).status
  }
  assert.deepEqual([await approve('without'), await approve('elsewhere'), await approve('domain')], [403, 403, 403])
  assert.equal(await approve('approver'), 200)
  assert.deepEqual([await sign('without'), await sign('elsewhere'), await sign('approver')], [403, 403, 403])
  assert.equal(await sign('domain'), 200)
  // An approval through the status, or taken back, is none.
  const taken = await api.request(admin, 'PATCH', `${csrs}/x/status`, { status: { conditions: [] } })
  assert.deepEqual([taken.status, taken.json.details.causes[0].field], [422, 'status.conditions'])
  // A failure is the signer's to report.
  const failed = { status: { conditions: [{ type: 'Failed', status: 'True', reason: 'R' }] } }
  await api.create(csrs, await csrOf('y', 'y', []))
  const statuses = ['without', 'domain'].map(async user => (await api.request(person(user), 'PATCH', `${csrs}/y/status`, failed)).status)
  assert.deepEqual(await Promise.all(statuses), [403, 200])
})

const hostile: readonly [string, string, string[], object][] = [
  ['a node by the signer for users', 'system:node:n1', ['system:nodes'], {}],
  ['a node in the group of users', 'ann', ['system:nodes'], {}],
  ['a component', 'system:kube-controller-manager', [], {}],
  ['an account', 'system:serviceaccount:kube-system:namespace-controller', ['system:serviceaccounts'], {}],
  ["the administrator's name", 'bulkhead-admin', [], {}],
  ['the break-glass name', 'bulkhead-break-glass', [], {}],
  ['the group of administrators', 'ann', ['system:bulkhead:administrators'], {}],
  ['a kubelet without the group', 'system:node:n1', [], { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }],
  [
    'a kubelet with one group more',
    'system:node:n1',
    ['system:nodes', 'more'],
    { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' },
  ],
  ['a kubelet of another name', 'ann', ['system:nodes'], { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }],
  ['a certificate of a server by the signer for clients', 'ann', [], { usages: ['server auth', 'digital signature'] }],
  ['a certificate authority', 'ann', [], { usages: ['cert sign', 'digital signature'] }],
]

test('a certificate beyond its approved request is never signed', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const { certificateSigningRequests } = await import('../../../client/resources.ts')
  const signal = AbortSignal.timeout(50_000)
  const settle = async (name: string) => {
    for (;;) {
      const { status } = await client.get(certificateSigningRequests, '', name, signal)
      if (status?.certificate || status?.conditions?.some(({ type }) => type === 'Failed')) return status
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
  for (const [index, [what, commonName, organizations, spec]] of hostile.entries()) {
    const csr = await csrOf(`hostile-${index}`, commonName, organizations, spec)
    const made = await client.create(certificateSigningRequests, '', csr as never, signal)
    await client.subresource('PUT', certificateSigningRequests, '', `hostile-${index}`, 'approval', approved(made), signal)
    const status = await settle(`hostile-${index}`)
    assert.equal(status.certificate, undefined, what)
    assert.ok(
      status.conditions?.some(({ type }) => type === 'Failed'),
      what,
    )
  }
  const long = await csrOf('ann', 'ann', ['team'], { expirationSeconds: 10 * 365 * 86_400 })
  const made = await client.create(certificateSigningRequests, '', long as never, signal)
  await client.subresource('PUT', certificateSigningRequests, '', 'ann', 'approval', approved(made), signal)
  const { certificate = '' } = await settle('ann')
  const signed = new X509Certificate(Buffer.from(certificate, 'base64'))
  assert.equal(signed.subject, 'O=team\nCN=ann')
  assert.equal(signed.ca, false)
  assert.ok(signed.validToDate.getTime() - Date.now() <= 90 * 86_400_000)
})

test('an ordinary user gets a certificate by kubectl certificate approve, and is that user by it', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const { certificateSigningRequests } = await import('../../../client/resources.ts')
  const signal = AbortSignal.timeout(50_000)
  const { csrPem, keyPem } = await createKeyAndCsr({ commonName: 'ann', organizations: ['team'] })
  const spec = { request: Buffer.from(csrPem).toString('base64'), signerName: clientSigner, usages: clientUsages }
  const made = await client.create(certificateSigningRequests, '', { metadata: { name: 'ann' }, spec } as never, signal)
  await client.subresource('PUT', certificateSigningRequests, '', 'ann', 'approval', approved(made), signal)
  let certificate: string | undefined
  while (!certificate) {
    certificate = (await client.get(certificateSigningRequests, '', 'ann', signal)).status?.certificate
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  const { clusters } = JSON.parse(await cluster.kubeconfig())
  const { server, ['certificate-authority-data']: ca } = clusters[0].cluster
  const cert = Buffer.from(certificate, 'base64').toString()
  await using transport = createHttpTransport({ server, ca: Buffer.from(ca, 'base64').toString(), certificate: cert, key: keyPem })
  const review = await transport.request(
    {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{}'),
    },
    signal,
  )
  const chunks: Buffer[] = []
  for await (const chunk of review.body) chunks.push(chunk)
  const { username, groups } = JSON.parse(Buffer.concat(chunks).toString()).status.userInfo
  assert.deepEqual({ username, groups }, { username: 'ann', groups: ['team', 'system:authenticated'] })
})

test('CVE-2019-11250 and CVE-2020-8565: no log line, audit event or answer of a whole scenario holds a token, a ticket, a key or the value of a Secret', async () => {
  await using api = await SecuredApi.open()
  const inDefault = '/api/v1/namespaces/default'
  const value = 'canary-value-of-a-secret'
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
  await api.create(`${inDefault}/secrets`, { metadata: { name: 's' }, stringData: { key: value } })
  const { token, ticket } = createTicket('n1', Date.now())
  await api.create('/api/v1/namespaces/kube-system/secrets', {
    metadata: { name: `bulkhead-join-${ticket.id}` },
    type: 'bulkhead.dev/join-ticket',
    data: ticketSecretData(ticket),
  })
  const joinSecret = token.reveal().split('.')[2] ?? ''
  const account = await api.token('default', 'robot')
  const [head, body, signature = ''] = account.split('.')
  const secrets = [value, Buffer.from(value).toString('base64'), joinSecret, signature, 'canary-basic', 'canary-wrong']
  const answers: string[] = []
  for (const authorization of [
    `Bearer ${account}`,
    `Bearer ${head}.${body}.${signature.slice(0, -4)}AAAA`,
    `Bearer ${token.reveal()}`,
    `Bearer bulkhead-join.${ticket.id}.${joinSecret}canary-wrong`,
    'Bearer canary-wrong',
    'Basic canary-basic',
    `bearer ${account} ${account}`,
  ]) {
    for (const path of ['/api/v1/pods', '/api/v1/pods?watch=1&bad', '/nothing', csrs, '/api/v1/%2e%2e']) {
      answers.push((await api.present({ authorization }, path)).text)
      const post = {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: async () => Buffer.from('{"a":'),
      }
      answers.push((await api.present({ authorization }, path, post)).text)
    }
  }
  const reviews = '/apis/authentication.k8s.io/v1/tokenreviews'
  // As upstream, a TokenReview returns the reviewed token to its own caller; nothing else may contain it.
  for (const shown of [account, token.reveal(), 'canary-wrong']) await api.request(admin, 'POST', reviews, { spec: { token: shown } })
  // Refused writes of Secrets name the wrong field, not its content.
  answers.push((await api.request(admin, 'POST', `${inDefault}/secrets`, { metadata: { name: 'T_T' }, stringData: { key: value } })).text)
  answers.push((await api.request(admin, 'POST', `${inDefault}/secrets`, { metadata: { name: 't' }, data: { key: value } })).text)
  answers.push(
    (
      await api.request(admin, 'POST', `${inDefault}/secrets`, {
        metadata: { name: 't' },
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { '.dockerconfigjson': value },
      })
    ).text,
  )
  assert.ok(api.logLines.some(line => line.includes('credentials rejected')))
  const places = { log: api.logLines.join(''), audit: JSON.stringify(api.events), answers: answers.join('\n') }
  for (const [place, text] of Object.entries(places)) {
    for (const secret of secrets) assert.equal(text.includes(secret), false, `the ${place} holds ${secret}`)
    assert.doesNotMatch(text, /PRIVATE KEY|Bearer [A-Za-z0-9]/, place)
  }
})
