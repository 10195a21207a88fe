// Removes from a target what retention does not keep. The link that says so comes first, so that no removed backup is taken for a lost one.
import type { BackupSession } from './backup-session.ts'
import type { BackupLink } from './chain.ts'
import type { ChainWriter } from './chain-writer.ts'
import { planRetention, type Retention } from './retention.ts'
import { linksFolder, numberOfLink, packsFolder, type Target } from './targets/target.ts'

export interface PruneOptions {
  readonly chain: ChainWriter
  readonly target: Target
  readonly session: BackupSession
  readonly retention: Retention
  /** Numbers of the backups that were restored and compared. */
  readonly verified: ReadonlySet<number>
  readonly now: number
}

/** Returns the numbers of the removed backups. */
export async function pruneTarget(options: PruneOptions, signal: AbortSignal): Promise<number[]> {
  const { chain, target, session, retention, verified, now } = options
  const backups = chain.backups.map(({ number, time, content: { base } }) => ({
    ...{ number, base, time: Date.parse(time), verified: verified.has(number) },
  }))
  const { keep, changesAfter } = planRetention(backups, retention, now)
  const kept = chain.kept.filter(({ number }) => keep.includes(number))
  const removed = backups.map(({ number }) => number).filter(number => !keep.includes(number))
  if (removed.length > 0 || changesAfter > chain.changesAfter) await chain.append({ kind: 'prune', kept, changesAfter }, signal)
  const packs = await removeUnneeded(chain, target, signal)
  await session.forget(packs)
  return removed
}

/** What an interrupted run left is removed too. Returns the removed packs. */
async function removeUnneeded(chain: ChainWriter, target: Target, signal: AbortSignal): Promise<Set<string>> {
  const numbers = new Set(chain.kept.map(({ number }) => number))
  const needed = new Set([...chain.backups.flatMap(packsOf), ...chain.changePacks])
  for (const name of await target.list(linksFolder, signal)) {
    const number = numberOfLink(name)
    if (number !== undefined && number <= chain.changesAfter && !numbers.has(number)) await target.remove(name, signal)
  }
  const removed = new Set<string>()
  for (const name of await target.list(packsFolder, signal)) {
    const pack = name.slice(packsFolder.length + 1).replace(/\.age$/, '')
    if (needed.has(pack)) continue
    await target.remove(name, signal)
    removed.add(pack)
  }
  return removed
}

/** The packs that a backup needs besides those of its base and changes. */
export function packsOf({ content: { chunks, audit, keys } }: BackupLink): string[] {
  return [...chunks, ...audit.flatMap(({ packs }) => packs), ...(keys === undefined ? [] : [keys])].map(({ pack }) => pack)
}
