// Real sandboxes and containers: the node's own containerd, CNI, volumes, probes and logs, against an API server in memory.
import assert from 'node:assert/strict'
import { existsSync, globSync, mkdtempSync } from 'node:fs'
import { readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { ConfigMap, Secret } from '../../src/api/types/core-v1.ts'
import { systemClock as clock } from '../../src/base/clock.ts'
import { configMaps, persistentVolumeClaims, persistentVolumes, pods, secrets } from '../../src/client/resources.ts'
import { runtimeContract } from '../../src/node/cri/runtime.contract.ts'
import { busyboxImage } from '../../src/node/images/builtin-images.ts'
import { importImage } from '../../src/node/images/import-image.ts'
import { nodeCgroup } from '../../src/node/machine/clean-up.ts'
import { mountsBelow } from '../../src/node/machine/mount-table.ts'
import { listProcesses } from '../../src/node/machine/process-table.ts'
import { machineTotals, UsageSampler } from '../../src/node/usage/usage-sampler.ts'
import { until } from '../cluster.ts'
import { ContainerNode, hangMs, isOver, isReady, script, skip } from './container-node.ts'

const machine = new ContainerNode()
const { api, directory } = machine
before(async () => {
  if (skip === false) await machine.start()
})
after(async () => {
  if (skip === false) await machine.remove()
})

suite('the runtime without a node', { skip }, () => {
  // containerd 1.7 hands each event to one of its listeners only.
  before(() => machine.stopAgent())
  after(() => machine.startAgent())
  runtimeContract('containerd', async () => ({
    runtime: machine.containerd.runtime,
    image: busyboxImage,
    logDirectory: join(directory.root, 'contract-logs'),
  }))
})

test('a pod whose image is present runs, with status and events as kubectl shows them', { skip }, async () => {
  const created = machine.createPod('plain', { containers: [{ name: 'c', ...script('echo hello; sleep 1000') }] })
  const pod = await machine.until('plain', 'ready', isReady)
  assert.equal(pod.status?.phase, 'Running')
  assert.match(pod.status?.podIP ?? '', /^10\.251\.77\./)
  assert.equal(pod.status?.qosClass, 'BestEffort')
  assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 0)
  assert.match(pod.status?.containerStatuses?.[0]?.containerID ?? '', /^containerd:\/\/[0-9a-f]{64}$/)
  assert.equal(await machine.logUntil(created, text => text !== ''), 'hello\n')
  const directoryMode = (await stat(machine.runtime.workers.get(created.metadata.uid ?? '')?.logDirectory ?? '')).mode & 0o777
  assert.equal(directoryMode & 0o007, 0)
  await machine.until('plain', 'reported', () => machine.eventsOf('plain').length >= 3)
  assert.deepEqual(machine.eventsOf('plain'), [
    `Pulled: Container image "${busyboxImage}" already present on machine`,
    'Created: Created container: c',
    'Started: Started container c',
  ])
  await machine.gone(created)
})

test('init containers, exit codes and termination messages', { skip }, async () => {
  const pod = machine.createPod('once', {
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
  const ended = await machine.until('once', 'over', isOver)
  assert.equal(ended.status?.phase, 'Failed')
  const terminated = ended.status?.containerStatuses?.[0]?.state?.terminated
  assert.equal(terminated?.exitCode, 3)
  assert.equal(terminated?.reason, 'Error')
  assert.equal(terminated?.message, 'bye\n')
  assert.equal(ended.status?.initContainerStatuses?.[0]?.state?.terminated?.reason, 'Completed')
  assert.equal(await machine.logOf(pod, 'c'), 'one\n')
  await machine.gone(pod)
})

test("CVE-2020-8557: a container's writes to its own files and its termination message are limited, and the beginning is kept", {
  skip,
}, async () => {
  const write = (path: string) => `dd if=/dev/zero bs=1M count=20 2>/dev/null | tr '\\0' x >> ${path} 2>/dev/null && echo unbounded`
  const pod = machine.createPod('writes', {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'c',
        ...script(
          'cat /etc/hostname /etc/resolv.conf; echo first > /dev/termination-log',
          ...['/dev/termination-log', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'].map(write),
          'exit 0',
        ),
        securityContext: { runAsUser: 0 },
      },
    ],
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['192.0.2.53'] },
  })
  const ended = await machine.until('writes', 'over', isOver)
  assert.equal(await machine.logOf(pod, 'c'), 'writes\nnameserver 192.0.2.53\n')
  const { message = '' } = ended.status?.containerStatuses?.[0]?.state?.terminated ?? {}
  assert.equal(message, `first\n${'x'.repeat(4090)}`)
  await machine.gone(pod)
  assert.deepEqual(await mountsBelow(join(directory.pods, pod.metadata.uid ?? '')), [])
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
  const pod = machine.createPod('volumes', {
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
  await machine.until('volumes', 'ready', isReady)
  api.change(configMaps, 'default', 'cm', object => {
    object.data = { key: 'new' }
  })
  const text = await machine.logUntil(pod, written => written.endsWith('updated\n'))
  assert.equal(text, 'x x-$(C)-$(A)\ncanary\n65532\nvolumes\nupdated\n')
  await machine.gone(pod)
  assert.deepEqual(await mountsBelow(join(directory.pods, pod.metadata.uid ?? '')), [])
})

test('a missing ConfigMap leaves the container waiting with upstream’s reason', { skip }, async () => {
  const pod = machine.createPod('no-config', {
    containers: [{ name: 'c', ...script('sleep 1000'), envFrom: [{ configMapRef: { name: 'absent' } }] }],
  })
  const waiting = await machine.until(
    'no-config',
    'waiting',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.equal(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message, 'configmap "absent" not found')
  assert.equal(waiting.status?.phase, 'Pending')
  await machine.gone(pod)
})

test('CVE-2017-1002101: a subPath through a symbolic link never reaches the host', { skip }, async () => {
  const pod = machine.createPod('escape', {
    initContainers: [{ name: 'link', ...script('ln -s / /v/x'), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    containers: [{ name: 'c', ...script('ls /host; sleep 1000'), volumeMounts: [{ name: 'v', mountPath: '/host', subPath: 'x' }] }],
    volumes: [{ name: 'v', emptyDir: {} }],
  })
  const waiting = await machine.until(
    'escape',
    'refused',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.match(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /symbolic link/)
  await machine.gone(pod)
})

test('runAsNonRoot is checked against the image, and seccomp, capabilities and no_new_privs hold', { skip }, async () => {
  const root = machine.createPod('as-root', {
    containers: [{ name: 'c', ...script('sleep 1000'), securityContext: { runAsNonRoot: true, runAsUser: 0 } }],
  })
  const refused = await machine.until(
    'as-root',
    'refused',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.match(refused.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /^container's runAsUser breaks non-root policy/)
  await machine.gone(root)
  const pod = machine.createPod('restricted', {
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
  await machine.until('restricted', 'ready', isReady)
  // The output of `touch` comes last.
  const text = await machine.logUntil(pod, written => written.includes('/x'))
  assert.match(text, /CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n/)
  assert.match(text, /Read-only file system/)
  const cgroup = `${nodeCgroup(directory)}/guaranteed/pod${pod.metadata.uid}`
  const limit = await readFile(
    existsSync('/sys/fs/cgroup/memory') ? `/sys/fs/cgroup/memory${cgroup}/memory.limit_in_bytes` : `/sys/fs/cgroup${cgroup}/memory.max`,
    'utf8',
  )
  assert.equal(Number(limit), 64 * 1024 * 1024)
  await machine.gone(pod)
})

test('a resize reaches the cgroups of a running container and of its pod', { skip }, async () => {
  const resources = (memory: string, cpu: string) => ({ requests: { memory, cpu }, limits: { memory, cpu } })
  const pod = machine.createPod('resized', { containers: [{ name: 'c', ...script('sleep 1000'), resources: resources('64Mi', '500m') }] })
  const before = await machine.until('resized', 'ready', isReady)
  api.change(pods, 'default', 'resized', object => {
    const [container] = object.spec.containers
    if (container) container.resources = resources('96Mi', '250m')
  })
  const after = await machine.until('resized', 'resized', ({ status }) => {
    const reported = status?.containerStatuses?.[0]?.resources?.limits
    return reported?.['memory'] === '96Mi' && reported?.['cpu'] === '250m'
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
  await machine.gone(pod)
})

test('the usage of a busy and an idle container is measured as the kernel accounts for it', { skip }, async () => {
  const busy = machine.createPod('busy', {
    containers: [
      { name: 'spins', ...script('while true; do :; done'), resources: { limits: { cpu: '200m' } } },
      { name: 'sleeps', ...script('sleep 1000') },
    ],
  })
  await machine.until('busy', 'ready', isReady)
  const often = {
    now: () => clock.now(),
    monotonic: () => clock.now(),
    sleep: (_: number, signal?: AbortSignal) => clock.sleep(200, signal),
  }
  const sampler = new UsageSampler({ runtime: machine.containerd.runtime, machine: machineTotals, clock: often, log: machine.log })
  const stop = new AbortController()
  const running = sampler.run(stop.signal)
  const used = (name: string) => sampler.latest().containers.find(each => each.podUid === busy.metadata.uid && each.name === name)
  await machine.until('busy', 'measured', () => (used('spins')?.cpuNanocores ?? 0) > 50_000_000)
  assert.ok((used('sleeps')?.cpuNanocores ?? 1e9) < 50_000_000, JSON.stringify(sampler.latest()))
  assert.ok((used('spins')?.memoryBytes ?? 0) > 0)
  assert.ok((sampler.latest().node?.memoryBytes ?? 0) > (used('spins')?.memoryBytes ?? 0))
  stop.abort()
  await running
  await machine.gone(busy)
})

test('a failed liveness probe restarts the container; readiness and a crash loop show', { skip }, async () => {
  const pod = machine.createPod('probed', {
    containers: [
      {
        name: 'c',
        ...script('trap "exit 0" TERM; touch /tmp/ok; sleep 0.5; rm /tmp/ok; sleep 1000 & wait'),
        livenessProbe: { exec: { command: ['test', '-e', '/tmp/ok'] }, periodSeconds: 1, failureThreshold: 1 },
      },
    ],
  })
  const restarted = await machine.until('probed', 'restarted', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
  assert.ok(restarted.status?.containerStatuses?.[0]?.lastState?.terminated)
  assert.ok(machine.eventsOf('probed').includes('Killing: Container c failed liveness probe, will be restarted'))
  await machine.gone(pod)
  const crashing = machine.createPod('crashing', { containers: [{ name: 'c', ...script('exit 1') }] })
  const looping = await machine.until(
    'crashing',
    'in back-off',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
  )
  const message = looping.status?.containerStatuses?.[0]?.state?.waiting?.message
  assert.equal(message, `back-off 10s restarting failed container=c pod=crashing_default(${crashing.metadata.uid})`)
  await machine.gone(crashing)
})

test('a claimed local volume belongs to the pod’s group, and stays when the pod is deleted', { skip }, async () => {
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
    const pod = machine.createPod(name, {
      restartPolicy: 'Never',
      securityContext: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 7777 },
      containers: [{ name: 'c', ...script(text), volumeMounts: [{ name: 'v', mountPath: '/data' }] }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    })
    const { status } = await machine.until(name, 'finished', ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed')
    assert.equal(status?.phase, 'Succeeded', name)
    await machine.gone(pod)
  }
  assert.equal((await stat(join(folder, 'f'))).gid, 7777)
  await rm(folder, { recursive: true })
})

test('an unsupported volume type keeps the pod pending, with a reason', { skip }, async () => {
  const pod = machine.createPod('nfs', {
    containers: [{ name: 'c', ...script('sleep 1') }],
    volumes: [{ name: 'n', nfs: { server: 'x', path: '/' } }],
  })
  await machine.until('nfs', 'reported', () => machine.eventsOf('nfs').some(text => text.startsWith('FailedMount: ')))
  assert.deepEqual(machine.eventsOf('nfs').slice(0, 1), [
    'FailedMount: MountVolume.SetUp failed for volume "n" : volume type "nfs" is not supported on this node: NFS without Kerberos or TLS does not authenticate the node; use a CSI driver that requests tokens',
  ])
  assert.equal(api.read(pods, 'default', 'nfs')?.status?.phase, 'Pending')
  await machine.gone(pod)
})

test('containers survive a killed containerd and a restarted agent, and are found again', { skip }, async () => {
  const pod = machine.createPod('survivor', { containers: [{ name: 'c', ...script('sleep 1000') }] })
  const before = await machine.until('survivor', 'ready', isReady)
  const id = before.status?.containerStatuses?.[0]?.containerID
  await machine.stopAgent()
  const [daemon] = (await listProcesses()).filter(({ command }) => command.includes(directory.containerdConfig))
  if (daemon) process.kill(daemon.pid, 'SIGKILL')
  await machine.containerd[Symbol.asyncDispose]()
  await machine.startContainerd()
  await machine.startAgent()
  const deadline = Date.now() + hangMs
  while (!machine.runtime.workers.get(pod.metadata.uid ?? '')?.state.containers.has('c') && Date.now() < deadline) await clock.sleep(20)
  const worker = machine.runtime.workers.get(pod.metadata.uid ?? '')
  assert.equal(`containerd://${worker?.state.containers.get('c')?.[0]?.id}`, id)
  assert.equal(worker?.state.containers.get('c')?.[0]?.state, 'CONTAINER_RUNNING')
  assert.equal(api.read(pods, 'default', 'survivor')?.status?.containerStatuses?.[0]?.restartCount, 0)
  await machine.gone(pod)
})

test('the next start removes what a killed agent left of deleted pods: folders, secrets in memory, cgroups', {
  skip,
}, async () => {
  api.seed<Secret>(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'left', namespace: 'default' } })
  const container = { name: 'c', ...script('sleep 1000'), resources: { requests: { cpu: '10m' } } }
  const volumes = [{ name: 's', secret: { secretName: 'left' } }]
  const left = ['running', 'halfway'].map(name => machine.createPod(name, { containers: [container], volumes }))
  for (const { metadata } of left) await machine.until(metadata.name ?? '', 'ready', isReady)
  await machine.stopAgent()
  for (const { metadata } of left) api.remove(pods, 'default', metadata.name ?? '')
  const { runtime } = machine.containerd
  for (const { id, metadata } of await runtime.listSandboxes({}, AbortSignal.timeout(hangMs)))
    if (metadata.name === 'halfway') await runtime.removeSandbox(id, AbortSignal.timeout(hangMs))
  const traces = async (uid = '') => [
    ...(await mountsBelow(join(directory.pods, uid))),
    ...globSync([join(directory.pods, uid), join(directory.logs, `*_${uid}`), `/sys/fs/cgroup/{,*/}bulkhead-${directory.id}/*/pod${uid}`]),
  ]
  for (const { metadata } of left) assert.ok((await traces(metadata.uid)).length > 3)
  await machine.startAgent()
  for (const { metadata } of left) await until(`nothing of "${metadata.name}"`, async () => (await traces(metadata.uid)).length === 0)
})

test('importImage() refuses a file that is no image with its reason, behind a symbolic link too', { skip }, async () => {
  const file = join(directory.root, 'not-an-image')
  await writeFile(file, 'nothing')
  await symlink(file, `${file}-link`)
  await assert.rejects(
    importImage(`${file}-link`, machine.containerd, AbortSignal.timeout(hangMs)),
    /Cannot import image ".*": it is not a tar archive$/,
  )
})
