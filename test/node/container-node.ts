// A node of this machine on a fake API: its own containerd and pod network, and pods that tests create.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Container, Pod, PodSpec } from '../../src/api/types/core-v1.ts'
import { systemClock as clock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/log.ts'
import { Client } from '../../src/client/client.ts'
import { EventRecorder } from '../../src/client/event-recorder.ts'
import { events, nodes, pods } from '../../src/client/resources.ts'
import { FakeApi } from '../../src/client/testing/fake-api.ts'
import { readContainerLog } from '../../src/node/container/container-log.ts'
import { NodeCsi } from '../../src/node/csi/node-csi.ts'
import { builtinImages, busyboxImage } from '../../src/node/images/builtin-images.ts'
import { importImage } from '../../src/node/images/import-image.ts'
import { PullRecords } from '../../src/node/images/pull-records.ts'
import { cleanUp, removeAllPods } from '../../src/node/machine/clean-up.ts'
import { type Containerd, startContainerd } from '../../src/node/machine/containerd.ts'
import { appArmorEnabled, machineFacts } from '../../src/node/machine/machine-facts.ts'
import { nodeDirectory } from '../../src/node/machine/node-directory.ts'
import { machineHost } from '../../src/node/machine-host.ts'
import { createNodeRuntime, type NodeRuntime } from '../../src/node/node-runtime.ts'
import { noLinks } from '../../src/node/pod/pod-network.ts'
import type { PodLocalVolumes } from '../../src/node/volumes/pod-volumes.ts'
import { podWriter } from '../../src/node/worker/pod-writer.ts'

const missing = ['/usr/bin/containerd', '/usr/sbin/runc', '/usr/lib/cni/bridge', '/usr/bin/busybox'].filter(path => !existsSync(path))
/** Why container tests cannot run here; false if they can. */
export const skip = process.getuid?.() !== 0 ? 'needs root' : missing.length > 0 ? `not installed: ${missing.join(', ')}` : false

/** A guard against hanging, no measurement: a state that is not reached by then never will be. */
export const hangMs = 180_000

export const nodeName = 'n1'

export const script = (...lines: string[]): Pick<Container, 'command'> => ({ command: ['sh', '-c', lines.join('\n')] })

export const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
export const isOver = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

export class ContainerNode {
  readonly directory = nodeDirectory(join(mkdtempSync(join(tmpdir(), 'bulkhead-node-')), 'node'))
  readonly log = createLogger({ level: process.env['NODE_TEST_LOG'] === undefined ? 'silent' : 'info' })
  readonly api = new FakeApi(() => Date.now())
  readonly #client = new Client(this.api)
  /** Volumes of the node's own disk, from the next start of the agent on. */
  local: PodLocalVolumes | undefined
  /** Its folder of plug-ins takes CSI drivers. */
  csi = this.#newCsi()
  readonly #bridge = `bh${this.directory.id}`
  #containerd: Containerd | undefined
  #agent: { readonly runtime: NodeRuntime; readonly stop: AbortController; readonly done: Promise<void> } | undefined

  get containerd(): Containerd {
    return this.#containerd ?? assert.fail('containerd was not started')
  }

  get runtime(): NodeRuntime {
    return this.#agent?.runtime ?? assert.fail('the agent was not started')
  }

  /** With the images of its own, and a Node. */
  async start(): Promise<void> {
    await mkdir(this.directory.cniConfig, { recursive: true })
    const ipam = {
      type: 'host-local',
      dataDir: this.directory.cniState,
      ranges: [[{ subnet: '10.251.77.0/24' }]],
      routes: [{ dst: '0.0.0.0/0' }],
    }
    const plugins = [{ type: 'bridge', bridge: this.#bridge, isGateway: true, ipMasq: false, ipam }]
    await writeFile(join(this.directory.cniConfig, '10-test.conflist'), JSON.stringify({ cniVersion: '1.0.0', name: 'test', plugins }))
    await this.startContainerd()
    for (const image of await builtinImages(AbortSignal.timeout(hangMs))) {
      const file = join(this.directory.containerdState, 'image.tar')
      await writeFile(file, image.archive)
      await importImage(file, { socket: this.containerd.socket, isOwn: true }, AbortSignal.timeout(hangMs))
    }
    this.api.seed(nodes, { metadata: { name: nodeName }, spec: {} })
    await this.startAgent()
  }

  /** Leaves nothing on the machine. */
  async remove(): Promise<void> {
    await this.stopAgent()
    await removeAllPods(this.containerd.runtime, this.log, AbortSignal.timeout(hangMs))
    await this.containerd[Symbol.asyncDispose]()
    await cleanUp(this.directory, clock, AbortSignal.timeout(hangMs))
    execFileSync('ip', ['link', 'delete', this.#bridge])
    await rm(join(this.directory.root, '..'), { recursive: true, force: true })
  }

  async startContainerd(): Promise<void> {
    const { directory, log } = this
    this.#containerd = await startContainerd({ directory, cniBinDirectory: '/usr/lib/cni', log, clock }, AbortSignal.timeout(hangMs))
  }

  async startAgent(): Promise<void> {
    const none = async () => Promise.reject(new Error('no volumes here'))
    const noVolumes: PodLocalVolumes = { stage: none, stageDevice: none, release: async () => undefined }
    const csi = this.csi
    const facts = await machineFacts(this.directory.root)
    const support = { supplementalGroupsPolicy: false, appArmor: await appArmorEnabled(), seLinux: false }
    const runtime = createNodeRuntime({
      client: this.#client,
      node: { name: nodeName, facts, runtimeVersion: 'containerd://1', simulated: false, support },
      runtime: this.containerd.runtime,
      host: await machineHost(this.directory, { local: this.local ?? noVolumes, csi }, clock),
      links: noLinks,
      writer: podWriter(this.#client),
      cluster: { servers: ['10.96.0.10'], domain: 'cluster.local' },
      podsDirectory: this.directory.pods,
      logsDirectory: this.directory.logs,
      seccompFolder: this.directory.seccomp,
      pullRecords: await PullRecords.open(
        this.directory.pullRecords,
        await this.containerd.runtime.listImages(AbortSignal.timeout(hangMs)),
      ),
      clock,
      log: this.log,
      random: Math.random,
    })
    const stop = new AbortController()
    this.#agent = { runtime, stop, done: Promise.all([runtime.run(stop.signal), csi.run(stop.signal)]).then(() => undefined) }
  }

  #newCsi(): NodeCsi {
    const { directory, log } = this
    const recorder = new EventRecorder({ client: this.#client, component: 'kubelet', host: nodeName, clock, log, random: Math.random })
    return new NodeCsi({ directory, client: this.#client, nodeName, bootId: 'boot', events: recorder, clock, log })
  }

  async stopAgent(): Promise<void> {
    this.#agent?.stop.abort()
    await this.#agent?.done
    this.csi = this.#newCsi()
  }

  createPod(name: string, spec: Partial<PodSpec> & { containers: (Partial<Container> & { name: string })[] }): Pod {
    const withImage = (list: (Partial<Container> & { name: string })[] = []) =>
      list.map(container => ({ image: busyboxImage, imagePullPolicy: 'IfNotPresent', ...container }))
    return this.api.seed(pods, {
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

  /** The pod, once it satisfies the condition. */
  async until(name: string, what: string, holds: (pod: Pod) => boolean | undefined): Promise<Pod> {
    const deadline = Date.now() + hangMs
    for (;;) {
      const pod = this.api.read(pods, 'default', name)
      if (pod && holds(pod)) return pod
      if (Date.now() > deadline)
        throw new Error(`"${name}" did not become ${what}: ${JSON.stringify(pod?.status)} ${JSON.stringify(this.eventsOf(name))}`)
      await clock.sleep(20)
    }
  }

  eventsOf(name: string): string[] {
    return this.api
      .all(events)
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ reason, message }) => `${reason}: ${message}`)
  }

  /** A started container has not written yet: its log, once it contains the expected text. */
  async logUntil(pod: Pod, holds: (text: string) => boolean): Promise<string> {
    const deadline = Date.now() + hangMs
    for (;;) {
      const text = await this.logOf(pod, 'c')
      if (holds(text)) return text
      if (Date.now() > deadline) throw new Error(`the log of "${pod.metadata.name}" stays ${JSON.stringify(text)}`)
      await clock.sleep(20)
    }
  }

  /** The container's output so far. */
  async logOf(pod: Pod, container: string): Promise<string> {
    const worker = this.runtime.workers.get(pod.metadata.uid ?? '')
    const path = worker?.state.containers.get(container)?.[0]?.logPath ?? ''
    const source = { path, running: () => false, changed: async () => undefined }
    let text = ''
    for await (const chunk of readContainerLog(source, { follow: false, previous: false, timestamps: false }, AbortSignal.timeout(hangMs)))
      text += chunk
    return text
  }

  /** Deletes the pod, and waits until nothing of it is left. */
  async gone(pod: Pod): Promise<void> {
    this.api.remove(pods, 'default', pod.metadata.name ?? '')
    const deadline = Date.now() + hangMs
    while (this.runtime.workers.get(pod.metadata.uid ?? '')) {
      if (Date.now() > deadline) throw new Error(`"${pod.metadata.name}" was not removed`)
      await clock.sleep(20)
    }
  }
}
