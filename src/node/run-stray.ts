// Runs a container beside the agent, as whoever reaches the runtime's socket can: for the proof that the agent removes it.

import { pause, systemClock } from '../base/clock.ts'
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
const pollMs = 50

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
  const container: ContainerConfig = {
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
  }
  const id = await runtime.runSandbox(sandbox, '', signal)
  const stray = {
    isGone: async (until: AbortSignal) => (await runtime.sandboxStatus(id, until)) === undefined,
    [Symbol.asyncDispose]: () => runtime.removeSandbox(id, AbortSignal.timeout(removeMs)),
  }
  try {
    await runtime.startContainer(await runtime.createContainer(id, container, sandbox, signal), signal)
  } catch (err) {
    // The agent may be faster than the attack: then the sandbox is gone, or soon will be.
    const late = AbortSignal.any([signal, AbortSignal.timeout(removeMs)])
    while (!late.aborted) {
      if (await stray.isGone(signal)) return stray
      await pause(systemClock, pollMs, late)
    }
    await stray[Symbol.asyncDispose]()
    throw err
  }
  return stray
}
