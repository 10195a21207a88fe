// ContainerRuntime over the CRI socket of containerd.
import { CriClient } from './client.ts'
import type {
  ContainerConfig,
  ContainerEvent,
  ContainerEventType,
  ContainerStats,
  ContainerStatus,
  ContainerSummary,
  ExecResult,
  Image,
  Labels,
  RegistryAuth,
  RuntimeCondition,
  RuntimeStatus,
  Sandbox,
  SandboxConfig,
  SandboxStatus,
} from './messages.ts'
import { type ContainerRuntime, RuntimeError, type StreamOptions } from './runtime.ts'

const quickMs = 30_000
/** Upstream's runtimeRequestTimeout for calls that change state. */
const slowMs = 120_000
/** containerd's own progress timeout ends a pull; this is the last resort. */
const pullMs = 30 * 60_000

interface WireEvent {
  containerId: string
  containerEventType: ContainerEventType
  podSandboxStatus: { metadata: { uid: string } | null } | null
}

interface WireStats {
  attributes: { id: string; labels: Labels } | null
  cpu: { usageCoreNanoSeconds: { value: string } | null } | null
  memory: { workingSetBytes: { value: string } | null } | null
  writableLayer: { usedBytes: { value: string } | null; inodesUsed: { value: string } | null } | null
}

export function containerdRuntime(socket: string): ContainerRuntime & { ready(timeoutMs: number): Promise<void> } {
  const client = new CriClient(socket)
  return {
    ready: timeoutMs => client.ready(timeoutMs),

    async version(signal) {
      const answer = await client.runtime<{ runtimeName: string; runtimeVersion: string }>('Version', {}, quickMs, signal)
      return { name: answer.runtimeName, version: answer.runtimeVersion }
    },

    async status(signal): Promise<RuntimeStatus> {
      const answer = await client.runtime<{
        status: { conditions: RuntimeCondition[] } | null
        features: { supplementalGroupsPolicy: boolean } | null
      }>('Status', {}, quickMs, signal)
      const { supplementalGroupsPolicy = false } = answer.features ?? {}
      return { conditions: answer.status?.conditions ?? [], supplementalGroupsPolicy }
    },

    async runSandbox(config, runtimeHandler, signal) {
      return (await client.runtime<{ podSandboxId: string }>('RunPodSandbox', { config, runtimeHandler }, slowMs, signal)).podSandboxId
    },
    async stopSandbox(podSandboxId, signal) {
      await gone(client.runtime('StopPodSandbox', { podSandboxId }, slowMs, signal))
    },
    async removeSandbox(podSandboxId, signal) {
      await gone(client.runtime('RemovePodSandbox', { podSandboxId }, slowMs, signal))
    },
    async sandboxStatus(podSandboxId, signal) {
      const answer = await gone(client.runtime<{ status: SandboxStatus }>('PodSandboxStatus', { podSandboxId }, quickMs, signal))
      return answer?.status
    },
    async listSandboxes(labelSelector, signal) {
      return (await client.runtime<{ items: Sandbox[] }>('ListPodSandbox', { filter: { labelSelector } }, quickMs, signal)).items
    },

    async createContainer(podSandboxId: string, config: ContainerConfig, sandboxConfig: SandboxConfig, signal) {
      const request = { podSandboxId, config, sandboxConfig }
      return (await client.runtime<{ containerId: string }>('CreateContainer', request, slowMs, signal)).containerId
    },
    async startContainer(containerId, signal) {
      await client.runtime('StartContainer', { containerId }, slowMs, signal)
    },
    async stopContainer(containerId, graceSeconds, signal) {
      await gone(client.runtime('StopContainer', { containerId, timeout: graceSeconds }, slowMs + graceSeconds * 1000, signal))
    },
    async removeContainer(containerId, signal) {
      await gone(client.runtime('RemoveContainer', { containerId }, slowMs, signal))
    },
    async updateContainer(containerId, linux, signal) {
      await client.runtime('UpdateContainerResources', { containerId, linux }, quickMs, signal)
    },
    async listContainers(labelSelector, signal) {
      const request = { filter: { labelSelector } }
      return (await client.runtime<{ containers: ContainerSummary[] }>('ListContainers', request, quickMs, signal)).containers
    },
    async containersIn(podSandboxId, signal) {
      const request = { filter: { podSandboxId } }
      return (await client.runtime<{ containers: ContainerSummary[] }>('ListContainers', request, quickMs, signal)).containers
    },
    async containerStatus(containerId, signal) {
      const answer = await gone(client.runtime<{ status: ContainerStatus }>('ContainerStatus', { containerId }, quickMs, signal))
      return answer?.status
    },
    async containerStats(labelSelector, signal): Promise<ContainerStats[]> {
      const request = { filter: { labelSelector } }
      const { stats } = await client.runtime<{ stats: WireStats[] }>('ListContainerStats', request, quickMs, signal)
      return stats.flatMap(({ attributes, cpu, memory, writableLayer }) => {
        if (!attributes) return []
        const cpuValue = cpu?.usageCoreNanoSeconds?.value
        const memoryValue = memory?.workingSetBytes?.value
        const layer = writableLayer?.usedBytes?.value
        return {
          id: attributes.id,
          labels: attributes.labels,
          ...(cpuValue === undefined ? {} : { cpuNanoseconds: Number(cpuValue) }),
          ...(memoryValue === undefined ? {} : { memoryWorkingSetBytes: Number(memoryValue) }),
          ...(layer === undefined
            ? {}
            : { writableLayer: { bytes: Number(layer), inodes: Number(writableLayer?.inodesUsed?.value ?? 0) } }),
        }
      })
    },
    async execSync(containerId, cmd, timeoutSeconds, signal) {
      const request = { containerId, cmd, timeout: timeoutSeconds }
      // The runtime kills the command at its timeout; the margin lets its answer arrive first.
      const limit = timeoutSeconds > 0 ? timeoutSeconds * 1000 + 5000 : slowMs
      return await client.runtime<ExecResult>('ExecSync', request, limit, signal)
    },
    async reopenContainerLog(containerId, signal) {
      await client.runtime('ReopenContainerLog', { containerId }, quickMs, signal)
    },

    async exec(containerId, cmd, options: StreamOptions, signal) {
      return (await client.runtime<{ url: string }>('Exec', { containerId, cmd, ...options }, quickMs, signal)).url
    },
    async attach(containerId, options: StreamOptions, signal) {
      return (await client.runtime<{ url: string }>('Attach', { containerId, ...options }, quickMs, signal)).url
    },
    async portForward(podSandboxId, port, signal) {
      return (await client.runtime<{ url: string }>('PortForward', { podSandboxId, port }, quickMs, signal)).url
    },

    async listImages(signal) {
      return (await client.images<{ images: Image[] }>('ListImages', {}, quickMs, signal)).images
    },
    async imageStatus(image, signal) {
      const answer = await client.images<{ image: Image | null }>('ImageStatus', { image: { image } }, quickMs, signal)
      return answer.image ?? undefined
    },
    async pullImage(image, auth: RegistryAuth | undefined, signal) {
      const request = { image: { image }, ...(auth ? { auth } : {}) }
      return (await client.images<{ imageRef: string }>('PullImage', request, pullMs, signal)).imageRef
    },
    async removeImage(image, signal) {
      await client.images('RemoveImage', { image: { image } }, slowMs, signal)
    },

    async *events(signal): AsyncGenerator<ContainerEvent> {
      for await (const event of client.events<WireEvent>(signal)) {
        yield {
          type: event.containerEventType,
          containerId: event.containerId,
          podUid: event.podSandboxStatus?.metadata?.uid ?? '',
        }
      }
    },

    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
    },
  }
}

async function gone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (err) {
    if (err instanceof RuntimeError && err.code === 'NotFound') return undefined
    throw err
  }
}
