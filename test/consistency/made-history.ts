// A consistent history of any length, made without a store: to measure the checker, and as what its tests damage.
import { groups } from './client.ts'
import type { History, List, Read, Version, Watch, WatchRecord, Write } from './history.ts'
import type { Random } from './random.ts'

interface Live extends Version {
  readonly group: string
}

/**
 * `operations` writes, reads and lists of 16 clients on `keyCount` objects; each operation overlaps with up to 15 others. One client in
 * four watches everything, two watch a group.
 */
export function makeHistory(operations: number, random: Random, keyCount = 1000): History {
  const writes: Write[] = []
  const reads: Read[] = []
  const lists: List[] = []
  const live = new Map<string, Live>()
  const followers = [0, 4, 8, 12, 3, 7].map((client, index) => ({ client, group: groups[index - 4], records: [] as WatchRecord[] }))
  const clients = 16
  let revision = 0
  /** Operation `index` takes effect at `10 * clients * index`, and lasts from before to after that of its neighbours. */
  for (let index = 0; index < operations; index++) {
    const client = index % clients
    const at = 10 * clients * (index + clients)
    const [invoked, ended] = [at - random.below(70 * clients), at + random.below(70 * clients)]
    const call = { client, invoked, ended }
    const key = `k${random.below(keyCount)}`
    const found = live.get(key)
    const choice = random.next()
    if (choice < 0.4) reads.push({ kind: 'read', ...call, key, found: found && { key, revision: found.revision, value: found.value } })
    else if (choice < 0.401 && revision > 0) {
      const versions = [...live.values()].map(({ key, revision, value }) => ({ key, revision, value }))
      lists.push({ kind: 'list', ...call, group: undefined, pages: [{ revision, versions }] })
    } else {
      const isDeletion = found !== undefined && random.next() < 0.1
      const isRefused = found !== undefined && !isDeletion && random.next() < 0.05
      const isUnknown = random.next() < 0.01
      const group = random.pick(groups)
      const value = isDeletion ? undefined : `${client}-${index}`
      const outcome = isUnknown ? 'unknown' : 'ok'
      const write = { kind: 'write', key, value, group, ...call } as const
      if (isRefused) {
        writes.push({ ...write, expected: 0, outcome: 'refused' })
        continue
      }
      revision++
      writes.push({
        ...{ ...write, expected: found?.revision ?? 0, outcome },
        ...(isUnknown ? { ended: Number.POSITIVE_INFINITY } : isDeletion ? {} : { revision }),
      })
      for (const follower of followers) {
        const isIn = (one: string | undefined) => one !== undefined && (follower.group === undefined || follower.group === one)
        const [was, is] = [isIn(found?.group), !isDeletion && isIn(group)]
        if (was || is)
          follower.records.push({
            type: is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED',
            at: at + 70 * clients,
            version: { key, revision, value: (is ? value : found?.value) ?? '' },
          })
      }
      if (value === undefined) live.delete(key)
      else live.set(key, { key, revision, value, group })
    }
  }
  const watches = followers.map(
    ({ client, group, records }): Watch => ({ kind: 'watch', client, group, after: 0, records, reached: revision }),
  )
  return { writes, reads, lists, watches }
}
