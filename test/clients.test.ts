// Other programs' clients against a whole cluster: client-go, the Python client and the JavaScript client, as they come. The programs are in clients/.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node'
import { noKubectl, repository, run, until } from './cluster.ts'
import { KubectlSession } from './kubectl/kubectl-session.ts'

const programs = join(repository, 'test', 'clients')
const goLibraries = '/usr/share/gocode'
const needed = (...paths: string[]): string | false => {
  const missing = paths.filter(path => !existsSync(path))
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`
}
const noGo = noKubectl || needed('/usr/bin/go', `${goLibraries}/src/k8s.io/client-go/rest/client.go`)
const noPython = noKubectl || needed('/usr/bin/python3', '/usr/lib/python3/dist-packages/kubernetes/__init__.py')

/** Compiling client-go, even without optimization, takes minutes on a slow machine without a cached build. */
const buildHangMs = 600_000

function inNamespace(namespace: string): () => KubectlSession {
  let session: KubectlSession | undefined
  before(async () => {
    session = await KubectlSession.start({ simulatedNodes: 1 })
    await session.enter(namespace)
  })
  after(async () => {
    await session?.[Symbol.asyncDispose]()
  })
  return () => {
    if (session === undefined) throw new Error('the cluster has not started')
    return session
  }
}

describe('client-go', { skip: noGo }, () => {
  const session = inNamespace('go')
  let program = ''

  before(async () => {
    program = join(session().folder, 'client')
    const { code, stderr } = await run('/usr/bin/go', ['build', '-gcflags=all=-N -l', '-o', program, join(programs, 'client.go')], {
      // Debian's libraries are laid out for GOPATH; nothing is to be fetched.
      environment: { GO111MODULE: 'off', GOPATH: goLibraries, GOFLAGS: '', GOPROXY: 'off', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
      hangMs: buildHangMs,
    })
    assert.equal(code, 0, stderr)
  })

  const scenarios: readonly [name: string, title: string, environment?: Record<string, string>][] = [
    ['discovery', 'discovers what is served'],
    ['json', 'creates, changes, applies and deletes in JSON'],
    ['protobuf', 'does so in protobuf'],
    ['protobuf-only', 'needs nothing but protobuf'],
    ['informer', 'follows pods by an informer'],
    ['watch-list', 'follows pods by an informer that lists by its watch', { KUBE_FEATURE_WatchListClient: 'true' }],
    ['dynamic', 'applies without types'],
    ['metadata', 'reads and watches metadata alone'],
    ['pager', 'reads in pages'],
    ['leader-election', 'elects a leader, and another when that steps down'],
  ]
  for (const [name, title, environment = {}] of scenarios) {
    test(`client-go ${title}`, async () => {
      const { code, stdout, stderr } = await run(program, [name, session().kubeconfig, session().namespace], { environment })
      assert.deepEqual([code, stdout], [0, 'passed\n'], stderr)
    })
  }
})

describe('the Python client', { skip: noPython }, () => {
  const session = inNamespace('python')
  const scenarios: readonly [name: string, title: string][] = [
    ['objects', 'creates, patches and deletes'],
    ['apply', 'applies on the server side'],
    ['watch', 'watches a Deployment become ready, and scales it'],
    ['pages', 'reads in pages and deletes a collection'],
    ['access', 'asks for its rights and for a token'],
  ]
  for (const [name, title] of scenarios) {
    test(`the Python client ${title}`, async () => {
      const script = join(programs, 'client.py')
      const { code, stdout, stderr } = await run('/usr/bin/python3', ['-B', script, name, session().kubeconfig, session().namespace])
      assert.deepEqual([code, stdout], [0, 'passed\n'], stderr)
    })
  }
})

describe('the JavaScript client', { skip: noKubectl }, () => {
  const session = inNamespace('javascript')
  const namespace = 'javascript'
  const config = (): KubeConfig => {
    const read = new KubeConfig()
    read.loadFromFile(session().kubeconfig)
    return read
  }

  test('the JavaScript client follows changes by an informer', async () => {
    const core = config().makeApiClient(CoreV1Api)
    const seen: string[] = []
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    const informer = makeInformer(config(), path, () => core.listNamespacedConfigMap({ namespace }))
    for (const event of ['add', 'update', 'delete'] as const)
      informer.on(event, ({ metadata }) => void seen.push(`${event} ${metadata?.name}`))
    informer.on('error', err => void seen.push(`error ${err}`))
    await informer.start()
    const created = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' }, data: { x: '1' } } })
    assert.ok(created.metadata?.creationTimestamp instanceof Date)
    const strategies = [PatchStrategy.MergePatch, PatchStrategy.StrategicMergePatch] as const
    for (const [index, strategy] of strategies.entries()) {
      const options = setHeaderOptions('Content-Type', strategy)
      await core.patchNamespacedConfigMap({ namespace, name: 'a', body: { data: { y: String(index) } } }, options)
    }
    await core.deleteNamespacedConfigMap({ namespace, name: 'a' })
    const wanted = ['add a', 'update a', 'update a', 'delete a']
    await until(`events: ${seen}`, () => seen.filter(event => event.endsWith(' a')).length === wanted.length)
    assert.deepEqual(
      seen.filter(event => !event.includes('kube-root-ca')),
      wanted,
    )
    await informer.stop()
  })

  test('the JavaScript client applies, watches and scales', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config())
    const labels = { app: 'd' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'example.com/app' }] } }
    const types: string[] = []
    const watching = await new Watch(config()).watch(
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      { allowWatchBookmarks: true },
      type => types.push(type),
      () => undefined,
    )
    await objects.patch(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd', namespace },
        spec: { replicas: 1, selector: { matchLabels: labels }, template },
      } as never,
      undefined,
      undefined,
      'javascript',
      true,
      PatchStrategy.ServerSideApply,
    )
    await until('two events', () => types[0] === 'ADDED' && types.includes('MODIFIED'))
    watching.abort()
    const apps = config().makeApiClient(AppsV1Api)
    const scale = await apps.readNamespacedDeploymentScale({ name: 'd', namespace })
    const body = { ...scale, spec: { replicas: 2 } }
    assert.equal((await apps.replaceNamespacedDeploymentScale({ name: 'd', namespace, body })).spec?.replicas, 2)
    await assert.rejects(apps.readNamespacedDeployment({ name: 'none', namespace }), { code: 404 })
  })
})
