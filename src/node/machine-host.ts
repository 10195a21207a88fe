// PodHost on a real machine: pod cgroups, and the node's own resolver and hosts file.
import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { parseResolvConf } from './container/dns-config.ts'
import { containerSettings, createPodCgroup, detectCgroups, removeCgroup } from './machine/cgroups.ts'
import { nodeCgroup } from './machine/clean-up.ts'
import type { NodeDirectory } from './machine/node-directory.ts'
import { podUid } from './pod/pod-containers.ts'
import { makeLogFolder, podsWithFolders } from './pod/pod-folders.ts'
import { podLimits, type QosClass, qosClass, qosClasses } from './pod/pod-resources.ts'
import { attempt } from './probes/probe.ts'
import { type PodCsiVolumes, type PodLocalVolumes, PodVolumes } from './volumes/pod-volumes.ts'
import { runHook } from './worker/lifecycle-hook.ts'
import { containerDevices } from './worker/pod-devices.ts'
import { containerMounts } from './worker/pod-mounts.ts'
import type { PodHost } from './worker/pod-node.ts'
import { terminationMessage } from './worker/termination-message.ts'

export const podCgroup = (directory: NodeDirectory, qos: QosClass, uid: string): string =>
  `${nodeCgroup(directory)}/${qos.toLowerCase()}/pod${uid}`

export async function machineHost(
  directory: NodeDirectory,
  stored: { readonly local: PodLocalVolumes; readonly csi: PodCsiVolumes },
  clock: Clock,
): Promise<PodHost> {
  const version = await detectCgroups()
  const cgroupOf = (qos: QosClass, uid: string) => podCgroup(directory, qos, uid)
  return {
    unified: await containerSettings(version, nodeCgroup(directory)),
    async prepareCgroup(pod) {
      const path = cgroupOf(qosClass(pod), podUid(pod))
      await createPodCgroup(version, path, podLimits(pod))
      return path
    },
    async removeCgroup(uid, signal) {
      for (const qos of qosClasses) await removeCgroup(cgroupOf(qos, uid), clock, signal)
    },
    podsWithFolders: () => podsWithFolders(directory),
    volumes: path => new PodVolumes(path, stored),
    mounts: containerMounts,
    devices: containerDevices,
    makeLogDirectory: makeLogFolder,
    removeLogDirectory: path => rm(path, { recursive: true, force: true }),
    terminationMessage,
    probe: attempt,
    hook: runHook,
    // A machine may lack either file.
    resolver: parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => '')),
    hosts: await readFile('/etc/hosts', 'utf8').catch(() => ''),
    hostname: hostname(),
  }
}
