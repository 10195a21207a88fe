// ImagePolicyWebhook through the whole server: which images its backend sees, and the effect of its answers.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createKeyAndCsr } from '../../../access/pki/key-and-csr.ts'
import { createMemorySigner } from '../../../signer/memory-signer.ts'
import { admin, contentTypes, restrictedPod, SecuredApi, SteppedClock } from '../secured-api.testing.ts'
import { TestWebhook } from '../webhook.testing.ts'

const inDefault = '/api/v1/namespaces/default'
const bad = 'registry.example/bad:1'
const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const container = (name: string, image: string, more: object = {}) => ({ name, image, securityContext: hardened, ...more })

const backend = await TestWebhook.open()
after(() => backend[Symbol.asyncDispose]())

/** A server that calls the backend as `user`. */
async function opened(imagePolicy: object = {}, user: object = { token: 'of-the-server' }): Promise<SecuredApi & { clock: SteppedClock }> {
  backend.sent.length = 0
  // Refuses one image and accepts all others.
  backend.respond = (review, _path, answer) => {
    const denied = review.spec.containers.some(({ image }: { image: string }) => image === bad)
    const status = { allowed: !denied, ...(denied ? { reason: 'not signed' } : {}), auditAnnotations: { checked: 'yes' } }
    answer.end(JSON.stringify({ ...review, status }))
    return undefined
  }
  const configuration = { imagePolicy: { kubeConfigFile: 'x', kubeConfig: backend.kubeconfig('/images', user), ...imagePolicy } }
  const clock = new SteppedClock()
  const api = await SecuredApi.open({
    clock,
    admission: {
      enable: ['ImagePolicyWebhook'],
      configuration: {
        ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' },
        plugins: [{ name: 'ImagePolicyWebhook', configuration }],
      },
    },
  })
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  return Object.assign(api, { clock })
}

test('CVE-2023-2727: an image that the backend refuses gets in by no field, subresource or kind', async t => {
  await using api = await opened()
  const good = container('c', 'registry.example/good:1')
  const pod = (spec: object) => restrictedPod('x', { containers: [good], ...spec })
  const template = { metadata: { labels: { a: 'b' } }, spec: restrictedPod('t', { containers: [container('c', bad)] }).spec }
  const selector = { matchLabels: { a: 'b' } }
  await api.create(`${inDefault}/pods`, restrictedPod('there', { containers: [good] }))
  const ways: readonly [string, string, string, object, string?][] = [
    ['a container', 'POST', `${inDefault}/pods`, pod({ containers: [container('c', bad)] })],
    ['an init container', 'POST', `${inDefault}/pods`, pod({ initContainers: [container('i', bad)] })],
    ['a sidecar', 'POST', `${inDefault}/pods`, pod({ initContainers: [container('i', bad, { restartPolicy: 'Always' })] })],
    ['an update', 'PATCH', `${inDefault}/pods/there`, { spec: { containers: [{ name: 'c', image: bad }] } }, contentTypes.strategic],
    [
      'an ephemeral container',
      'PATCH',
      `${inDefault}/pods/there/ephemeralcontainers`,
      { spec: { ephemeralContainers: [container('e', bad)] } },
      contentTypes.strategic,
    ],
    ['a Deployment', 'POST', '/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'd' }, spec: { selector, template } }],
    [
      'a CronJob',
      'POST',
      '/apis/batch/v1/namespaces/default/cronjobs',
      {
        metadata: { name: 'c' },
        spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } } },
      },
    ],
  ]
  for (const [what, method, path, body, type] of ways) {
    await t.test(what, async () => {
      const { status, json } = await api.request(admin, method, path, body, type)
      assert.equal(status, 403, json.message)
      assert.match(json.message, /image policy webhook backend denied one or more images: not signed$/)
    })
  }
  await t.test('and what cannot bring in an image is not asked about', async () => {
    const asked = backend.sent.length
    await api.request(admin, 'PATCH', `${inDefault}/pods/there/status`, { status: { phase: 'Running' } })
    await api.create(`${inDefault}/configmaps`, { metadata: { name: 'c' } })
    assert.equal(backend.sent.length, asked)
  })
})

test('the backend is sent an ImageReview with the annotations that are for it, once as long as the answer holds', async () => {
  await using api = await opened()
  const annotations = { 'x.image-policy.k8s.io/ticket': 'break-glass', other: 'no' }
  const pod = (name: string) => ({ ...restrictedPod(name), metadata: { name, annotations } })
  await api.create(`${inDefault}/pods`, pod('a'))
  const [{ path, review, caller } = assert.fail('nothing was sent')] = backend.sent
  assert.equal(path, '/images')
  assert.deepEqual(review, {
    ...{ kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: {}, status: {} },
    spec: {
      containers: [{ image: 'registry.example/app:1' }],
      annotations: { 'x.image-policy.k8s.io/ticket': 'break-glass' },
      namespace: 'default',
    },
  })
  assert.equal(caller.authorization, 'Bearer of-the-server')
  assert.equal(api.events.at(-1)?.annotations?.['imagepolicywebhook.image-policy.k8s.io/checked'], 'yes')
  await api.create(`${inDefault}/pods`, pod('b'))
  assert.equal(backend.sent.length, 1)
  api.clock.advance(300_001)
  await api.create(`${inDefault}/pods`, pod('c'))
  assert.equal(backend.sent.length, 2)
})

test('a failing backend refuses, or admits with a mark if configured', async () => {
  for (const [defaultAllow, status] of [
    [false, 403],
    [true, 201],
  ] as const) {
    await using api = await opened({ defaultAllow, retryBackoff: 1 })
    backend.respond = (_review, _path, answer) => void answer.writeHead(500).end('top secret')
    const asked = api.request(admin, 'POST', `${inDefault}/pods`, restrictedPod('a'))
    let answered = false
    void asked.then(() => {
      answered = true
    })
    // Its delays use the stepped clock, and are short compared with the timeout of an answer.
    while (!answered) {
      if (api.clock.soonest <= 1000) api.clock.advance(api.clock.soonest)
      await new Promise(resolve => setImmediate(resolve))
    }
    const { status: code, text } = await asked
    assert.equal(code, status, text)
    assert.equal(backend.sent.length, 5)
    assert.doesNotMatch(text, /top secret/)
    const failedOpen = api.events.at(-1)?.annotations?.['imagepolicywebhook.image-policy.k8s.io/failed-open']
    assert.equal(failedOpen, defaultAllow ? 'true' : undefined)
  }
})

test('the server shows webhooks the certificate that its configuration has for them', async () => {
  await using signer = createMemorySigner()
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'the-api-server' })
  const { signal } = new AbortController()
  const names = { commonName: 'the-api-server', organizations: [], dnsNames: [], ipAddresses: [], lifetimeSeconds: 600 }
  const pem = await signer.issueCertificate({ authority: 'client', csr, ...names }, signal)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const user = { 'client-certificate-data': base64(pem), 'client-key-data': base64(keyPem) }
  const kubeConfig = {
    users: [
      { name: `localhost:${backend.port}`, user },
      { name: '*', user: { token: 'for-everybody-else' } },
    ],
  }
  const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration', kubeConfigFile: 'x', kubeConfig }
  await using api = await SecuredApi.open({
    admission: {
      configuration: {
        ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' },
        plugins: [{ name: 'ValidatingAdmissionWebhook', configuration }],
      },
    },
  })
  backend.sent.length = 0
  backend.respond = () => ({ allowed: true })
  const hook = (kind: string) => ({
    name: `${kind}.example.com`,
    clientConfig: backend.clientConfig(`/${kind}`),
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
    ...{ sideEffects: 'None', admissionReviewVersions: ['v1'] },
  })
  const group = '/apis/admissionregistration.k8s.io/v1'
  for (const kind of ['mutating', 'validating']) {
    await api.create(`${group}/${kind}webhookconfigurations`, { metadata: { name: kind }, webhooks: [hook(kind)] })
  }
  await api.create(`${inDefault}/configmaps`, { metadata: { name: 'c' } })
  assert.deepEqual(
    backend.sent.map(({ path, caller }) => [path.split('?')[0], caller.certificate, caller.authorization]),
    [
      ['/mutating', 'undefined', undefined],
      ['/validating', 'the-api-server', undefined],
    ],
  )
})
