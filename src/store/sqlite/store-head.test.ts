import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { keys, put, testResource } from '../objects.fixture.ts'
import { testSealer } from '../records/sealer.testing.ts'
import type { StoreHead, StoreHeads } from '../records/store-head.ts'
import { RevisionCompacted } from '../store.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'

const root = await mkdtemp(join(tmpdir(), 'bulkhead-head-'))
after(() => rm(root, { recursive: true }))
const open = (directory: string, options: Partial<SqliteStoreOptions>) =>
  openSqliteStore({ directory, sealer: testSealer(), clock: systemClock, log: silentLogger, ...options })

describe('openSqliteStore() with a head that is kept elsewhere', () => {
  it('updates it, refuses an older state, and accepts one on request', async () => {
    const [directory, older] = [join(root, 'store'), join(root, 'older')]
    let newest: StoreHead | undefined
    const heads: StoreHeads = {
      newest: async () => newest,
      keep: async head => {
        newest = head
      },
    }
    const write = async (name: string) => {
      await using store = await open(directory, { heads })
      await put(store.collection(testResource), name)
      return store.revision
    }
    await write('first')
    await cp(directory, older, { recursive: true })
    const last = await write('second')
    assert.equal(newest?.revision, last)
    // As an attacker with access to the folder, or a wrong backup, would do.
    await rm(directory, { recursive: true })
    await cp(older, directory, { recursive: true })
    await assert.rejects(
      open(directory, { heads }),
      /the signer knows revision \d+: the store was restored to an earlier state, .*--accept-restored-store/,
    )
    assert.equal(newest?.revision, last)
    {
      await using store = await open(directory, { heads, acceptRestored: true })
      const pods = store.collection(testResource)
      assert.deepEqual(keys(pods.list({}).entries), ['default/first'])
      assert.ok(store.revision > last + 1_000_000)
      // A client that saw lost writes lists again.
      assert.throws(() => pods.watch({ after: last }), RevisionCompacted)
      await put(pods, 'third')
    }
    await using store = await open(directory, { heads })
    assert.deepEqual(keys(store.collection(testResource).list({}).entries), ['default/first', 'default/third'])
  })
})
