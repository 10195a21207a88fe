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

/** `uid` is that of a pod that does not exist, or '' for none. Returns the id of the sandbox; it ends by itself after a minute. */
export async function runStray(runtime: ContainerRuntime, uid: string, signal: AbortSignal): Promise<string> {
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
  await runtime.startContainer(await runtime.createContainer(id, container, sandbox, signal), signal)
  return id
}
