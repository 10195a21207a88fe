// Which pods use a volume, as files beside the pods' own: what an agent that was killed has mounted is known to the next.
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const folder = 'local-volumes'

/** Call before the volume is mounted. `podDirectory` is `<pods>/<uid>`. */
export async function markUser(podDirectory: string, volume: string): Promise<void> {
  await mkdir(join(podDirectory, folder), { recursive: true, mode: 0o700 })
  await writeFile(join(podDirectory, folder, volume), '')
}

/** The volumes that the pod uses. */
export const volumesOf = (podDirectory: string): Promise<readonly string[]> => namesIn(join(podDirectory, folder))

/** All volumes that pods use, but for a pod that is just ending. */
export async function usedVolumes(pods: string, except?: string): Promise<ReadonlySet<string>> {
  const used = new Set<string>()
  for (const pod of await namesIn(pods)) {
    const directory = join(pods, pod)
    if (directory !== except) for (const volume of await volumesOf(directory)) used.add(volume)
  }
  return used
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return []
    throw err
  }
}
