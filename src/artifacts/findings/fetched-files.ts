// Bounds what the cluster keeps of feeds that it fetches: a file for each source that is there, and nothing of a source that is gone.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { codeOf } from '../../base/user-error.ts'

/** A feed has up to a gigabyte, so that the disk of the data directory is not filled by many sources. */
export const maxFetchedSources = 20

/** Those that are fetched, by name: the first ones, so that a new one never takes the place of one that was there. Pure. */
export function fetchedSources(sources: readonly AdvisorySource[]): readonly AdvisorySource[] {
  const created = ({ metadata }: AdvisorySource) => `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`
  return sources
    .filter(({ spec }) => spec.url !== undefined)
    .toSorted((a, b) => (created(a) < created(b) ? -1 : 1))
    .slice(0, maxFetchedSources)
}

/**
 * Removes files of other sources, which would count as known for ever, and drafts that a killed import left. Call it while no import runs.
 * Resolves with the names of the removed files.
 */
export async function removeOthers(folder: string, sources: readonly AdvisorySource[]): Promise<string[]> {
  const kept = new Set(sources.map(({ metadata }) => `${metadata.name}.db`))
  const names = await readdir(folder).catch((err: unknown) => {
    if (codeOf(err) === 'ENOENT') return []
    throw err
  })
  const others = names.filter(name => (name.endsWith('.db') && !kept.has(name)) || (name.startsWith('.') && name.endsWith('.new')))
  for (const name of others) await rm(join(folder, name), { recursive: true, force: true })
  return others
}
