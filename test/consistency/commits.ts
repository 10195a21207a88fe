// The committed writes of a history in the order of their revisions: those that were acknowledged, and those with an unknown outcome that
// somebody saw.
import type { History, Version, Violation, Write } from './history.ts'

export interface Commit {
  readonly revision: number
  readonly key: string
  /** Undefined for a deletion. */
  readonly value: string | undefined
  readonly group: string
  /** The write, if it is known which one it was. */
  readonly write: Write | undefined
  /** The commits of the same key before and after this one, as places in the array. */
  previous: number
  next: number
}

export interface Commits {
  /** By revision. */
  readonly all: readonly Commit[]
  /** Place of a revision. */
  placeOf(revision: number): number | undefined
  /** Place of the last commit up to this revision, or -1. */
  placeUpTo(revision: number): number
  /** Places of the commits of a key. */
  of(key: string): readonly number[]
  /** Writes of unknown outcome, and failed ones, that nobody saw. By the revision that they would replace, creations by key. */
  unseen(write: Write): readonly Write[]
}

export const noCommit = -1

export function commitsOf(history: History, report: (violation: Violation) => void): Commits {
  const found = new Found(history, report)
  for (const write of history.writes) found.acknowledged(write)
  for (const { found: version } of history.reads) if (version !== undefined) found.saw(version)
  for (const { pages } of history.lists)
    for (const { revision, versions } of pages)
      for (const version of versions) {
        found.saw(version)
        found.listed(version, revision)
      }
  for (const { group, records } of history.watches)
    for (const record of records) {
      if (record.type === 'BOOKMARK') continue
      if (record.type !== 'DELETED') found.saw(record.version)
      // Through a selection it may be that the object only left it.
      else if (group === undefined) found.sawDeletion(record.version)
    }
  for (const { group, after, records } of history.watches) {
    const last = records.at(-1)
    if (last !== undefined && group === undefined) found.watched(after, last.type === 'BOOKMARK' ? last.revision : last.version.revision)
    if (group === undefined) continue
    // What was not written at that revision was deleted there: a version that nobody saw again is nobody's to replace.
    for (const record of records) if (record.type === 'DELETED' && !found.has(record.version.revision)) found.sawDeletion(record.version)
  }
  const all = found.inOrder()
  const placeByRevision = new Map(all.map(({ revision }, place) => [revision, place]))
  const byKey = linkKeys(all)
  checkChains(all, report)
  const unseen = found.unseen()
  return {
    all,
    placeOf: revision => placeByRevision.get(revision),
    placeUpTo: revision => firstAfter(all, revision) - 1,
    of: key => byKey.get(key) ?? [],
    unseen: write => unseen.get(slotOf(write)) ?? [],
  }
}

class Found {
  readonly #report: (violation: Violation) => void
  readonly #byValue = new Map<string, Write>()
  /** Deletions by the revision that they replace. */
  readonly #deletions = new Map<number, Write[]>()
  /** The newest list with a version. */
  readonly #listedAt = new Map<number, number>()
  /** From where to where a watch of all objects saw everything. */
  readonly #watched: { readonly after: number; readonly upTo: number }[] = []
  #unseenDeletions = 0
  readonly #commits = new Map<number, Commit>()
  readonly #revisionOf = new Map<string, number>()
  readonly #deletedAt = new Map<number, Version>()
  readonly #writes: readonly Write[]

  constructor({ writes }: History, report: (violation: Violation) => void) {
    this.#report = report
    this.#writes = writes
    for (const write of writes) {
      if (write.value !== undefined) this.#byValue.set(write.value, write)
      else if (write.outcome !== 'refused') append(this.#deletions, write.expected, write)
    }
  }

  acknowledged(write: Write): void {
    if (write.outcome !== 'ok') return
    const { key, value, revision } = write
    if (value !== undefined && revision !== undefined) this.saw({ key, value, revision })
  }

  saw(version: Version): void {
    const { key, value, revision } = version
    if (this.#isKnown(version, value)) return
    const write = this.#byValue.get(value)
    const fault = this.#faultOf(version, write)
    if (fault !== undefined || write === undefined) {
      this.#report(fault ?? { rule: 'phantom', text: `${named(version)} was seen, and nobody wrote it` })
      return
    }
    this.#revisionOf.set(value, revision)
    this.#commits.set(revision, { revision, key, value, group: write.group, write, previous: noCommit, next: noCommit })
  }

  #faultOf(version: Version, write: Write | undefined): Violation | undefined {
    if (write === undefined) return undefined
    if (write.key !== version.key) return { rule: 'phantom', text: `${named(version)} was seen, and was written to ${write.key}` }
    const other = this.#revisionOf.get(version.value) ?? write.revision
    if (other !== undefined && other !== version.revision)
      return { rule: 'applied twice', text: `${named(version)} was seen, and the same write at ${other}` }
    if (write.outcome === 'ok' || write.outcome === 'unknown') return undefined
    return { rule: 'refused but applied', text: `${named(version)} was seen, and its writer was told that nothing is written` }
  }

  /** `version` has the last value, and the revision of the deletion. */
  sawDeletion(version: Version): void {
    if (this.#isKnown(version, undefined)) return
    this.#commits.set(version.revision, {
      ...{ revision: version.revision, key: version.key, value: undefined, group: '' },
      ...{ write: undefined, previous: noCommit, next: noCommit },
    })
    this.#deletedAt.set(version.revision, version)
  }

  #isKnown(version: Version, value: string | undefined): boolean {
    const known = this.#commits.get(version.revision)
    if (known === undefined) return false
    if (known.key !== version.key || known.value !== value)
      this.#report({
        rule: 'revision used twice',
        text: `${named(version)} was seen, and ${known.key} "${known.value ?? 'deleted'}" at the same revision`,
      })
    return true
  }

  /** The version was still there at this revision. */
  listed({ revision }: Version, at: number): void {
    this.#listedAt.set(revision, Math.max(at, this.#listedAt.get(revision) ?? 0))
  }

  /** A watch of all objects that was after the first revision saw everything up to the second. */
  watched(after: number, upTo: number): void {
    this.#watched.push({ after, upTo })
  }

  has(revision: number): boolean {
    return this.#commits.has(revision)
  }

  inOrder(): Commit[] {
    const all = this.#sorted()
    const next = new Map<Commit, Commit>()
    const last = new Map<string, Commit>()
    for (const commit of all) {
      const before = last.get(commit.key)
      if (before !== undefined) next.set(before, commit)
      last.set(commit.key, commit)
    }
    for (const commit of all) this.#addUnseenDeletion(commit, next.get(commit))
    last.clear()
    return this.#sorted().map(commit => this.#withDeletion(commit, last))
  }

  #sorted(): Commit[] {
    return [...this.#commits.values()].sort((a, b) => a.revision - b.revision)
  }

  /**
   * A deletion that came while no watch was open, since the server had to forget its past: it lies after the last list with the version, and
   * after all that a watch saw without it. A watch that was open up to the next version must show it, whatever its revision is.
   */
  #addUnseenDeletion({ key, revision, value }: Commit, next: Commit | undefined): void {
    if (value === undefined || (next !== undefined && next.value === undefined)) return
    const candidates = this.#deletions.get(revision) ?? []
    const isImplied = next !== undefined && next.write?.expected === 0
    if (!candidates.some(({ outcome }) => outcome === 'ok' || (isImplied && outcome === 'unknown'))) return
    const limit = next?.revision ?? Number.POSITIVE_INFINITY
    const passed = this.#watched.filter(({ after, upTo }) => after < limit && upTo < limit).map(({ upTo }) => upTo)
    const at = Math.max(this.#listedAt.get(revision) ?? revision, revision, ...passed) + 0.5
    this.#commits.set(at + this.#unseenDeletions++ * 1e-6, {
      ...{ revision: at, key, value: undefined, group: '', write: undefined, previous: noCommit, next: noCommit },
    })
  }

  /** A deletion gets its write by what it replaced. `last` becomes the newest version of each key so far. */
  #withDeletion(commit: Commit, last: Map<string, Commit>): Commit {
    const before = last.get(commit.key)
    last.set(commit.key, commit)
    if (commit.value !== undefined || before?.value === undefined) return commit
    const candidates = this.#deletions.get(before.revision) ?? []
    const write = candidates.find(({ outcome }) => outcome === 'ok') ?? candidates.find(({ outcome }) => outcome === 'unknown')
    if (write === undefined)
      this.#report({ rule: 'phantom', text: `${commit.key} was deleted at ${commit.revision}, and nobody deleted ${before.revision}` })
    else this.#revisionOf.set(deletion(write), commit.revision)
    const shown = this.#deletedAt.get(commit.revision)
    if (shown !== undefined && shown.value !== before.value)
      this.#report({ rule: 'watch', text: `the deletion ${named(shown)} shows another state than the last one, "${before.value}"` })
    return { ...commit, write }
  }

  unseen(): Map<string, Write[]> {
    const result = new Map<string, Write[]>()
    for (const write of this.#writes) {
      if (write.outcome !== 'unknown' && write.outcome !== 'failed') continue
      if (!this.#revisionOf.has(write.value ?? deletion(write))) append(result, slotOf(write), write)
    }
    return result
  }
}

/** Links each commit with those of the same key. */
function linkKeys(all: readonly Commit[]): Map<string, number[]> {
  const byKey = new Map<string, number[]>()
  for (const [place, commit] of all.entries()) {
    const places = byKey.get(commit.key)
    const last = places?.at(-1)
    const before = last === undefined ? undefined : all[last]
    if (before !== undefined && last !== undefined) {
      before.next = place
      commit.previous = last
    }
    if (places === undefined) byKey.set(commit.key, [place])
    else places.push(place)
  }
  return byKey
}

/** Each write replaced exactly the version that it was meant to replace, so that of two with one precondition one wins. */
function checkChains(all: readonly Commit[], report: (violation: Violation) => void): void {
  for (const { key, revision, value, write, previous } of all) {
    const before = all[previous]
    const replaced = before?.value === undefined ? 0 : before.revision
    if (value === undefined && replaced === 0) report({ rule: 'phantom', text: `${key} was deleted at ${revision}, and was not there` })
    else if (write !== undefined && write.expected !== replaced)
      report({
        rule: 'two winners',
        text: `${key} at ${revision} was to replace ${write.expected || 'nothing'}, and replaced ${replaced || 'nothing'}`,
      })
  }
}

/** Place of the first that is later than the revision; of `all` in their order. */
export function firstAfter(all: readonly { readonly revision: number }[], revision: number): number {
  let [low, high] = [0, all.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((all[middle]?.revision ?? 0) <= revision) low = middle + 1
    else high = middle
  }
  return low
}

const slotOf = ({ key, expected }: Write): string => (expected === 0 ? key : String(expected))
const deletion = ({ client, invoked }: Write): string => `deletion ${client} ${invoked}`
const named = ({ key, value, revision }: Version): string => `${key} "${value}" at ${revision}`

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
