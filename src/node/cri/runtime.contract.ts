// The contract of every ContainerRuntime; run by the fake in node/fake and by the real containerd in test/node/node-containers.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerConfig, SandboxConfig } from './messages.ts'
import { type ContainerRuntime, RuntimeError } from './runtime.ts'

export interface RuntimeUnderTest {
  readonly runtime: ContainerRuntime
  /** An image that is present and has `sh`, `true` and `sleep`. */
  readonly image: string
  readonly logDirectory: string
}

export function runtimeContract(name: string, setUp: () => Promise<RuntimeUnderTest>): void {
  const signal = () => AbortSignal.timeout(60_000)
  const sandboxOf = (uid: string, logDirectory: string): SandboxConfig => ({
    metadata: { name: uid, uid, namespace: 'contract', attempt: 0 },
    hostname: '',
    logDirectory,
    portMappings: [],
    labels: { 'io.kubernetes.pod.uid': uid, app: uid },
    annotations: { note: 'kept' },
    linux: {
      cgroupParent: '',
      securityContext: {
        namespaceOptions: { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' },
        readonlyRootfs: true,
        supplementalGroups: [],
        supplementalGroupsPolicy: 'Merge',
        privileged: false,
        seccomp: { profileType: 'RuntimeDefault' },
      },
      sysctls: {},
    },
  })
  const containerOf = (uid: string, image: string, command: string[]): ContainerConfig => ({
    metadata: { name: 'c', attempt: 0 },
    image: { image },
    command,
    args: [],
    workingDir: '',
    envs: [],
    mounts: [],
    devices: [],
    labels: { 'io.kubernetes.pod.uid': uid },
    annotations: { hash: 'h' },
    logPath: 'c.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: {
      resources: {},
      securityContext: {
        capabilities: { addCapabilities: [], dropCapabilities: ['ALL'] },
        privileged: false,
        namespaceOptions: { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' },
        readonlyRootfs: true,
        supplementalGroups: [],
        supplementalGroupsPolicy: 'Merge',
        noNewPrivs: true,
        maskedPaths: [],
        readonlyPaths: [],
        seccomp: { profileType: 'RuntimeDefault' },
      },
    },
  })

  const ended = async (runtime: ContainerRuntime, id: string) => {
    const limit = signal()
    for (;;) {
      const status = await runtime.containerStatus(id, limit)
      if (status?.state === 'CONTAINER_EXITED') return status
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  test(`${name}: a container goes from created to running to exited, with its events`, async () => {
    const { runtime, image, logDirectory } = await setUp()
    const stop = new AbortController()
    const seen: string[] = []
    const listening = (async () => {
      for await (const { type, containerId } of runtime.events(stop.signal)) seen.push(`${containerId} ${type}`)
    })()
    const config = sandboxOf('life', logDirectory)
    const sandbox = await runtime.runSandbox(config, '', signal())
    try {
      // The stream does not report that it is open; its first event of a container shows it.
      const opening = signal()
      while (seen.length === 0 && !opening.aborted) {
        await runtime.removeContainer(
          await runtime.createContainer(sandbox, containerOf('life', image, ['true']), config, signal()),
          signal(),
        )
        await new Promise(resolve => setImmediate(resolve))
      }
      const id = await runtime.createContainer(sandbox, containerOf('life', image, ['sh', '-c', 'exit 3']), config, signal())
      assert.equal((await runtime.containerStatus(id, signal()))?.state, 'CONTAINER_CREATED')
      await runtime.startContainer(id, signal())
      const status = await ended(runtime, id)
      assert.equal(status.exitCode, 3)
      assert.equal(status.reason, 'Error')
      assert.notEqual(status.finishedAt, '0')
      assert.deepEqual(status.annotations, { hash: 'h' })
      assert.equal(status.logPath, `${logDirectory}/c.log`)
      const limit = signal()
      while (!seen.includes(`${id} CONTAINER_STOPPED_EVENT`) && !limit.aborted) await new Promise(resolve => setImmediate(resolve))
      const own = seen.filter(text => text.startsWith(id)).map(text => text.slice(id.length + 1))
      // A container that ends at once may have no started event; containerd then reports only the end.
      assert.equal(own[0], 'CONTAINER_CREATED_EVENT')
      assert.ok(own.includes('CONTAINER_STOPPED_EVENT'), own.join())
    } finally {
      stop.abort()
      await listening
      await runtime.removeSandbox(sandbox, signal())
    }
    assert.equal(await runtime.sandboxStatus(sandbox, signal()), undefined)
  })

  test(`${name}: listing selects by label; stop and remove are idempotent`, async () => {
    const { runtime, image, logDirectory } = await setUp()
    const config = sandboxOf('labels', logDirectory)
    const sandbox = await runtime.runSandbox(config, '', signal())
    const id = await runtime.createContainer(sandbox, containerOf('labels', image, ['sleep', '1000']), config, signal())
    await runtime.startContainer(id, signal())
    assert.deepEqual(
      (await runtime.listSandboxes({ app: 'labels' }, signal())).map(({ id }) => id),
      [sandbox],
    )
    assert.deepEqual(await runtime.listSandboxes({ app: 'nobody' }, signal()), [])
    const [listed] = await runtime.listContainers({ 'io.kubernetes.pod.uid': 'labels' }, signal())
    assert.equal(listed?.id, id)
    assert.equal(listed?.state, 'CONTAINER_RUNNING')
    const { labels: _, ...unlabelled } = containerOf('labels', image, ['sleep', '1000'])
    const bare = { ...unlabelled, metadata: { name: 'bare', attempt: 0 }, labels: {}, logPath: 'bare.log' }
    const other = await runtime.createContainer(sandbox, bare, config, signal())
    const inSandbox = (await runtime.containersIn(sandbox, signal())).map(each => each.id)
    assert.deepEqual(inSandbox.toSorted(), [id, other].toSorted())
    assert.deepEqual(await runtime.containersIn('absent', signal()), [])
    await runtime.removeContainer(other, signal())
    assert.equal((await runtime.execSync(id, ['true'], 60, signal())).exitCode, 0)
    assert.equal((await runtime.execSync(id, ['sh', '-c', 'exit 7'], 60, signal())).exitCode, 7)
    await runtime.updateContainer(id, { cpuShares: 512, memoryLimitInBytes: 64 * 2 ** 20 }, signal())
    await runtime.stopContainer(id, 0, signal())
    assert.equal((await ended(runtime, id)).exitCode, 137)
    await runtime.stopContainer(id, 0, signal())
    await runtime.stopSandbox(sandbox, signal())
    await runtime.stopSandbox(sandbox, signal())
    assert.equal((await runtime.sandboxStatus(sandbox, signal()))?.state, 'SANDBOX_NOTREADY')
    await runtime.removeSandbox(sandbox, signal())
    await runtime.removeSandbox(sandbox, signal())
    await runtime.removeContainer(id, signal())
    assert.equal(await runtime.containerStatus(id, signal()), undefined)
  })

  test(`${name}: a missing object gives undefined or RuntimeError NotFound`, async () => {
    const { runtime, image, logDirectory } = await setUp()
    assert.equal(await runtime.imageStatus('bulkhead.local/absent:1', signal()), undefined)
    assert.ok(await runtime.imageStatus(image, signal()))
    const config = sandboxOf('absent', logDirectory)
    const sandbox = await runtime.runSandbox(config, '', signal())
    try {
      const create = runtime.createContainer(sandbox, containerOf('absent', 'bulkhead.local/absent:1', ['true']), config, signal())
      await assert.rejects(create, (err: unknown) => err instanceof RuntimeError && err.code === 'NotFound')
    } finally {
      await runtime.removeSandbox(sandbox, signal())
    }
  })
}
