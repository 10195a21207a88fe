// kubectl autoscale: a Deployment on a simulated node follows a metrics server behind an APIService.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { pods } from '../src/client/resources.ts'
import { startClusterParts } from '../src/cluster/start-cluster.ts'
import { apiServices, createService, ExtensionServer, extensionService } from '../src/cluster/tests/aggregation/extension-server.testing.ts'
import { restrictedPod } from '../src/cluster/tests/secured-api.testing.ts'
import { noKubectl, run, temporaryFolder, until } from './cluster.ts'

const group = 'metrics.k8s.io'
const version = 'v1beta1'
const home = `/apis/${group}/${version}`

const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{ name: 'app', image: 'example.com/app:1', securityContext: hardened, resources: { requests: { cpu: '100m' } } }],
      },
    },
  },
}

test('kubectl autoscale scales a Deployment up and down with the CPU of its pods', { skip: noKubectl }, async () => {
  const { cluster, server, signer } = await startClusterParts()
  await using stack = new AsyncDisposableStack()
  stack.use(cluster)
  const { signal } = new AbortController()
  const folder = temporaryFolder()
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, await cluster.kubeconfig(), { mode: 0o600 })
  const kubectl = async (args: string, input = ''): Promise<string> => {
    const { code, stdout, stderr } = await run('kubectl', ['--kubeconfig', kubeconfig, ...args.split(' ')], { input })
    assert.equal(code, 0, stderr)
    return stdout
  }
  /** Millicores that each pod is said to use. */
  let usage = 200

  const listed = async (url: URL): Promise<object> => {
    const labelSelector = url.searchParams.get('labelSelector') ?? ''
    const { items } = await cluster.client.list(pods, { namespace: 'default', labelSelector }, signal)
    const timestamp = new Date().toISOString()
    const metrics = items.map(({ metadata: { name, namespace } }) => ({
      metadata: { name, namespace },
      ...{ timestamp, window: '0s', containers: [{ name: 'app', usage: { cpu: `${usage}m`, memory: '1Mi' } }] },
    }))
    return { kind: 'PodMetricsList', apiVersion: `${group}/${version}`, metadata: {}, items: metrics }
  }
  const answer = ({ url: path = '' }: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(path, 'https://localhost')
    const resources = [{ name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] }]
    const found: Promise<object> | object | undefined =
      url.pathname === home
        ? { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${version}`, resources }
        : url.pathname === `${home}/namespaces/default/pods`
          ? listed(url)
          : undefined
    void Promise.resolve(found).then(value => {
      response.writeHead(value === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value ?? {}))
    })
  }
  const extension = stack.use(await ExtensionServer.start(signer, { answer }))
  extension.standBehind(server, 'wardle-0')
  const send = async (method: 'POST' | 'PATCH', path: string, body: object, type: string): Promise<void> => {
    const transport = stack.use(server.transportFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }))
    const { status } = await transport.request(
      { method, path, headers: { 'content-type': type }, body: Buffer.from(JSON.stringify(body)) },
      signal,
    )
    assert.ok(status < 300, `${method} ${path}: ${status}`)
  }
  await createService(
    (path, object) => send('POST', path, object, 'application/json'),
    (path, status) => send('PATCH', path, { status }, 'application/merge-patch+json'),
    restrictedPod('wardle-0'),
  )
  const { namespace, name } = extensionService
  const spec = { group, version, groupPriorityMinimum: 100, versionPriority: 100, service: { namespace, name } }
  const service = { metadata: { name: `${version}.${group}` }, spec: { ...spec, caBundle: extension.caBundle } }
  await send('POST', apiServices, service, 'application/json')

  await kubectl('apply -f -', JSON.stringify(deployment))
  await kubectl('rollout status deployment/web --timeout=150s')
  await until('metrics are served', async () => (await kubectl(`get apiservice ${version}.${group}`)).includes('True'))
  const created = await run('kubectl', [
    '--kubeconfig',
    kubeconfig,
    ...'autoscale deployment web --min=1 --max=4 --cpu-percent=50'.split(' '),
  ])
  assert.deepEqual([created.code, created.stderr], [0, ''])
  const replicas = async () => await kubectl('get deployment web -o jsonpath={.spec.replicas}')
  const touch = (change: object) => kubectl(`patch hpa web --type=merge -p ${JSON.stringify(change)}`)

  await until('four replicas', async () => (await replicas()) === '4')
  await until('an event', async () => (await kubectl('get events --field-selector reason=SuccessfulRescale')).includes('New size: 4'))
  assert.match(await kubectl('get hpa web'), /Deployment\/web +cpu: 200%\/50% +1 +4 /)
  const seen = extension.asked.find(({ url }) => url.startsWith(`${home}/namespaces/default/pods`))
  assert.deepEqual(seen?.headersDistinct['x-remote-user'], ['system:serviceaccount:kube-system:horizontal-pod-autoscaler'])

  await kubectl('rollout status deployment/web --timeout=150s')
  usage = 1
  // A change of the spec is looked at at once.
  await touch({
    spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 600 }] } } },
  })
  await until('three replicas', async () => (await replicas()) === '3')
  await until('the limit is reported', async () => /ScalingLimited +True +ScaleDownLimit/.test(await kubectl('describe hpa web')))
  await touch({ spec: { behavior: { scaleDown: { policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] } } } })
  await until('one replica', async () => (await replicas()) === '1')
})
