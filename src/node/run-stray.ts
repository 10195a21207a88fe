// Runs a container beside the agent, as whoever reaches the runtime's socket can: for the proof that the agent removes it.

import type { ContainerConfig, SandboxConfig } from './cri/messages.ts'
import type { ContainerRuntime } from './cri/runtime.ts'
import { busyboxImage } from './images/builtin-images.ts'
import { podLabels } from './pod/pod-state.ts'

const name = 'bulkhead-prove-stray'
const security: SandboxConfig['linux']['securityContext'] = {
  namespaceOptions: { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' },
  ...{ readonlyRootfs: true, supplementalGroups: [], supplementalGroupsPolicy: 'Merge', privileged: false },
  seccomp: { profileType: 'RuntimeDefault' },
}

const removeMs = 30_000

export interface StrayContainer extends AsyncDisposable {
  isGone(signal: AbortSignal): Promise<boolean>
}

/** `uid` is that of a pod that does not exist, or '' for none. The container ends by itself after a minute. */
export async function runStray(runtime: ContainerRuntime, uid: string, signal: AbortSignal): Promise<StrayContainer> {
  const labels: Record<string, string> =
    uid === '' ? {} : { [podLabels.name]: name, [podLabels.namespace]: 'default', [podLabels.uid]: uid }
  const sandbox: SandboxConfig = {
    metadata: { name, uid, namespace: 'default', attempt: 0 },
    ...{ hostname: '', logDirectory: '', portMappings: [], labels, annotations: {} },
    linux: { cgroupParent: '', securityContext: security, sysctls: {} },
  }
  const container = containerWith(labels)
  const id = await runtime.runSandbox(sandbox, '', signal)
  try {
    await runtime.startContainer(await runtime.createContainer(id, container, sandbox, signal), signal)
  } catch {
    // The agent may be faster than the attack. If it is not, the sandbox is there without its container, and has to be removed as well.
    signal.throwIfAborted()
  }
  return {
    isGone: async until => (await runtime.sandboxStatus(id, until)) === undefined,
    [Symbol.asyncDispose]: () => runtime.removeSandbox(id, AbortSignal.timeout(removeMs)),
  }
}

/**
 * The same in the sandbox of a pod that runs: the pod's own, with the labels of the pod and this name of a container, or without any label if it is
 * ''. Undefined if the pod has no sandbox here.
 */
export async function addStray(
  runtime: ContainerRuntime,
  { uid, container: of }: { readonly uid: string; readonly container: string },
  signal: AbortSignal,
): Promise<StrayContainer | undefined> {
  const [sandbox] = await runtime.listSandboxes({ [podLabels.uid]: uid }, signal)
  if (sandbox === undefined) return undefined
  const labels: Record<string, string> = of === '' ? {} : { ...sandbox.labels, [podLabels.container]: of }
  // Beside one of the agent, whose attempts begin with 0.
  const config = { ...containerWith(labels), metadata: { name: of === '' ? name : of, attempt: 1000 } }
  const inSandbox: SandboxConfig = {
    metadata: sandbox.metadata,
    ...{ hostname: '', logDirectory: '', portMappings: [], labels: sandbox.labels, annotations: {} },
    linux: { cgroupParent: '', securityContext: security, sysctls: {} },
  }
  const id = await runtime.createContainer(sandbox.id, config, inSandbox, signal)
  try {
    await runtime.startContainer(id, signal)
  } catch {
    // As above.
    signal.throwIfAborted()
  }
  return {
    isGone: async until => (await runtime.containerStatus(id, until)) === undefined,
    async [Symbol.asyncDispose]() {
      await runtime.stopContainer(id, 0, AbortSignal.timeout(removeMs))
      await runtime.removeContainer(id, AbortSignal.timeout(removeMs))
    },
  }
}

const containerWith = (labels: Readonly<Record<string, string>>): ContainerConfig => ({
  metadata: { name, attempt: 0 },
  image: { image: busyboxImage },
  ...{ command: ['sleep', '60'], args: [], workingDir: '', envs: [], mounts: [], devices: [], labels, annotations: {} },
  ...{ logPath: '', stdin: false, stdinOnce: false, tty: false },
  linux: {
    resources: {},
    securityContext: {
      ...security,
      ...{ capabilities: { addCapabilities: [], dropCapabilities: ['ALL'] }, noNewPrivs: true, maskedPaths: [], readonlyPaths: [] },
    },
  },
})
