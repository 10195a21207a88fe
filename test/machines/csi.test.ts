// Two machines and one storage: root on the second one, with everything that its node has, mounts nothing of a pod of the first. And a volume's
// whole life, which controllers bring about through the tunnel of a node.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CsiClient } from '../../src/base/csi/csi-client.ts'
import { CsiError } from '../../src/base/csi/csi-error.ts'
import { parseJson } from '../../src/base/json.ts'
import { busyboxImage } from '../../src/node/images/builtin-images.ts'
import { repository, temporaryFolder, until } from '../cluster.ts'
import { Machine, noMachines } from './machine.ts'

const skip = noMachines()
const driver = 'disk.example.com'
const audience = 'disk'
const volume = 'volume-shared'
let first: Machine
let second: Machine
let folder: string
const processes: ChildProcess[] = []

const sockets = (machine: Machine): string => join(machine.dataDirectory, 'node', 'plugins', driver)

before(async () => {
  if (skip !== false) return
  folder = temporaryFolder()
  ;[first, second] = await Machine.pair()
  await first.start(['up', '--node-name', 'm1'], 'Ctrl-C stops the cluster')
  const { stdout } = await first.bulkhead('join-ticket', 'create', '--node', 'm2', '--data-dir', first.dataDirectory)
  await second.start(stdout.trim().split(' ').slice(2), 'is Ready in the cluster')
  const place = join(folder, 'storage', volume, 'content')
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'kept'), 'canary\n')
  const known = { id: volume, name: volume, bytes: 2 ** 22, isBlock: false, context: {}, mutable: {}, nodes: [] }
  writeFileSync(join(folder, 'storage', volume, 'volume.json'), JSON.stringify(known))
  await first.apply(
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: driver },
      spec: {
        attachRequired: false,
        podInfoOnMount: true,
        volumeLifecycleModes: ['Persistent', 'Ephemeral'],
        tokenRequests: [{ audience }],
      },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'disk-driver', namespace: 'kube-system' } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'disk-driver' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects: [{ kind: 'ServiceAccount', name: 'disk-driver', namespace: 'kube-system' }],
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mount', namespace: 'default' }, stringData: { password: 'hunter22' } },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'shared' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '4Mi' },
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'default', name: 'shared' },
        csi: { driver, volumeHandle: volume, nodePublishSecretRef: { namespace: 'default', name: 'mount' } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'shared', namespace: 'default' },
      spec: { storageClassName: '', volumeName: 'shared', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '4Mi' } } },
    },
  )
  for (const machine of [first, second]) await startDriver(machine)
})

after(async () => {
  if (skip !== false) return
  for (const child of processes) child.kill('SIGTERM')
  await second[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function startDriver(machine: Machine): Promise<void> {
  mkdirSync(join(folder, machine.name))
  const config = await first.kubectl('config', 'view', '--raw', '-o', 'jsonpath={.clusters[0].cluster.certificate-authority-data}')
  const options = {
    ...{ name: driver, nodeId: machine.name, folder: join(folder, 'storage'), sockets: sockets(machine), audience },
    registry: join(machine.dataDirectory, 'node', 'plugins_registry'),
    server: 'https://192.0.2.1:6443',
    ca: Buffer.from(config, 'base64').toString(),
    bearer: (await first.kubectl('create', 'token', 'disk-driver', '-n', 'kube-system')).trim(),
  }
  await spawnDriver(machine, join(folder, machine.name), options)
}

async function spawnDriver(machine: Machine, place: string, options: { readonly name: string; readonly attach?: boolean }): Promise<void> {
  const file = join(place, 'options.json')
  writeFileSync(file, JSON.stringify(options))
  processes.push(machine.spawn(process.execPath, [join(repository, 'test', 'csi', 'driver-process.ts'), file]))
  const drivers = () => first.kubectl('get', 'csinode', machine.name, '--ignore-not-found', '-o', 'jsonpath={.spec.drivers[*].name}')
  await until(`${options.name} is registered on ${machine.name}`, async () => (await drivers()).split(' ').includes(options.name))
}

const pod = (name: string, node: string, source: object, script = 'cat /data/*') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    nodeSelector: { 'kubernetes.io/hostname': node },
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [{ name: 'data', ...source }],
    containers: [
      {
        name: 'c',
        image: busyboxImage,
        command: ['sh', '-c', `${script}; trap exit TERM; sleep 86400 & wait`],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
})

/** A request of root on the machine, with the certificate of its node. */
async function asNode(machine: Machine, args: readonly string[], input = ''): Promise<{ readonly text: string; readonly refused: string }> {
  // Both the certificate and its key.
  const file = join(machine.dataDirectory, 'node', 'pki', 'client.pem')
  const files = ['--client-certificate', file, '--client-key', file]
  const found = await machine.run(
    'kubectl',
    ['--kubeconfig', '/dev/null', '--server', 'https://192.0.2.1:6443', '--insecure-skip-tls-verify', ...files, ...args],
    input,
  )
  return { text: found.stdout, refused: found.stderr }
}

const tokenPath = '/api/v1/namespaces/default/serviceaccounts/default/token'
const tokenRequest = (name: string, uid: string) =>
  JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [audience], expirationSeconds: 3600, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
  })

/** What root does with the driver of its machine, past the agent. */
async function mountBy(machine: Machine, token: string, of: { readonly name: string; readonly uid: string }): Promise<string> {
  using client = new CsiClient({ driver, socket: join(sockets(machine), `${driver}.sock`) })
  const target = join(folder, 'stolen')
  const signal = AbortSignal.timeout(60_000)
  const staging = join(folder, 'staging')
  mkdirSync(staging, { recursive: true })
  const volumeCapability = { mount: {}, accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' } } as const
  const volumeContext = {
    'csi.storage.k8s.io/pod.name': of.name,
    'csi.storage.k8s.io/pod.uid': of.uid,
    'csi.storage.k8s.io/pod.namespace': 'default',
    ...(token === '' ? {} : { 'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify({ [audience]: { token } }) }),
  }
  try {
    await client.call(
      'NodePublishVolume',
      { volumeId: volume, targetPath: target, stagingTargetPath: staging, volumeCapability, volumeContext },
      signal,
    )
    return 'mounted'
  } catch (err) {
    assert.ok(err instanceof CsiError, String(err))
    return `${err.code}: ${err.details}`
  }
}

const uidOf = async (name: string) => (await first.kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}')).trim()

test('root on another node gets no credential of a mount and mounts nothing; the token ends with its pod', { skip }, async () => {
  await first.apply(
    pod('owner', 'm1', { persistentVolumeClaim: { claimName: 'shared' } }),
    pod('neighbour', 'm2', { csi: { driver, volumeAttributes: { size: '1Mi' } } }),
  )
  await first.kubectl('wait', '--for=condition=Ready', 'pod', 'owner', 'neighbour', '--timeout=120s')
  await until('the owner reads its volume', async () => (await first.kubectl('logs', 'owner')) === 'canary\n')
  const [owner, neighbour] = [
    { name: 'owner', uid: await uidOf('owner') },
    { name: 'neighbour', uid: await uidOf('neighbour') },
  ]
  const ask = (machine: Machine, { name, uid }: typeof owner) =>
    asNode(machine, ['create', '--raw', tokenPath, '-f', '-'], tokenRequest(name, uid))
  const tokenOf = (text: string): string => (parseJson(text) as { status: { token: string } }).status.token

  const own = tokenOf((await ask(first, owner)).text)
  const stolen = await ask(second, owner)
  assert.equal(stolen.text, '')
  assert.match(stolen.refused, /forbidden|Forbidden/)
  assert.match((await asNode(second, ['get', 'secret', 'mount'])).refused, /cannot get resource "secrets"/)
  assert.match((await asNode(second, ['get', 'pv', 'shared'])).refused, /cannot get resource "persistentvolumes"/)
  assert.equal((await asNode(first, ['get', 'secret', 'mount', '-o', 'name'])).text.trim(), 'secret/mount')

  const its = tokenOf((await ask(second, neighbour)).text)
  assert.equal(await mountBy(second, '', owner), `UNAUTHENTICATED: a token for the audience ${audience} is needed`)
  assert.equal(await mountBy(second, its, owner), 'UNAUTHENTICATED: the token is of another pod')
  assert.equal(await mountBy(second, `${own.slice(0, -4)}AAAA`, owner), 'UNAUTHENTICATED: the API server does not accept the token')
  assert.match(readFileSync(join(folder, 'm2', 'calls.jsonl'), 'utf8'), /"NodePublishVolume","outcome":"UNAUTHENTICATED"/)

  await first.kubectl('delete', 'pod', 'owner', '--wait')
  assert.equal(await mountBy(first, own, owner), 'UNAUTHENTICATED: the API server does not accept the token')
  assert.match((await asNode(first, ['get', 'secret', 'mount'])).refused, /cannot get resource "secrets"/)
  assert.deepEqual(readdirSync(join(first.dataDirectory, 'node', 'csi')), [])
})

test('a volume is provisioned, attached, written, expanded, copied, detached and deleted, without sidecars', { skip }, async () => {
  const name = 'attached.example.com'
  const place = join(folder, 'attached')
  const storage = join(place, 'storage')
  mkdirSync(storage, { recursive: true })
  const driverSockets = join(first.dataDirectory, 'node', 'plugins', name)
  const registry = join(first.dataDirectory, 'node', 'plugins_registry')
  await first.apply(
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name },
      spec: { attachRequired: true, fsGroupPolicy: 'File' },
    },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'attached' },
      provisioner: name,
      allowVolumeExpansion: true,
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotClass', metadata: { name }, driver: name, deletionPolicy: 'Delete' },
  )
  await spawnDriver(first, place, { ...{ name, nodeId: 'm1', folder: storage, sockets: driverSockets, registry }, attach: true })
  const claim = (of: string, size: string, dataSource?: object) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: of, namespace: 'default' },
    spec: { storageClassName: 'attached', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, dataSource },
  })
  const using = (of: string) => ({ persistentVolumeClaim: { claimName: of } })
  const ready = (of: string) => first.kubectl('wait', '--for=condition=Ready', 'pod', of, '--timeout=120s')
  const logged = (of: string) => until(`${of} reads its volume`, async () => (await first.kubectl('logs', of)) === 'written\n')

  await first.apply(claim('data', '4Mi'), pod('writer', 'm1', using('data'), 'echo written > /data/kept; cat /data/kept'))
  await ready('writer')
  await logged('writer')
  const inUse = () => first.kubectl('get', 'node', 'm1', '-o', 'jsonpath={.status.volumesInUse}')
  assert.ok((await inUse()).includes(`kubernetes.io/csi/${name}^`))
  await first.apply(claim('data', '8Mi'))
  await first.kubectl('wait', '--for=jsonpath={.status.capacity.storage}=8Mi', 'pvc', 'data', '--timeout=120s')
  await first.apply(
    {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'data', namespace: 'default' },
      spec: { volumeSnapshotClassName: name, source: { persistentVolumeClaimName: 'data' } },
    },
    claim('restored', '8Mi', { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'data' }),
    claim('clone', '8Mi', { kind: 'PersistentVolumeClaim', name: 'data' }),
    pod('of-snapshot', 'm1', using('restored'), 'cat /data/kept'),
    pod('of-clone', 'm1', using('clone'), 'cat /data/kept'),
  )
  for (const reader of ['of-snapshot', 'of-clone']) {
    await ready(reader)
    await logged(reader)
  }

  await first.kubectl('delete', 'pod', 'writer', 'of-snapshot', 'of-clone', '--wait')
  await first.kubectl('delete', 'volumesnapshot', 'data', '--wait')
  await first.kubectl('delete', 'pvc', 'data', 'restored', 'clone', '--wait')
  const left = async () =>
    await first.kubectl('get', 'pv,volumeattachments,volumesnapshotcontents', '-o', `jsonpath={range .items[*]}{.metadata.name}{" "}{end}`)
  await until('nothing is left of the volumes', async () => (await left()).trim() === 'shared')
  assert.deepEqual(readdirSync(storage), [])
  assert.deepEqual(readdirSync(join(first.dataDirectory, 'node', 'csi')), [])
  await until('no volume is in use', async () => (await inUse()) === '')
})
