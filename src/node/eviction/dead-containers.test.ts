import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import type { ContainerConfig, ContainerState, ContainerSummary, Sandbox, SandboxConfig, SandboxState } from '../cri/messages.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { podLabels } from '../pod/pod-state.ts'
import { planRemoval, removeDeadContainers } from './dead-containers.ts'

const never = new AbortController().signal
const labelsOf = (uid: string, container?: string) => ({
  [podLabels.uid]: uid,
  ...(container === undefined ? {} : { [podLabels.container]: container }),
})

function container(
  uid: string,
  name: string,
  at: number,
  state: ContainerState = 'CONTAINER_EXITED',
  podSandboxId = `${uid}-s`,
): ContainerSummary {
  const labels = labelsOf(uid, name)
  const id = `${uid}-${name}-${at}`
  return {
    id,
    podSandboxId,
    metadata: { name, attempt: at },
    image: null,
    imageRef: '',
    state,
    createdAt: String(at),
    labels,
    annotations: {},
  }
}

function sandbox(uid: string, id: string, at: number, state: SandboxState): Sandbox {
  const metadata = { name: uid, uid, namespace: 'default', attempt: at }
  return { id, metadata, state, createdAt: String(at), labels: labelsOf(uid), annotations: {} }
}

const planned = (containers: ContainerSummary[], sandboxes: Sandbox[], over: string[] = []) => {
  const removal = planRemoval(containers, sandboxes, uid => over.includes(uid))
  return { containers: removal.containers.map(({ id }) => id), sandboxes: removal.sandboxes.map(({ id }) => id) }
}

test('planRemoval() keeps the last run of a container and the one before, separately for each pod', () => {
  const containers = [
    container('p', 'c', 1),
    container('p', 'c', 3, 'CONTAINER_RUNNING'),
    container('p', 'c', 2),
    container('p', 'd', 1),
    container('q', 'c', 1),
    container('q', 'c', 2),
    container('q', 'c', 3, 'CONTAINER_CREATED'),
  ]
  assert.deepEqual(planned(containers, []), { containers: ['p-c-1', 'q-c-1'], sandboxes: [] })
})

test('planRemoval() removes no running container, however old', () => {
  const containers = [container('p', 'c', 1, 'CONTAINER_RUNNING'), container('p', 'c', 2), container('p', 'c', 3)]
  assert.deepEqual(planned(containers, []).containers, [])
})

test('planRemoval() removes sandboxes that have a successor and no container left', () => {
  const containers = [container('p', 'c', 1, 'CONTAINER_EXITED', 'old'), container('p', 'c', 2), container('p', 'c', 3)]
  const sandboxes = [
    sandbox('p', 'old', 1, 'SANDBOX_NOTREADY'),
    sandbox('p', 'p-s', 2, 'SANDBOX_NOTREADY'),
    sandbox('p', 'new', 3, 'SANDBOX_READY'),
    sandbox('q', 'only', 1, 'SANDBOX_NOTREADY'),
  ]
  assert.deepEqual(planned(containers, sandboxes), { containers: ['p-c-1'], sandboxes: ['old'] })
})

test('planRemoval() of a finished pod keeps only what still runs', () => {
  const containers = [container('p', 'c', 1), container('p', 'd', 1, 'CONTAINER_RUNNING'), container('q', 'c', 1)]
  const sandboxes = [sandbox('p', 'p-s', 1, 'SANDBOX_NOTREADY'), sandbox('p', 'empty', 0, 'SANDBOX_NOTREADY')]
  assert.deepEqual(planned(containers, sandboxes, ['p']), { containers: ['p-c-1'], sandboxes: ['empty'] })
})

test('removeDeadContainers() removes the logs of a run with it, including rotated ones, and continues if one removal fails', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'dead-containers-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'c'))
  await using runtime = new FakeRuntime({ clock: systemClock })
  runtime.addImage('r.example/a:1')
  const linux = { securityContext: { namespaceOptions: { network: 'POD' } } }
  const config = {
    metadata: { name: 'p', uid: 'p', namespace: 'default', attempt: 0 },
    labels: labelsOf('p'),
    annotations: {},
    logDirectory: folder,
    linux,
  }
  const sandboxId = await runtime.runSandbox(config as unknown as SandboxConfig, '', never)
  const ids: string[] = []
  for (let attempt = 0; attempt < 4; attempt++) {
    const made = {
      metadata: { name: 'c', attempt },
      image: { image: 'r.example/a:1' },
      command: [],
      args: [],
      labels: labelsOf('p', 'c'),
      annotations: {},
      logPath: `c/${attempt}.log`,
    }
    const id = await runtime.createContainer(sandboxId, made as unknown as ContainerConfig, config as unknown as SandboxConfig)
    await runtime.startContainer(id, never)
    runtime.exit(id, 1)
    writeFileSync(join(folder, 'c', `${attempt}.log`), 'text')
    writeFileSync(join(folder, 'c', `${attempt}.log.20260101-000000`), 'text')
    ids.push(id)
  }
  const failing = {
    listContainers: runtime.listContainers.bind(runtime),
    listSandboxes: runtime.listSandboxes.bind(runtime),
    containerStatus: runtime.containerStatus.bind(runtime),
    removeSandbox: runtime.removeSandbox.bind(runtime),
    async removeContainer(id: string) {
      if (id === ids[0]) throw new Error('the disk fails')
      await runtime.removeContainer(id, never)
    },
  }
  const said: unknown[] = []
  await removeDeadContainers(failing, () => false, { ...silentLogger, error: (_, values) => void said.push(values?.['container']) }, never)
  assert.deepEqual(
    (await runtime.listContainers({})).map(({ id }) => id),
    [ids[0], ids[2], ids[3]],
  )
  assert.deepEqual(said, [ids[0]])
  assert.deepEqual(
    [0, 1, 2, 3].map(
      attempt => existsSync(join(folder, 'c', `${attempt}.log`)) && existsSync(join(folder, 'c', `${attempt}.log.20260101-000000`)),
    ),
    [true, false, true, true],
  )
})
