import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerOf, podOf, stateOf } from '../pod/fixture.ts'
import { startContainer } from './container-start.ts'
import { OwnContainers } from './own-containers.ts'
import type { PodNode } from './pod-node.ts'

test('startContainer() finishes in the runtime although the pod is deleted meanwhile, and is only aborted when the node stops', async () => {
  const deletion = new AbortController()
  const end = new AbortController()
  const seen: boolean[] = []
  const node = {
    cluster: { servers: [], domain: 'cluster.local' },
    hostIps: () => ['192.0.2.1'],
    allocatable: () => ({}),
    objects: { services: () => [] },
    registry: { mirrorAuths: () => [] },
    puller: { ensure: async () => ({ id: 'sha256:1', uid: null, username: '' }) },
    host: { mounts: async () => [], devices: async () => [], makeLogDirectory: async () => undefined, hosts: '', unified: false },
    event: () => undefined,
    runtime: {
      createContainer: async () => 'id',
      startContainer: async (_id: string, signal: AbortSignal) => {
        deletion.abort(new Error('deleted'))
        seen.push(signal.aborted)
        end.abort(new Error('stopped'))
        seen.push(signal.aborted)
      },
    },
  } as unknown as PodNode
  const pod = podOf()
  const container = { kind: 'regular', spec: containerOf('c') } as const
  const input = {
    node,
    pod,
    container,
    attempt: 0,
    state: stateOf({}),
    sandboxId: 's0',
    directory: '/x',
    running: end.signal,
    own: new OwnContainers(),
  }
  const sandbox = { logDirectory: '/x', hostname: 'p', dnsConfig: { servers: [], searches: [], options: [] } }
  const rest = { sandbox, volumes: {}, kill: async () => undefined }
  await startContainer({ ...input, ...rest } as unknown as Parameters<typeof startContainer>[0], deletion.signal)
  assert.deepEqual(seen, [false, true])
})

test('startContainer() starts no ephemeral container without its target container', async () => {
  const created: unknown[] = []
  const node = {
    cluster: { servers: [], domain: 'cluster.local' },
    hostIps: () => ['192.0.2.1'],
    allocatable: () => ({}),
    objects: { services: () => [] },
    registry: { mirrorAuths: () => [] },
    puller: { ensure: async () => ({ id: 'sha256:1', uid: null, username: '' }) },
    host: { mounts: async () => [], devices: async () => [], makeLogDirectory: async () => undefined, hosts: '', unified: false },
    event: () => undefined,
    runtime: { createContainer: async (_id: string, config: unknown) => created.push(config), startContainer: async () => undefined },
  } as unknown as PodNode
  const { signal } = new AbortController()
  const spec = { name: 'debug', image: 'i', targetContainerName: 'c' }
  const sandbox = { logDirectory: '/x', hostname: 'p', dnsConfig: { servers: [], searches: [], options: [] } }
  const start = (state: ReturnType<typeof stateOf>) =>
    startContainer(
      {
        node,
        pod: podOf(),
        container: { kind: 'ephemeral', spec },
        attempt: 0,
        state,
        sandboxId: 's0',
        directory: '/x',
        running: signal,
        own: new OwnContainers(),
        sandbox,
        volumes: {},
      } as unknown as Parameters<typeof startContainer>[0],
      signal,
    )
  await assert.rejects(start(stateOf({})), { reason: 'CreateContainerConfigError', message: 'unable to find target container "c"' })
  assert.equal(created.length, 0)
  await start(stateOf({ c: [{}] }))
  assert.equal(
    (created[0] as { linux: { securityContext: { namespaceOptions: { targetId: string } } } }).linux.securityContext.namespaceOptions
      .targetId,
    'c-0',
  )
})

test('CVE-2019-11245: startContainer() runs no container as root that must not be root, neither at its first nor at a later start', async () => {
  const created: { readonly linux: { readonly securityContext: { readonly runAsUser?: object } } }[] = []
  const start = (user: string, attempt: number) => {
    const node = {
      cluster: { servers: [], domain: 'cluster.local' },
      hostIps: () => ['192.0.2.1'],
      allocatable: () => ({}),
      objects: { services: () => [] },
      registry: { mirrorAuths: () => [] },
      puller: { ensure: async () => ({ id: 'sha256:1', uid: user === '' ? null : { value: user }, username: '' }) },
      host: { mounts: async () => [], devices: async () => [], makeLogDirectory: async () => undefined, hosts: '', unified: false },
      event: () => undefined,
      runtime: { createContainer: async (_id: string, config: never) => created.push(config), startContainer: async () => undefined },
    }
    const container = { kind: 'regular', spec: containerOf('c', { securityContext: { runAsNonRoot: true } }) }
    const sandbox = { logDirectory: '/x', hostname: 'p', dnsConfig: { servers: [], searches: [], options: [] } }
    const { signal } = new AbortController()
    const rest = { sandboxId: 's0', directory: '/x', running: signal, own: new OwnContainers(), sandbox, volumes: {} }
    const state = stateOf(attempt === 0 ? {} : { c: [{ state: 'CONTAINER_EXITED', exitCode: 1, attempt: attempt - 1 }] })
    return startContainer(
      { node, pod: podOf(), container, attempt, state, ...rest } as unknown as Parameters<typeof startContainer>[0],
      signal,
    )
  }
  for (const attempt of [0, 1, 2]) {
    await assert.rejects(start('', attempt), { reason: 'CreateContainerConfigError', message: /image will run as root/ })
    await assert.rejects(start('0', attempt), { reason: 'CreateContainerConfigError', message: /image will run as root/ })
    await start('1000', attempt)
  }
  assert.deepEqual(
    created.map(({ linux }) => linux.securityContext.runAsUser),
    Array.from({ length: 3 }, () => ({ value: 1000 })),
  )
})
