import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import type { CommitLog } from './commit-log.ts'
import { CommitQueue } from './commit-queue.ts'
import { must, put, record, remove, testResource } from './objects.fixture.ts'
import { WriteFailed } from './store.ts'
import type { DecidedWrite } from './watch-cache.ts'

/** A log whose groups wait until the test decides about them. */
class HeldLog implements CommitLog {
  readonly bytes = 0
  readonly groups: { revisions: number[]; resolve(): void; reject(err: Error): void }[] = []

  append(group: readonly DecidedWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.groups.push({ revisions: group.map(({ entry }) => entry.revision), resolve, reject })
    })
  }

  async close(): Promise<void> {
    this.groups.length = 0
  }
}

function newQueue() {
  const log = new HeldLog()
  const queue = new CommitQueue({ clock: systemClock, log: silentLogger, commitLog: log })
  return { log, queue, pods: queue.collection(testResource) }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('CommitQueue', () => {
  it('sends a single write at once, and all that arrive meanwhile as one group', async () => {
    const { log, queue, pods } = newQueue()
    const writes = [put(pods, 'a')]
    await turn()
    writes.push(put(pods, 'b'), put(pods, 'c'))
    await turn()
    writes.push(put(pods, 'a'))
    await turn()
    assert.deepEqual(
      log.groups.map(group => group.revisions),
      [[2]],
    )
    log.groups[0]?.resolve()
    await turn()
    assert.deepEqual(
      log.groups.map(group => group.revisions),
      [[2], [3, 4, 5]],
    )
    assert.equal(queue.revision, 2)
    log.groups[1]?.resolve()
    await Promise.all(writes)
    assert.equal(queue.revision, 5)
  })

  it('sends large objects in groups of a bounded size, and those who follow them get what was written', async () => {
    const { log, queue, pods } = newQueue()
    const known: unknown[] = []
    pods
      .watch({ after: queue.revision })
      .onEvents(events => known.push(...events.map(({ event }) => event.entry.objectAtHand !== undefined)))
    const data = { text: 'x'.repeat(100_000) }
    const writes = ['first', 'a', 'b', 'c', 'd', 'e'].map(name => put(pods, name, { data }))
    for (let i = 0; i < 50; i++) writes.push(put(pods, `small-${i}`))
    const sizes: number[] = []
    while (queue.revision < 57) {
      await turn()
      const group = log.groups.shift()
      if (group === undefined) continue
      sizes.push(group.revisions.length)
      group.resolve()
    }
    await Promise.all(writes)
    assert.deepEqual(sizes, [2, 2, 52])
    assert.deepEqual(known, Array(56).fill(true))
  })

  it('reports a stalled disk while a group takes too long', async () => {
    const log = new HeldLog()
    let time = 0
    let wake = (): void => undefined
    const sleep = () =>
      new Promise<void>(resolve => {
        wake = resolve
      })
    const queue = new CommitQueue({ clock: { now: () => time, monotonic: () => time, sleep }, log: silentLogger, commitLog: log })
    const write = put(queue.collection(testResource), 'a')
    await turn()
    assert.equal(queue.stalled, false)
    time = 5000
    wake()
    await turn()
    assert.equal(queue.stalled, true)
    log.groups[0]?.resolve()
    await write
    assert.equal(queue.stalled, false)
  })

  it('shows nothing of a group before it is durable, and then all of it at once', async () => {
    const { log, queue, pods } = newQueue()
    const seen = record(pods.watch({ after: 1 }))
    const writes = [put(pods, 'a'), put(pods, 'b'), remove(pods, 'a')]
    const settled = queue.settled()
    await turn()
    assert.deepEqual([pods.size, pods.list({}).revision, seen.events.length], [0, 1, 0])
    log.groups[0]?.resolve()
    await settled
    assert.deepEqual(seen.types(), ['ADDED a', 'ADDED b', 'DELETED a'])
    assert.deepEqual([pods.size, pods.list({}).revision], [1, 4])
    await Promise.all(writes)
  })

  it('rolls back a group that failed temporarily, and every write decided on top of it', async () => {
    const { log, queue, pods } = newQueue()
    const seen = record(pods.watch({ after: 1 }))
    const outcomes = [put(pods, 'a'), put(pods, 'b')].map(outcome)
    await turn()
    outcomes.push(outcome(put(pods, 'a')))
    const settled = queue.settled()
    log.groups[0]?.reject(new WriteFailed('the disk is full', { retriable: true }))
    assert.deepEqual(await Promise.all(outcomes), Array(3).fill('the disk is full'))
    await settled
    assert.equal(pods.newest('default', 'a'), undefined)
    const again = put(pods, 'a')
    await turn()
    assert.deepEqual(must(log.groups[1]).revisions, [2])
    log.groups[1]?.resolve()
    assert.equal((await again).revision, 2)
    assert.deepEqual(seen.types(), ['ADDED a'])
  })

  it('refuses writes after a permanent failure, reports it once, and still answers reads', async () => {
    const { log, queue, pods } = newQueue()
    const failures: string[] = []
    queue.onFailure(err => failures.push(err.message))
    const first = put(pods, 'a')
    await turn()
    log.groups[0]?.resolve()
    await first
    const outcomes = [outcome(put(pods, 'a'))]
    await turn()
    outcomes.push(outcome(put(pods, 'b')))
    log.groups[1]?.reject(new Error('EIO'))
    assert.deepEqual(await Promise.all(outcomes), Array(2).fill('The write could not be stored'))
    assert.throws(() => put(pods, 'c'), /^WriteFailed: The write could not be stored$/)
    assert.deepEqual(failures, ['The write could not be stored'])
    assert.equal(pods.list({}).entries.length, 1)
    assert.equal(pods.newest('default', 'a')?.revision, 2)
    assert.equal(log.groups.length, 2)
  })

  it('closes even if the last group fails meanwhile', async () => {
    for (const retriable of [true, false]) {
      const { log, queue, pods } = newQueue()
      const last = outcome(put(pods, 'a'))
      await turn()
      const closing = queue[Symbol.asyncDispose]()
      log.groups[0]?.reject(new WriteFailed('no', { retriable }))
      assert.equal(await last, 'no')
      await closing
    }
  })
})

/** The message of a rejection. */
function outcome(write: Promise<unknown>): Promise<string> {
  return write.then(
    () => 'stored',
    (err: unknown) => (err instanceof WriteFailed ? err.message : String(err)),
  )
}
