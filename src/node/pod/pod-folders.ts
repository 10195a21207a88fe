// The folders of pods on a node, by which an agent finds what an earlier one left: `<pods>/<uid>` and `<logs>/<namespace>_<name>_<uid>`.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../api/types/core-v1.ts'
import type { NodeDirectory } from '../machine/node-directory.ts'
import { podUid } from './pod-containers.ts'

export interface PodIdentity {
  readonly uid: string
  /** Both are '' if no folder contains them. */
  readonly namespace: string
  readonly name: string
}

export function logFolder(logs: string, pod: Pod): string {
  const { namespace, name } = pod.metadata
  return join(logs, `${namespace}_${name}_${podUid(pod)}`)
}

/** Logs may contain secrets, so only root and its group may read them, whatever the agent's umask. */
export async function makeLogFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o750 })
}

/** All pods that have a folder here. */
export async function podsWithFolders({ pods, logs }: NodeDirectory): Promise<readonly PodIdentity[]> {
  const found = new Map<string, PodIdentity>()
  for (const uid of await namesIn(pods)) found.set(uid, { uid, namespace: '', name: '' })
  for (const folder of await namesIn(logs)) {
    const [namespace = '', name = '', uid = ''] = folder.split('_')
    if (uid !== '') found.set(uid, { uid, namespace, name })
  }
  return [...found.values()]
}

/** A node that never ran a pod has neither folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return []
    throw err
  }
}
