// Stores that break one promise each, in rare cases: the checker must find every one.
import type { Version } from './history.ts'
import type { Page, Received, RequestedWrite, Target, WriteAnswer } from './target.ts'

/** How often a bug shows: at each of this many occasions. */
const every = 25

/** True at each 25th call. */
function rarely(): () => boolean {
  let calls = 0
  return () => ++calls % every === 0
}

/** Changes the records of all watches of a target. */
function onRecords(target: Target, change: (record: Received, pass: (record: Received) => void) => void): Target {
  return wrap(target, {
    watch: (group, after, onRecord, signal) => target.watch(group, after, record => change(record, onRecord), signal),
  })
}

const wrap = (target: Target, changed: Partial<Target>): Target => ({
  write: write => target.write(write),
  read: key => target.read(key),
  list: (group, pageSize) => target.list(group, pageSize),
  watch: (group, after, onRecord, signal) => target.watch(group, after, onRecord, signal),
  ...changed,
})

export interface SeededBug {
  readonly name: string
  /** Wraps the target of every client; what it remembers is shared by them. */
  plant(): (target: Target) => Target
}

export const seededBugs: readonly SeededBug[] = [
  {
    name: 'a watch drops an event',
    plant() {
      const now = rarely()
      return target =>
        onRecords(target, (record, pass) => {
          if (record.type === 'BOOKMARK' || !now()) pass(record)
        })
    },
  },
  {
    name: 'a watch shows two events in the wrong order',
    plant() {
      const now = rarely()
      return target => {
        let held: Received | undefined
        return onRecords(target, (record, pass) => {
          if (held === undefined && record.type !== 'BOOKMARK' && now()) {
            held = record
            return
          }
          const swapped = held === undefined || record.type === 'BOOKMARK' ? [held, record] : [record, held]
          held = undefined
          for (const each of swapped) if (each !== undefined) pass(each)
        })
      }
    },
  },
  {
    name: 'a read answers with an older state',
    plant() {
      const now = rarely()
      const before = new Map<string, Version | undefined>()
      return target =>
        wrap(target, {
          async read(key) {
            const answer = await target.read(key)
            if (before.has(key) && now()) return { found: before.get(key) }
            if (!before.has(key) || now()) before.set(key, answer?.found)
            return answer
          },
        })
    },
  },
  {
    name: 'an acknowledged write is lost',
    plant() {
      const now = rarely()
      return target =>
        wrap(target, {
          async write(write) {
            if (write.value === undefined || write.key.includes('end') || !now()) return target.write(write)
            // It has a revision, as if it were stored.
            return target.write({ key: `lost-${write.value}`, expected: 0, value: `lost-${write.value}`, group: 'none' })
          },
        })
    },
  },
  {
    name: 'two writes of the same version win',
    plant() {
      const now = rarely()
      return target =>
        wrap(target, {
          async write(write) {
            const answer = await target.write(write)
            if (answer.outcome !== 'refused' || write.expected === 0 || write.value === undefined || !now()) return answer
            const newest = (await target.read(write.key))?.found
            return target.write({ ...write, expected: newest?.revision ?? 0 })
          },
        })
    },
  },
  {
    name: 'a list is of two revisions',
    plant() {
      return target =>
        wrap(target, {
          async list(group, pageSize) {
            const one = await target.list(group, 1_000)
            await new Promise(resolve => setTimeout(resolve, 5))
            const two = await target.list(group, pageSize)
            const [first] = one ?? []
            if (first === undefined || two === undefined) return two
            const old = new Map(first.versions.map(version => [version.key, version]))
            return two.map(
              ({ revision, versions }): Page => ({
                revision,
                versions: versions.map((version, index) => (index % 2 === 0 ? (old.get(version.key) ?? version) : version)),
              }),
            )
          },
        })
    },
  },
  {
    name: 'the pages of a list are of different revisions',
    plant() {
      return target =>
        wrap(target, {
          async list(group) {
            const first = (await target.list(group, 1_000))?.[0]
            if (first === undefined) return undefined
            const half = Math.ceil(first.versions.length / 2)
            await new Promise(resolve => setTimeout(resolve, 5))
            const second = (await target.list(group, 1_000))?.[0]
            const boundary = first.versions[half]?.key ?? ''
            if (second === undefined || boundary === '') return [first]
            return [
              { ...first, versions: first.versions.slice(0, half) },
              { ...second, versions: second.versions.filter(({ key }) => key >= boundary) },
            ]
          },
        })
    },
  },
  {
    name: 'a watch repeats events after a reconnect',
    plant: () => target =>
      wrap(target, {
        watch: (group, after, onRecord, signal) => target.watch(group, Math.max(1, after - 3), onRecord, signal),
      }),
  },
  {
    name: 'a watch goes backwards after a reconnect',
    plant: () => target =>
      wrap(target, {
        watch(group, after, onRecord, signal) {
          if (after > 40) onRecord({ type: 'BOOKMARK', revision: after - 30 })
          return target.watch(group, after, onRecord, signal)
        },
      }),
  },
  {
    name: 'a watch begins at the newest revision after a reconnect',
    plant: () => target =>
      wrap(target, {
        async watch(group, after, onRecord, signal) {
          const newest = (await target.list(undefined, 1_000))?.[0]?.revision ?? after
          return target.watch(group, newest, onRecord, signal)
        },
      }),
  },
  {
    name: 'a watch forgets a deletion',
    plant() {
      const now = rarely()
      return target =>
        onRecords(target, (record, pass) => {
          if (record.type !== 'DELETED' || !now()) pass(record)
        })
    },
  },
  {
    name: 'a read finds what nobody wrote',
    plant() {
      const now = rarely()
      return target =>
        wrap(target, {
          async read(key) {
            const answer = await target.read(key)
            return answer?.found !== undefined && now() ? { found: { ...answer.found, value: 'of nobody', revision: 1_000_000 } } : answer
          },
        })
    },
  },
  {
    name: 'a write without an answer is applied twice',
    plant() {
      const now = rarely()
      return target =>
        wrap(target, {
          async write(write: RequestedWrite): Promise<WriteAnswer> {
            const answer = await target.write(write)
            if (answer.revision === undefined || write.key.includes('end') || !now()) return answer
            await target.write({ ...write, expected: answer.revision })
            return { outcome: 'unknown' }
          },
        })
    },
  },
  {
    name: 'a write of the current version is refused',
    plant() {
      const now = rarely()
      return target =>
        wrap(target, {
          write: async write => (write.expected !== 0 && now() ? { outcome: 'refused' } : target.write(write)),
        })
    },
  },
  {
    name: 'a refused write is applied',
    plant() {
      const now = rarely()
      return target =>
        wrap(target, {
          async write(write) {
            const answer = await target.write(write)
            return answer.outcome === 'ok' && write.value !== undefined && !write.key.includes('end') && now()
              ? { outcome: 'refused' }
              : answer
          },
        })
    },
  },
]
