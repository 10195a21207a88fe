// The memory of trust roots in the part's folder: one file each, which is replaced whole.
import type { Logger } from '../../base/log.ts'
import { KeptFiles } from '../kept-files.ts'
import { parseRemembered, type RememberedRoot, type TrustMemory } from './trust-memory.ts'

/** The metadata of a TUF repository has at most 0.5 MB of root and 4 MiB of target, quoted once. */
export const trustFilesLimits = { files: 1000, fileBytes: 16 << 20, bytes: 256 << 20 }

/** Reads what a previous process has kept. A damaged file is logged and forgotten: the status of the TrustRoot still has the versions. */
export async function openTrustMemory(folder: string, log: Logger): Promise<TrustMemory> {
  const files = new KeptFiles(folder, trustFilesLimits)
  const kept = new Map<string, RememberedRoot>()
  const damaged = (path: string, problem: string) => log.error('state of a trust root is damaged', { path, problem })
  for await (const [name, value] of files.read(({ path, problem }) => damaged(path, problem))) {
    try {
      kept.set(name, parseRemembered(value))
    } catch (err) {
      damaged(name, String(err))
    }
  }
  return {
    get: name => kept.get(name),
    async set(name, remembered) {
      await files.set(name, remembered)
      kept.set(name, remembered)
    },
  }
}
