// Webhooks and an aggregated API whose servers run in a pod of the cluster: reached through its node, by the name of their Service.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createKeyAndCsr } from '../../src/access/pki/key-and-csr.ts'
import { group } from '../../src/cluster/tests/aggregation/flunder-server.testing.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import { noContainers, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { importWorkloadImage, workloadPod } from './workload-image.ts'

const skip = noContainers()
const namespace = 'extension'
const service = { namespace, name: 'backend' }
let folder: string
let cluster: TestCluster
/** The CA of the pod's certificate. */
let caBundle: string

/** A certificate for the Service, as an administrator of such a server creates one. */
async function certificate(): Promise<{ cert: string; key: string; authority: string }> {
  await using signer = createMemorySigner()
  const signal = AbortSignal.timeout(60_000)
  const { keyPem, csr } = await createKeyAndCsr({ commonName: service.name })
  const names = { organizations: [], dnsNames: [`${service.name}.${namespace}.svc`], ipAddresses: [] }
  const request = { authority: 'serving', csr, commonName: service.name, ...names, lifetimeSeconds: 86_400 } as const
  return { cert: await signer.issueCertificate(request, signal), key: keyPem, authority: await signer.authority('serving', signal) }
}

async function apply(...items: object[]): Promise<void> {
  const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  assert.equal(code, 0, stderr)
}

/** A Deployment of the pod that answers for all of them. The server comes to it from its node, which the namespace's own network policies let through. */
function backend(): object {
  const { spec } = workloadPod('backend', ['extension'], {
    readinessProbe: { httpGet: { path: '/healthz', port: 'main', scheme: 'HTTPS' }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'tls', mountPath: '/tls', readOnly: true },
      { name: 'front-proxy', mountPath: '/front-proxy', readOnly: true },
    ],
  })
  const labels = { app: 'backend' }
  const volumes = [
    { name: 'tls', secret: { secretName: 'backend' } },
    { name: 'front-proxy', configMap: { name: 'front-proxy' } },
  ]
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'backend', namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { ...spec, volumes } } },
  }
}

before(async () => {
  if (skip !== false) return
  folder = temporaryFolder()
  cluster = await TestCluster.start({ dataDirectory: join(folder, 'data') })
  await importWorkloadImage(cluster, folder)
  const { cert, key, authority } = await certificate()
  caBundle = Buffer.from(authority).toString('base64')
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  await cluster.kubectl('create', 'namespace', namespace)
  await cluster.kubectl('-n', namespace, 'create', 'secret', 'tls', 'backend', `--cert=${certFile}`, `--key=${keyFile}`)
  const known = JSON.parse(
    await cluster.kubectl('-n', 'kube-system', 'get', 'configmap', 'extension-apiserver-authentication', '-o', 'json'),
  )
  await apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'front-proxy', namespace }, data: known.data },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: service.name, namespace },
      spec: { selector: { app: 'backend' }, ports: [{ port: 443, targetPort: 'main' }] },
    },
    backend(),
  )
  await cluster.kubectl('-n', namespace, 'rollout', 'status', 'deployment/backend', '--timeout=150s')
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

test('an aggregated API in a pod is found, answers in the user’s name, and is unavailable while its pod is gone', { skip }, async () => {
  await apply({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${group}` },
    spec: { group, version: 'v1', groupPriorityMinimum: 2000, versionPriority: 10, service, caBundle },
  })
  await cluster.kubectl('wait', '--for=condition=Available', `apiservice/v1.${group}`, '--timeout=150s')
  await until('discovery holds the kind', async () => (await cluster.kubectl('api-resources', `--api-group=${group}`)).includes('flunders'))
  assert.equal(await cluster.kubectl('get', 'flunder', 'whoami', '-o', 'jsonpath={.spec.purpose}'), 'bulkhead-admin')
  const scale = (replicas: number) => cluster.kubectl('-n', namespace, 'scale', 'deployment/backend', `--replicas=${replicas}`)
  await scale(0)
  await cluster.kubectl('wait', '--for=condition=Available=False', `apiservice/v1.${group}`, '--timeout=150s')
  assert.match((await cluster.tryKubectl(['get', 'flunders'])).stderr, /the server is currently unable to handle the request/)
  await scale(1)
  await cluster.kubectl('wait', '--for=condition=Available', `apiservice/v1.${group}`, '--timeout=150s')
  assert.equal(await cluster.kubectl('get', 'flunder', 'whoami', '-o', 'jsonpath={.spec.purpose}'), 'bulkhead-admin')
})

test('an admission webhook in a pod decides, and objects are refused while it cannot answer', { skip }, async () => {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'], scope: 'Namespaced' }]
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'default' } }
  const clientConfig = { service: { ...service, path: '/check' }, caBundle }
  await apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'check' },
    webhooks: [{ name: 'check.example.com', clientConfig, rules, namespaceSelector, sideEffects: 'None', admissionReviewVersions: ['v1'] }],
  })
  const create = (name: string, labels: object) =>
    cluster.tryKubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } }))
  assert.match(
    (await create('bad', { bad: 'yes' })).stderr,
    /admission webhook "check\.example\.com" denied the request: nothing bad comes in here/,
  )
  assert.equal((await create('good', {})).stdout, 'configmap/good created\n')
  await cluster.kubectl('-n', namespace, 'scale', 'deployment/backend', '--replicas=0')
  let refused = ''
  await until('the webhook is gone', async () => {
    const { code, stderr } = await create('lost', { bad: 'yes' })
    refused = stderr
    assert.equal(code, 1)
    return !stderr.includes('denied the request')
  })
  assert.match(
    refused,
    /failed calling webhook "check\.example\.com": failed to call webhook: Post "https:\/\/backend\.extension\.svc:443\/check\?timeout=10s": /,
  )
  await cluster.kubectl('-n', namespace, 'scale', 'deployment/backend', '--replicas=1')
  await until('the webhook answers again', async () => (await create('late', {})).code === 0)
  await cluster.kubectl('delete', 'validatingwebhookconfiguration', 'check')
})

test('a conversion webhook in a pod converts on every way in and out', { skip }, async () => {
  const version = (name: string, field: string, storage: boolean) => ({
    ...{ name, served: true, storage },
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' } } } },
      },
    },
    selectableFields: [{ jsonPath: `.spec.${field}` }],
  })
  const webhook = { conversionReviewVersions: ['v1'], clientConfig: { service: { ...service, path: '/convert' }, caBundle } }
  await apply({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
      versions: [version('v1', 'size', true), version('v2', 'length', false)],
      conversion: { strategy: 'Webhook', webhook },
    },
  })
  await cluster.kubectl('wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=150s')
  await apply({ apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'a', namespace: 'default' }, spec: { length: 3 } })
  assert.equal(await cluster.kubectl('get', 'widgets.v1.example.com', 'a', '-o', 'jsonpath={.spec.size}'), '3')
  await cluster.kubectl('patch', 'widgets.v1.example.com', 'a', '--type=merge', '-p', '{"spec":{"size":4}}')
  assert.equal(await cluster.kubectl('get', 'widgets.v2.example.com', 'a', '-o', 'jsonpath={.spec.length}'), '4')
  assert.equal(
    await cluster.kubectl('get', 'widgets.v2.example.com', '--field-selector=spec.length=4', '-o', 'name'),
    'widget.example.com/a\n',
  )
  const other = { apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'a', namespace: 'default' }, spec: { length: 5 } }
  const { stderr } = await cluster.tryKubectl(['apply', '--server-side', '--field-manager=other', '-f', '-'], JSON.stringify(other))
  assert.match(stderr, /Apply failed with 1 conflict: conflict with "kubectl-patch" using example\.com\/v1.*: \.spec\.size/)
  await cluster.kubectl('delete', 'crd', 'widgets.example.com')
})
