// The chain of backups in a target, verified with a public key alone: which backups there are, and that none was changed, removed or replaced.
import type { KeyObject } from 'node:crypto'
import { inParallel } from '../base/async/in-parallel.ts'
import type { BackupContent, ChangesContent, Kept, KeptBackup, Link } from '../base/backup/backup-link.ts'
import { BackupFault } from './backup-fault.ts'
import { maxLinkFileBytes, openSigned, type SignedLink } from './format/signed-link.ts'
import { linkName, linksFolder, numberOfLink, type Target } from './targets/target.ts'

/** Requests to the target that wait at a time. */
const readsAtOnce = 16

export interface ChainHead {
  readonly number: number
  readonly digest: string
}

export interface BackupLink extends Link {
  readonly content: BackupContent
}

export interface ChangesLink extends Link {
  readonly content: ChangesContent
}

export interface Chain {
  /** Undefined in an empty target. */
  readonly newest: SignedLink | undefined
  /** The kept backups, oldest first. */
  readonly backups: readonly BackupLink[]
  /** The changes that are still there, in order. */
  readonly changes: readonly ChangesLink[]
  readonly kept: readonly KeptBackup[]
  readonly changesAfter: number
}

const emptyChain: Chain = { newest: undefined, backups: [], changes: [], kept: [], changesAfter: 0 }

export interface ChainOptions {
  readonly key: KeyObject
  /** What must be there at least: what the cluster's signer remembers. */
  readonly head?: ChainHead | undefined
  /** The number that the newest link must have at least, where no head is known. */
  readonly atLeast?: number | undefined
}

const isBackup = (link: Link): link is BackupLink => link.content.kind === 'backup'
const isChanges = (link: Link): link is ChangesLink => link.content.kind === 'changes'
const keptOf = ({ content }: Link): Kept | undefined => (content.kind === 'changes' ? undefined : content)

/** Rejects with a `BackupFault` that names what is wrong with which link. */
export async function readChain(target: Target, { key, head, atLeast }: ChainOptions, signal: AbortSignal): Promise<Chain> {
  const numbers = (await target.list(linksFolder, signal)).flatMap(name => numberOfLink(name) ?? []).sort((a, b) => a - b)
  const last = numbers.at(-1)
  requireNewest(target, last ?? 0, head, atLeast)
  if (last === undefined) return emptyChain
  const links = new Map<number, SignedLink>()
  const read = async (number: number): Promise<SignedLink> => {
    const known = links.get(number)
    if (known !== undefined) return known
    const file = await target.get(linkName(number), maxLinkFileBytes, signal)
    if (file === undefined) throw new BackupFault('damaged', `"${linkName(number)}" is missing in ${target.place}: it was removed`)
    const link = openSigned(number, file, key)
    links.set(number, link)
    return link
  }
  const newest = await read(last)
  const state = await newestState(newest, read)
  await inParallel(
    numbers.filter(number => number > state.changesAfter && number < last),
    readsAtOnce,
    read,
  )
  await requireConnected(state.changesAfter, newest, read)
  if (head !== undefined) await requireHead(head, newest, links)
  const backups: BackupLink[] = []
  for (const { number, digest } of state.kept) {
    const found = await read(number)
    if (found.digest !== digest || !isBackup(found.link))
      throw new BackupFault('damaged', `"${linkName(number)}" is not the backup ${number} that was written there`)
    backups.push(found.link)
  }
  const changes = [...links.values()].map(({ link }) => link).filter(isChanges)
  return { newest, backups, changes: changes.sort((one, other) => one.number - other.number), ...state }
}

function requireNewest(target: Target, last: number, head: ChainHead | undefined, atLeast: number | undefined): void {
  const wanted = Math.max(head?.number ?? 0, atLeast ?? 0)
  if (last >= wanted) return
  const found = last === 0 ? 'holds no backup' : `ends with link ${last}`
  throw new BackupFault(
    'rolled-back',
    `The newest backup is missing: ${target.place} ${found}, but link ${wanted} was written there. An older state was presented as the newest`,
  )
}

/** Which backups the newest backup or prune says are kept, with that backup itself. */
async function newestState(newest: SignedLink, read: (number: number) => Promise<SignedLink>): Promise<Kept> {
  for (let at = newest; ; at = await read(at.link.number - 1)) {
    const kept = keptOf(at.link)
    if (kept === undefined && at.link.number > 1) continue
    const { link, digest } = at
    if (kept === undefined) return { kept: [], changesAfter: 0 }
    const own = isBackup(link) ? [{ number: link.number, digest, base: link.content.base }] : []
    return { kept: [...kept.kept, ...own], changesAfter: kept.changesAfter }
  }
}

/** Each link names the digest of the one before it. */
async function requireConnected(after: number, newest: SignedLink, read: (number: number) => Promise<SignedLink>): Promise<void> {
  for (let at = newest; at.link.number > after + 1; ) {
    const before = await read(at.link.number - 1)
    if (at.link.previous !== before.digest)
      throw new BackupFault(
        'rolled-back',
        `"${linkName(before.link.number)}" is not the link that "${linkName(at.link.number)}" follows: one of them is of another history`,
      )
    at = before
  }
}

async function requireHead({ number, digest }: ChainHead, newest: SignedLink, links: ReadonlyMap<number, SignedLink>): Promise<void> {
  const found = number === newest.link.number ? newest : links.get(number)
  if (found !== undefined && found.digest !== digest)
    throw new BackupFault('rolled-back', `"${linkName(number)}" is not the link ${number} that the cluster's signer knows`)
}
