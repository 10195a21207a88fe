// Real sandboxes and containers: the node's own containerd, CNI, volumes, probes and logs, against an API server in memory.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { ConfigMap, Container, Pod, PodSpec, Secret } from '../src/api/types/core-v1.ts'
import { systemClock as clock } from '../src/base/clock.ts'
import { createLogger } from '../src/base/log.ts'
import { Client } from '../src/client/client.ts'
import { FakeApi } from '../src/client/fake-api.ts'
import { configMaps, events, nodes, persistentVolumeClaims, persistentVolumes, pods, secrets } from '../src/client/resources.ts'
import { cleanUp, nodeCgroup, removeAllPods } from '../src/node/clean-up.ts'
import { readContainerLog } from '../src/node/container-log.ts'
import { type Containerd, startContainerd } from '../src/node/containerd.ts'
import { runtimeContract } from '../src/node/cri/runtime.contract.ts'
import { builtinImages, busyboxImage } from '../src/node/images/builtin-images.ts'
import { importImage } from '../src/node/images/import-image.ts'
import { machineFacts } from '../src/node/machine-facts.ts'
import { machineHost } from '../src/node/machine-host.ts'
import { mountsBelow } from '../src/node/mount-table.ts'
import { nodeDirectory } from '../src/node/node-directory.ts'
import { createNodeRuntime, type NodeRuntime } from '../src/node/node-runtime.ts'
import { noLinks } from '../src/node/pod-network.ts'
import { podWriter } from '../src/node/pod-writer.ts'
import { listProcesses } from '../src/node/process-table.ts'
import { machineTotals, UsageSampler } from '../src/node/usage-sampler.ts'

const missing = ['/usr/bin/containerd', '/usr/sbin/runc', '/usr/lib/cni/bridge', '/usr/bin/busybox'].filter(path => !existsSync(path))
const skip = process.getuid?.() !== 0 ? 'needs root' : missing.length > 0 ? `not installed: ${missing.join(', ')}` : false

/** A state that is not there after this long will not come; a guard against hanging, no measurement. */
const hangMs = 90_000

const directory = nodeDirectory(join(mkdtempSync(join(tmpdir(), 'bulkhead-node-')), 'node'))
const bridge = `bh${directory.id}`
const log = createLogger({ level: process.env['NODE_TEST_LOG'] === undefined ? 'silent' : 'info' })
const api = new FakeApi(() => Date.now())
const client = new Client(api)
const nodeName = 'n1'
let containerd: Containerd
let node: { runtime: NodeRuntime; stop: AbortController; done: Promise<void> }

async function startNode(): Promise<typeof node> {
  const facts = await machineFacts(directory.root)
  const runtime = createNodeRuntime({
    client,
    node: { name: nodeName, facts, runtimeVersion: 'containerd://1', simulated: false },
    runtime: containerd.runtime,
    host: await machineHost(directory, clock),
    links: noLinks,
    writer: podWriter(client),
    cluster: { servers: ['10.96.0.10'], domain: 'cluster.local' },
    userNamespaces: false,
    podsDirectory: directory.pods,
    logsDirectory: directory.logs,
    seccompFolder: directory.seccomp,
    clock,
    log,
    random: Math.random,
  })
  const stop = new AbortController()
  return { runtime, stop, done: runtime.run(stop.signal) }
}

async function stopNode(): Promise<void> {
  node.stop.abort()
  await node.done
}

const start = () => startContainerd({ directory, cniBinDirectory: '/usr/lib/cni', log, clock }, AbortSignal.timeout(hangMs))

before(async () => {
  if (skip !== false) return
  await mkdir(directory.cniConfig, { recursive: true })
  const ipam = { type: 'host-local', dataDir: directory.cniState, ranges: [[{ subnet: '10.251.77.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] }
  const plugins = [{ type: 'bridge', bridge, isGateway: true, ipMasq: false, ipam }]
  await writeFile(join(directory.cniConfig, '10-test.conflist'), JSON.stringify({ cniVersion: '1.0.0', name: 'test', plugins }))
  containerd = await start()
  for (const image of await builtinImages(AbortSignal.timeout(hangMs))) {
    const file = join(directory.containerdState, 'image.tar')
    await writeFile(file, image.archive)
    await importImage(file, containerd, AbortSignal.timeout(hangMs))
  }
  api.seed(nodes, { metadata: { name: nodeName }, spec: {} })
  node = await startNode()
})

after(async () => {
  if (skip !== false) return
  await stopNode()
  await removeAllPods(containerd.runtime, log, AbortSignal.timeout(hangMs))
  await containerd[Symbol.asyncDispose]()
  await cleanUp(directory, clock, AbortSignal.timeout(hangMs))
  execFileSync('ip', ['link', 'delete', bridge])
  await rm(join(directory.root, '..'), { recursive: true, force: true })
})

const script = (...lines: string[]): Pick<Container, 'command'> => ({ command: ['sh', '-c', lines.join('\n')] })

function createPod(name: string, spec: Partial<PodSpec> & { containers: (Partial<Container> & { name: string })[] }): Pod {
  const withImage = (list: (Partial<Container> & { name: string })[] = []) =>
    list.map(container => ({ image: busyboxImage, imagePullPolicy: 'IfNotPresent', ...container }))
  return api.seed(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 1,
      ...spec,
      containers: withImage(spec.containers),
      ...(spec.initContainers ? { initContainers: withImage(spec.initContainers) } : {}),
    },
    status: { phase: 'Pending' },
  })
}

async function until(name: string, what: string, holds: (pod: Pod) => boolean | undefined): Promise<Pod> {
  const deadline = Date.now() + hangMs
  for (;;) {
    const pod = api.read(pods, 'default', name)
    if (pod && holds(pod)) return pod
    if (Date.now() > deadline)
      throw new Error(`"${name}" did not become ${what}: ${JSON.stringify(pod?.status)} ${JSON.stringify(eventsOf(name))}`)
    await clock.sleep(20)
  }
}

const eventsOf = (name: string) =>
  api
    .all(events)
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)

const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
const isOver = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

async function logOf(pod: Pod, container: string): Promise<string> {
  const worker = node.runtime.workers.get(pod.metadata.uid ?? '')
  const path = worker?.state.containers.get(container)?.[0]?.logPath ?? ''
  const source = { path, running: () => false, changed: async () => undefined }
  let text = ''
  for await (const chunk of readContainerLog(source, { follow: false, previous: false, timestamps: false }, AbortSignal.timeout(hangMs)))
    text += chunk
  return text
}

/** A container that has started has not written yet: its log, once it holds what is waited for. */
async function logUntil(pod: Pod, holds: (text: string) => boolean): Promise<string> {
  const deadline = Date.now() + hangMs
  for (;;) {
    const text = await logOf(pod, 'c')
    if (holds(text)) return text
    if (Date.now() > deadline) throw new Error(`the log of "${pod.metadata.name}" stays ${JSON.stringify(text)}`)
    await clock.sleep(20)
  }
}

async function gone(pod: Pod): Promise<void> {
  api.remove(pods, 'default', pod.metadata.name ?? '')
  const deadline = Date.now() + hangMs
  while (node.runtime.workers.get(pod.metadata.uid ?? '')) {
    if (Date.now() > deadline) throw new Error(`"${pod.metadata.name}" was not removed`)
    await clock.sleep(20)
  }
}

suite('the runtime without a node', { skip }, () => {
  // containerd 1.7 hands each event to one of its listeners only.
  before(stopNode)
  after(async () => {
    node = await startNode()
  })
  runtimeContract('containerd', async () => ({
    runtime: containerd.runtime,
    image: busyboxImage,
    logDirectory: join(directory.root, 'contract-logs'),
  }))
})

test('a pod whose image is present runs, with status and events as kubectl shows them', { skip }, async () => {
  const created = createPod('plain', { containers: [{ name: 'c', ...script('echo hello; sleep 1000') }] })
  const pod = await until('plain', 'ready', isReady)
  assert.equal(pod.status?.phase, 'Running')
  assert.match(pod.status?.podIP ?? '', /^10\.251\.77\./)
  assert.equal(pod.status?.qosClass, 'BestEffort')
  assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 0)
  assert.match(pod.status?.containerStatuses?.[0]?.containerID ?? '', /^containerd:\/\/[0-9a-f]{64}$/)
  assert.equal(await logUntil(created, text => text !== ''), 'hello\n')
  const directoryMode = (await stat(node.runtime.workers.get(created.metadata.uid ?? '')?.logDirectory ?? '')).mode & 0o777
  assert.equal(directoryMode & 0o007, 0)
  await until('plain', 'told of', () => eventsOf('plain').length >= 3)
  assert.deepEqual(eventsOf('plain'), [
    `Pulled: Container image "${busyboxImage}" already present on machine`,
    'Created: Created container: c',
    'Started: Started container c',
  ])
  await gone(created)
})

test('init containers, exit codes and termination messages', { skip }, async () => {
  const pod = createPod('once', {
    restartPolicy: 'Never',
    initContainers: [{ name: 'first', ...script('echo one > /work/f'), volumeMounts: [{ name: 'work', mountPath: '/work' }] }],
    containers: [
      {
        name: 'c',
        ...script('cat /work/f', 'echo bye > /dev/termination-log', 'exit 3'),
        volumeMounts: [{ name: 'work', mountPath: '/work' }],
      },
    ],
    volumes: [{ name: 'work', emptyDir: {} }],
  })
  const ended = await until('once', 'over', isOver)
  assert.equal(ended.status?.phase, 'Failed')
  const terminated = ended.status?.containerStatuses?.[0]?.state?.terminated
  assert.equal(terminated?.exitCode, 3)
  assert.equal(terminated?.reason, 'Error')
  assert.equal(terminated?.message, 'bye\n')
  assert.equal(ended.status?.initContainerStatuses?.[0]?.state?.terminated?.reason, 'Completed')
  assert.equal(await logOf(pod, 'c'), 'one\n')
  await gone(pod)
})

test('configMap, secret, downward API and environment, and an update that follows the API', { skip }, async () => {
  api.seed<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cm', namespace: 'default' },
    data: { key: 'old' },
  })
  api.seed<Secret>(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sec', namespace: 'default' },
    data: { p: Buffer.from('canary').toString('base64') },
  })
  const pod = createPod('volumes', {
    containers: [
      {
        name: 'c',
        ...script(
          'echo "$A $B"; cat /s/p; echo; id -u; cat /d/name; echo; until grep -q new /cm/key; do sleep 0.1; done; echo updated; sleep 1000',
        ),
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', value: '$(A)-$(C)-$$(A)' },
        ],
        volumeMounts: [
          { name: 'cm', mountPath: '/cm' },
          { name: 's', mountPath: '/s' },
          { name: 'd', mountPath: '/d' },
        ],
      },
    ],
    volumes: [
      { name: 'cm', configMap: { name: 'cm' } },
      { name: 's', secret: { secretName: 'sec' } },
      { name: 'd', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ],
  })
  await until('volumes', 'ready', isReady)
  api.change(configMaps, 'default', 'cm', object => {
    object.data = { key: 'new' }
  })
  const text = await logUntil(pod, written => written.endsWith('updated\n'))
  assert.equal(text, 'x x-$(C)-$(A)\ncanary\n65532\nvolumes\nupdated\n')
  await gone(pod)
  assert.deepEqual(await mountsBelow(join(directory.pods, pod.metadata.uid ?? '')), [])
})

test('a missing ConfigMap leaves the container waiting with upstream’s reason', { skip }, async () => {
  const pod = createPod('no-config', {
    containers: [{ name: 'c', ...script('sleep 1000'), envFrom: [{ configMapRef: { name: 'absent' } }] }],
  })
  const waiting = await until(
    'no-config',
    'waiting',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.equal(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message, 'configmap "absent" not found')
  assert.equal(waiting.status?.phase, 'Pending')
  await gone(pod)
})

test('a subPath through a symbolic link never reaches the host', { skip }, async () => {
  const pod = createPod('escape', {
    initContainers: [{ name: 'link', ...script('ln -s / /v/x'), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    containers: [{ name: 'c', ...script('ls /host; sleep 1000'), volumeMounts: [{ name: 'v', mountPath: '/host', subPath: 'x' }] }],
    volumes: [{ name: 'v', emptyDir: {} }],
  })
  const waiting = await until(
    'escape',
    'refused',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.match(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /symbolic link/)
  await gone(pod)
})

test('runAsNonRoot is checked against the image, and seccomp, capabilities and no_new_privs hold', { skip }, async () => {
  const root = createPod('as-root', {
    containers: [{ name: 'c', ...script('sleep 1000'), securityContext: { runAsNonRoot: true, runAsUser: 0 } }],
  })
  const refused = await until(
    'as-root',
    'refused',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.match(refused.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /^container's runAsUser breaks non-root policy/)
  await gone(root)
  const pod = createPod('restricted', {
    securityContext: { runAsNonRoot: true },
    containers: [
      {
        name: 'c',
        ...script('grep -E "^(Seccomp|NoNewPrivs|CapEff):" /proc/1/status; touch /x 2>&1; sleep 1000'),
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        resources: { limits: { memory: '64Mi', cpu: '500m' } },
      },
    ],
  })
  await until('restricted', 'ready', isReady)
  // What `touch` says is the last of it.
  const text = await logUntil(pod, written => written.includes('/x'))
  assert.match(text, /CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n/)
  assert.match(text, /Read-only file system/)
  const cgroup = `${nodeCgroup(directory)}/guaranteed/pod${pod.metadata.uid}`
  const limit = await readFile(
    existsSync('/sys/fs/cgroup/memory') ? `/sys/fs/cgroup/memory${cgroup}/memory.limit_in_bytes` : `/sys/fs/cgroup${cgroup}/memory.max`,
    'utf8',
  )
  assert.equal(Number(limit), 64 * 1024 * 1024)
  await gone(pod)
})

test('a resize reaches the cgroups of a running container and of its pod', { skip }, async () => {
  const resources = (memory: string, cpu: string) => ({ requests: { memory, cpu }, limits: { memory, cpu } })
  const pod = createPod('resized', { containers: [{ name: 'c', ...script('sleep 1000'), resources: resources('64Mi', '500m') }] })
  const before = await until('resized', 'ready', isReady)
  api.change(pods, 'default', 'resized', object => {
    const [container] = object.spec.containers
    if (container) container.resources = resources('96Mi', '250m')
  })
  const after = await until('resized', 'resized', ({ status }) => {
    const told = status?.containerStatuses?.[0]?.resources?.limits
    return told?.['memory'] === '96Mi' && told?.['cpu'] === '250m'
  })
  assert.equal(after.status?.containerStatuses?.[0]?.containerID, before.status?.containerStatuses?.[0]?.containerID)
  const v1 = existsSync('/sys/fs/cgroup/memory')
  const cgroup = `${nodeCgroup(directory)}/guaranteed/pod${pod.metadata.uid}`
  const id = before.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? ''
  for (const path of [cgroup, `${cgroup}/${id}`]) {
    const memory = await readFile(v1 ? `/sys/fs/cgroup/memory${path}/memory.limit_in_bytes` : `/sys/fs/cgroup${path}/memory.max`, 'utf8')
    const quota = await readFile(v1 ? `/sys/fs/cgroup/cpu${path}/cpu.cfs_quota_us` : `/sys/fs/cgroup${path}/cpu.max`, 'utf8')
    assert.equal(Number(memory), 96 * 1024 * 1024, path)
    assert.match(quota, /^25000\b/, path)
  }
  await gone(pod)
})

test('what a busy and an idle container use is measured as the kernel accounts for it', { skip }, async () => {
  const busy = createPod('busy', {
    containers: [
      { name: 'spins', ...script('while true; do :; done'), resources: { limits: { cpu: '200m' } } },
      { name: 'sleeps', ...script('sleep 1000') },
    ],
  })
  await until('busy', 'ready', isReady)
  const often = { now: () => clock.now(), sleep: (_: number, signal?: AbortSignal) => clock.sleep(200, signal) }
  const sampler = new UsageSampler({ runtime: containerd.runtime, machine: machineTotals, clock: often, log })
  const stop = new AbortController()
  const running = sampler.run(stop.signal)
  const used = (name: string) => sampler.latest().containers.find(each => each.podUid === busy.metadata.uid && each.name === name)
  await until('busy', 'measured', () => (used('spins')?.cpuNanocores ?? 0) > 50_000_000)
  assert.ok((used('sleeps')?.cpuNanocores ?? 1e9) < 50_000_000, JSON.stringify(sampler.latest()))
  assert.ok((used('spins')?.memoryBytes ?? 0) > 0)
  assert.ok((sampler.latest().node?.memoryBytes ?? 0) > (used('spins')?.memoryBytes ?? 0))
  stop.abort()
  await running
  await gone(busy)
})

test('a failed liveness probe restarts the container; readiness and a crash loop show', { skip }, async () => {
  const pod = createPod('probed', {
    containers: [
      {
        name: 'c',
        ...script('trap "exit 0" TERM; touch /tmp/ok; sleep 0.5; rm /tmp/ok; sleep 1000 & wait'),
        livenessProbe: { exec: { command: ['test', '-e', '/tmp/ok'] }, periodSeconds: 1, failureThreshold: 1 },
      },
    ],
  })
  const restarted = await until('probed', 'restarted', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
  assert.ok(restarted.status?.containerStatuses?.[0]?.lastState?.terminated)
  assert.ok(eventsOf('probed').includes('Killing: Container c failed liveness probe, will be restarted'))
  await gone(pod)
  const crashing = createPod('crashing', { containers: [{ name: 'c', ...script('exit 1') }] })
  const looping = await until(
    'crashing',
    'in back-off',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
  )
  const message = looping.status?.containerStatuses?.[0]?.state?.waiting?.message
  assert.equal(message, `back-off 10s restarting failed container=c pod=crashing_default(${crashing.metadata.uid})`)
  await gone(crashing)
})

test('a claimed local volume is given to the pod’s group, and stays when the pod goes', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-local-'))
  api.seed(persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'default', uid: 'claim' },
    spec: { volumeName: 'local' },
    status: { phase: 'Bound' },
  })
  api.seed(persistentVolumes, {
    metadata: { name: 'local' },
    spec: { claimRef: { namespace: 'default', name: 'data', uid: 'claim' }, local: { path: folder } },
  })
  for (const [name, text] of [
    ['writer', 'echo kept > /data/f'],
    ['reader', 'test "$(cat /data/f)" = kept'],
  ] as const) {
    const pod = createPod(name, {
      restartPolicy: 'Never',
      securityContext: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 7777 },
      containers: [{ name: 'c', ...script(text), volumeMounts: [{ name: 'v', mountPath: '/data' }] }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    })
    const { status } = await until(name, 'finished', ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed')
    assert.equal(status?.phase, 'Succeeded', name)
    await gone(pod)
  }
  assert.equal((await stat(join(folder, 'f'))).gid, 7777)
  await rm(folder, { recursive: true })
})

test('an unsupported volume type keeps the pod pending and says so', { skip }, async () => {
  const pod = createPod('nfs', {
    containers: [{ name: 'c', ...script('sleep 1') }],
    volumes: [{ name: 'n', nfs: { server: 'x', path: '/' } }],
  })
  await until('nfs', 'told of', () => eventsOf('nfs').some(text => text.startsWith('FailedMount: ')))
  assert.deepEqual(eventsOf('nfs').slice(0, 1), [
    'FailedMount: MountVolume.SetUp failed for volume "n" : volume type "nfs" is not supported on this node',
  ])
  assert.equal(api.read(pods, 'default', 'nfs')?.status?.phase, 'Pending')
  await gone(pod)
})

test('containers survive a killed containerd and a restarted agent, and are found again', { skip }, async () => {
  const pod = createPod('survivor', { containers: [{ name: 'c', ...script('sleep 1000') }] })
  const before = await until('survivor', 'ready', isReady)
  const id = before.status?.containerStatuses?.[0]?.containerID
  node.stop.abort()
  await node.done
  const [daemon] = (await listProcesses()).filter(({ command }) => command.includes(directory.containerdConfig))
  if (daemon) process.kill(daemon.pid, 'SIGKILL')
  await containerd[Symbol.asyncDispose]()
  containerd = await start()
  node = await startNode()
  const deadline = Date.now() + hangMs
  while (!node.runtime.workers.get(pod.metadata.uid ?? '')?.state.containers.has('c') && Date.now() < deadline) await clock.sleep(20)
  const worker = node.runtime.workers.get(pod.metadata.uid ?? '')
  assert.equal(`containerd://${worker?.state.containers.get('c')?.[0]?.id}`, id)
  assert.equal(worker?.state.containers.get('c')?.[0]?.state, 'CONTAINER_RUNNING')
  assert.equal(api.read(pods, 'default', 'survivor')?.status?.containerStatuses?.[0]?.restartCount, 0)
  await gone(pod)
})

test('checkArchive() and symlinked folders: a file that is no image is refused with its reason', { skip }, async () => {
  const file = join(directory.root, 'not-an-image')
  await writeFile(file, 'nothing')
  await symlink(file, `${file}-link`)
  await assert.rejects(
    importImage(`${file}-link`, containerd, AbortSignal.timeout(hangMs)),
    /Cannot import image ".*": it is not a tar archive$/,
  )
})
