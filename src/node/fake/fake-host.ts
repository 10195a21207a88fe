// PodHost of a simulated node: no cgroups, mounts, files or logs; API data that a volume names must still exist.

import { MountError } from '../volumes/pod-volumes.ts'
import { volumeFiles } from '../volumes/volume-files.ts'
import type { PodHost } from '../worker/pod-node.ts'

export const fakeHost: PodHost = {
  unified: {},
  prepareCgroup: async () => '/simulated',
  removeCgroup: async () => undefined,
  podsWithFolders: async () => [],
  volumes: directory => ({
    async setUp(context, signal) {
      for (const volume of context.pod.spec.volumes ?? []) {
        try {
          await volumeFiles(volume, context, signal)
        } catch (cause) {
          signal.throwIfAborted()
          throw new MountError(volume.name, cause instanceof Error ? cause.message : String(cause), { cause })
        }
      }
    },
    tearDown: async () => undefined,
    pathOf: ({ name }) => `${directory}/volumes/${name}`,
  }),
  mounts: async () => [],
  devices: async () => [],
  makeLogDirectory: async () => undefined,
  removeLogDirectory: async () => undefined,
  // Its containers have no files.
  terminationMessage: async () => '',
  // Nothing listens on a simulated address: a probe counts as passed unless it is a command, which the fake runtime answers.
  async probe({ exec }, { containerId }, timeoutSeconds, runtime, signal) {
    if (!exec) return { result: 'success', output: '' }
    const { exitCode } = await runtime.execSync(containerId, exec.command ?? [], timeoutSeconds, signal)
    return { result: exitCode === 0 ? 'success' : 'failure', output: '' }
  },
  async hook({ sleep }, _target, _runtime, clock, signal) {
    if (sleep) await clock.sleep(sleep.seconds * 1000, signal)
  },
  resolver: { servers: [], searches: [], options: [] },
  hosts: '',
  hostname: '',
}
