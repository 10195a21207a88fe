import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseImageReference } from '../../api/image-reference.ts'
import { mirroredRegistries, registryName } from '../../api/registry-mirrors.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { RegistryMirrorSpec, RepositoryAccessReview } from '../../api/types/supply-v1.ts'
import { parseJson } from '../../base/json.ts'
import { Client } from '../../client/client.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { clusterRegistry, type NodeMirrors } from './cluster-registry.ts'
import { ImageError, ImagePuller } from './image-puller.ts'
import { PullRecords } from './pull-records.ts'
import { requirePullRight } from './require-pull-right.ts'

const host = '192.0.2.1:5443'
const image = `${host}/shop/web:1`
const pod = (serviceAccountName: string): Pod => ({
  metadata: { namespace: 'shop', name: serviceAccountName, uid: serviceAccountName },
  spec: { serviceAccountName, containers: [] },
})

/** `allowed` are the accounts that may pull; undefined while the API does not answer. */
function setUp(mirrored: RegistryMirrorSpec[] = []) {
  const state: { allowed: string[] | undefined; asked: string[] } = { allowed: ['may'], asked: [] }
  const transport: Transport = {
    async request({ body }) {
      if (state.allowed === undefined) throw new Error('no answer')
      const { spec } = parseJson(String(body)) as RepositoryAccessReview
      const account = spec.token.replace('token of ', '')
      state.asked.push(`${account} ${spec.verb} ${spec.repositories?.join()}`)
      const allowed = state.allowed.includes(account) ? (spec.repositories ?? []) : []
      const answer = { metadata: {}, spec, status: { authenticated: true, username: account, allowed } }
      return {
        ...{ status: 201, headers: {} },
        body: (async function* () {
          yield Buffer.from(JSON.stringify(answer))
        })(),
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
  const auths: unknown[] = []
  const clock = new FakeClock()
  const runtime = new FakeRuntime({ clock })
  const pull = runtime.pullImage.bind(runtime)
  runtime.pullImage = async (name, auth, signal) => {
    auths.push(auth)
    return await pull(name, auth, signal)
  }
  const puller = new ImagePuller(runtime, new PullRecords(), clock)
  const tokens = { token: async ({ spec }: Pod) => `token of ${spec.serviceAccountName}` }
  const rules = mirroredRegistries(mirrored.map(spec => ({ metadata: { name: spec.registry }, spec })))
  const mirrors: NodeMirrors = {
    of: name => rules.get(registryName(name)),
    credentials: ({ host }) => (host === 'mirror.example.com' ? { username: 'm', password: 'p' } : undefined),
    ready: async () => undefined,
  }
  const registry = clusterRegistry({ hosts: [host], tokens, client: new Client(transport), mirrors })
  const start = async (account: string, imagePullPolicy: string, name = image) => {
    const signal = AbortSignal.timeout(60_000)
    const container = { name: 'c', image: name, imagePullPolicy }
    const own = await requirePullRight(container, reference => registry.pullRight(pod(account), reference, signal), signal)
    await puller.ensure(
      {
        podUid: account,
        container,
        event: () => undefined,
        secrets: async () => [],
        own,
        mirrors: registry.mirrorAuths(parseImageReference(name) ?? assert.fail()),
      },
      signal,
    )
  }
  return { state, auths, start, registry }
}

const refused = (reason: string) => (err: unknown) =>
  err instanceof ImageError && err.reason === reason && /may not pull|cannot find out/.test(err.message)

test('a pod gets an image of the own registry with a credential of its account, and is asked before each start', async () => {
  const { state, auths, start } = setUp()
  for (let i = 0; i < 2; i++) await start('may', 'IfNotPresent')
  assert.deepEqual(auths, [{ username: 'pod', password: 'token of may' }])
  assert.deepEqual(state.asked, ['may pull shop/web', 'may pull shop/web'])
})

test('an account that may not pull gets no image that is on the node, by any policy', async () => {
  const { start, auths } = setUp()
  await start('may', 'IfNotPresent')
  await assert.rejects(start('other', 'IfNotPresent'), refused('ErrImagePull'))
  await assert.rejects(start('other', 'Always'), refused('ErrImagePull'))
  await assert.rejects(start('other', 'Never'), refused('ErrImageNeverPull'))
  assert.equal(auths.length, 1)
})

test('a right that was revoked ends with the next start, and without an answer nothing starts', async () => {
  const { state, start } = setUp()
  await start('may', 'IfNotPresent')
  state.allowed = []
  await assert.rejects(start('may', 'IfNotPresent'), refused('ErrImagePull'))
  state.allowed = undefined
  await assert.rejects(start('may', 'IfNotPresent'), refused('ErrImagePull'))
  state.allowed = ['may']
  await start('may', 'Never')
})

test('clusterRegistry() is not asked for images of other registries', async () => {
  const { state, start, registry } = setUp()
  await start('other', 'IfNotPresent', 'r.example/shop/web:1')
  assert.deepEqual(state.asked, [])
  const signal = AbortSignal.timeout(60_000)
  for (const name of ['nginx', '192.0.2.1/shop/web', `r.example/${host.replace(':', '/')}/shop/web`]) {
    const reference = parseImageReference(name) ?? assert.fail(name)
    assert.equal(await registry.pullRight(pod('may'), reference, signal), undefined, name)
  }
})

test("clusterRegistry() asks for images that the cluster's registry keeps of another one, also when they are on the node", async () => {
  const { state, start, auths } = setUp([{ registry: 'docker.io', pullThrough: { namespace: 'hub' } }])
  await start('may', 'IfNotPresent', 'nginx:1')
  assert.deepEqual(state.asked, ['may pull hub/library/nginx'])
  // The token is for the cluster's registry alone.
  assert.deepEqual(auths, [{ username: 'pod', password: 'token of may', serverAddress: `https://${host}` }])
  await assert.rejects(start('other', 'IfNotPresent', 'nginx:1'), ImageError)
  await assert.rejects(start('other', 'Never', 'nginx:1'), ImageError)
  state.allowed = undefined
  await assert.rejects(start('may', 'IfNotPresent', 'nginx:1'), ImageError)
})

test('clusterRegistry() gives the credential of a mirror to that mirror alone, for every pod', async () => {
  const { start, auths } = setUp([
    { registry: 'r.example.com', mirrors: [{ endpoint: 'mirror.example.com/a' }, { endpoint: 'open.example.com' }] },
  ])
  await start('may', 'Always', 'r.example.com/web:1')
  assert.deepEqual(auths, [{ username: 'm', password: 'p', serverAddress: 'https://mirror.example.com' }])
  // It is no private image of that pod.
  await start('other', 'IfNotPresent', 'r.example.com/web:1')
  assert.equal(auths.length, 1)
})
