// Each list is the state of exactly one revision, over all its pages.
import type { Commit, Commits } from './commits.ts'
import type { History, List, Violation } from './history.ts'

export function checkLists({ lists }: History, commits: Commits, report: (violation: Violation) => void): void {
  const states = new States(commits)
  const inOrder = [...lists].sort((a, b) => revisionOf(a) - revisionOf(b))
  for (const list of inOrder) {
    const revisions = new Set(list.pages.map(({ revision }) => revision))
    if (revisions.size > 1) report({ rule: 'pages', text: `client ${list.client}'s list has pages of ${[...revisions].join(' and ')}` })
    else {
      const fault = faultOf(list, states.at(revisionOf(list)))
      if (fault !== undefined) report({ rule: 'list', text: fault })
    }
  }
}

/** What is wrong with a list, if anything. */
function faultOf(list: List, state: ReadonlyMap<string, Commit>): string | undefined {
  const name = `client ${list.client}'s list of ${list.group ?? 'all'} at ${revisionOf(list)}`
  const isIn = ({ group }: Commit) => list.group === undefined || list.group === group
  const seen = new Set<string>()
  for (const { versions } of list.pages)
    for (const { key, revision, value } of versions) {
      const commit = state.get(key)
      if (seen.has(key)) return `${name} has ${key} twice`
      seen.add(key)
      if (commit === undefined || !isIn(commit)) return `${name} has ${key} at ${revision}, which is not there`
      if (commit.revision !== revision || commit.value !== value)
        return `${name} has ${key} at ${revision}, which was ${commit.revision} then`
    }
  for (const commit of state.values()) if (isIn(commit) && !seen.has(commit.key)) return `${name} lacks ${commit.key} at ${commit.revision}`
  return undefined
}

/** The objects at growing revisions. */
class States {
  readonly #commits: Commits
  readonly #live = new Map<string, Commit>()
  #next = 0

  constructor(commits: Commits) {
    this.#commits = commits
  }

  at(revision: number): ReadonlyMap<string, Commit> {
    for (;;) {
      const commit = this.#commits.all[this.#next]
      if (commit === undefined || commit.revision > revision) return this.#live
      if (commit.value === undefined) this.#live.delete(commit.key)
      else this.#live.set(commit.key, commit)
      this.#next++
    }
  }
}

export const revisionOf = ({ pages }: List): number => pages[0]?.revision ?? 0
