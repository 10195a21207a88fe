// A node's CSI on a fake API, with a driver and pods without containers: what is mounted and called is real.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PersistentVolume, Pod, PodSpec, Volume } from '../../src/api/types/core-v1.ts'
import type { CSIDriver } from '../../src/api/types/storage-v1.ts'
import { systemClock as clock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/log.ts'
import { Client } from '../../src/client/client.ts'
import { EventRecorder } from '../../src/client/event-recorder.ts'
import { csiDrivers, events, nodes } from '../../src/client/resources.ts'
import { FakeApi } from '../../src/client/testing/fake-api.ts'
import { NodeCsi } from '../../src/node/csi/node-csi.ts'
import { mountsBelow, unmountBelow } from '../../src/node/machine/mount-table.ts'
import { nodeDirectory } from '../../src/node/machine/node-directory.ts'
import { podOf } from '../../src/node/pod/fixture.ts'
import { PodVolumes } from '../../src/node/volumes/pod-volumes.ts'
import { type DriverOptions, TestDriver } from './driver.ts'

export const skip = process.getuid?.() === 0 ? false : 'needs root'
export const driverName = 'disk.example.com'
export const nodeName = 'n1'

export class CsiNode implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'bulkhead-csi-'))
  readonly directory = nodeDirectory(join(this.root, 'node'))
  readonly api = new FakeApi(() => Date.now())
  readonly client = new Client(this.api)
  readonly log = createLogger({ level: process.env['NODE_TEST_LOG'] === undefined ? 'silent' : 'info' })
  readonly drivers: TestDriver[] = []
  /** What `tokens` gave, and may give. */
  token = 'h.eyJleHAiOjE3MDAwMDAwMDB9.s'
  csi = this.#newCsi()
  #run: { readonly stop: AbortController; readonly done: Promise<void> } | undefined

  #newCsi(bootId = 'boot-1'): NodeCsi {
    const { client, directory, log } = this
    const recorder = new EventRecorder({ client, component: 'kubelet', host: nodeName, clock, log, random: Math.random })
    return new NodeCsi({ directory, client, nodeName, bootId, events: recorder, clock, log })
  }

  async start(): Promise<this> {
    await mkdir(this.directory.pods, { recursive: true, mode: 0o711 })
    if (this.api.read(nodes, '', nodeName) === undefined) this.api.seed(nodes, { metadata: { name: nodeName, uid: 'node-uid' }, spec: {} })
    const stop = new AbortController()
    this.#run = { stop, done: this.csi.run(stop.signal) }
    return this
  }

  /** As a kill -9 of the agent and its next start: nothing is undone. `bootId`: the machine has started again, too. */
  async restart(bootId?: string): Promise<void> {
    this.#run?.stop.abort()
    await this.#run?.done
    for (const name of this.csi.drivers.names) this.csi.drivers.remove(name)
    this.csi = this.#newCsi(bootId)
    await this.start()
  }

  async driver(options: Partial<DriverOptions> = {}, object: Partial<CSIDriver['spec']> | undefined = {}): Promise<TestDriver> {
    const name = options.name ?? driverName
    const sockets = join(this.directory.plugins, name)
    await mkdir(sockets, { recursive: true, mode: 0o700 })
    await mkdir(this.directory.pluginsRegistry, { recursive: true, mode: 0o700 })
    if (object !== undefined)
      this.api.seed(csiDrivers, { metadata: { name }, spec: { attachRequired: options.attach === true, ...object } })
    const registry = this.directory.pluginsRegistry
    const driver = new TestDriver({ name, nodeId: nodeName, folder: join(this.root, `storage-${name}`), sockets, registry, ...options })
    this.drivers.push(driver)
    await driver.start()
    await this.until(() => this.csi.drivers.get(name) !== undefined, `driver ${name} registers`)
    return driver
  }

  async until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + 60_000
    while (!(await holds())) {
      if (Date.now() > deadline) assert.fail(`not reached: ${what}; ${JSON.stringify(this.eventTexts())}`)
      await clock.sleep(20)
    }
  }

  eventTexts(): string[] {
    return this.api.all(events).map(({ reason, message }) => `${reason}: ${message}`)
  }

  /** The mounts of the node, without the driver's own. */
  async mounts(): Promise<string[]> {
    return [...(await mountsBelow(this.directory.pods)), ...(await mountsBelow(this.directory.csi))]
  }

  pod(uid: string, volume: Volume, spec: Partial<PodSpec> = {}): CsiPod {
    const pod = podOf({ volumes: [volume], ...spec })
    return new CsiPod(this, { ...pod, metadata: { ...pod.metadata, uid, name: `pod-${uid}`, namespace: 'default' } }, volume)
  }

  /** A pod with a claim that is bound to the volume. */
  claiming(uid: string, persistent: PersistentVolume, spec: Partial<PodSpec> = {}): CsiPod {
    const volume: Volume = { name: 'v', persistentVolumeClaim: { claimName: 'c' } }
    const pod = this.pod(uid, volume, spec)
    pod.persistent = persistent
    return pod
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#run?.stop.abort()
    await this.#run?.done
    for (const driver of this.drivers) await driver.stop()
    for (const name of this.csi.drivers.names) this.csi.drivers.remove(name)
    await unmountBelow(this.root)
    rmSync(this.root, { recursive: true, force: true })
  }
}

export class CsiPod {
  readonly node: CsiNode
  readonly pod: Pod
  readonly volume: Volume
  persistent: PersistentVolume | undefined
  #volumes: PodVolumes

  constructor(node: CsiNode, pod: Pod, volume: Volume) {
    this.node = node
    this.pod = pod
    this.volume = volume
    this.#volumes = this.#opened()
  }

  #opened(): PodVolumes {
    const { node } = this
    return new PodVolumes(join(node.directory.pods, this.pod.metadata.uid ?? ''), {
      csi: { setUp: (asked, signal) => node.csi.setUp(asked, signal), release: directory => node.csi.release(directory) },
    })
  }

  /** As the next agent does, which knows nothing of the last. */
  reopen(): void {
    this.#volumes = this.#opened()
  }

  async setUp(signal = AbortSignal.timeout(120_000)): Promise<string> {
    const unused = () => assert.fail('not asked')
    const { node, pod, persistent } = this
    await this.#volumes.setUp(
      {
        pod,
        objects: { configMap: unused, secret: unused, services: unused },
        tokens: { token: async () => node.token },
        claims: { volume: async () => persistent ?? assert.fail('the pod has no claim') },
        addresses: { podIps: [], hostIps: [], nodeName },
        node: { milliCpu: 0, memoryBytes: 0, ephemeralStorageBytes: 0 },
      },
      signal,
    )
    return this.#volumes.pathOf(this.volume)
  }

  tearDown(): Promise<void> {
    return this.#volumes.tearDown()
  }
}

export async function provisioned(
  driver: TestDriver,
  name: string,
  spec: Partial<PersistentVolume['spec']> = {},
): Promise<PersistentVolume> {
  const isBlock = spec.volumeMode === 'Block'
  const id = `volume-${name}`
  await driver.volumes.make({ id, name, bytes: 2 ** 22, isBlock, context: {}, mutable: {}, nodes: [driver.options.nodeId] })
  return {
    metadata: { name: `pv-${name}` },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '4Mi' },
      ...spec,
      csi: { driver: driver.options.name, volumeHandle: id, ...spec.csi },
    },
  }
}
