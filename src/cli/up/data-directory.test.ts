import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { recordSyncs } from '../../base/testing/record-syncs.testing.ts'
import { UserError } from '../../base/user-error.ts'
import { requestStatus, takeControlSocket, type UpStatus } from './control-socket.ts'
import { layout, takeDataDirectory } from './data-directory.ts'

describe('the data directory', () => {
  let path: string

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'up-'))
    chmodSync(path, 0o755)
  })

  afterEach(() => rmSync(path, { recursive: true }))

  const status: UpStatus = { version: '1', pid: 42, server: 'https://a', profile: 'secure', pluginsOff: [], parts: [] }

  async function take(): Promise<void> {
    const { lock } = await takeDataDirectory(path, undefined)
    lock[Symbol.dispose]()
  }

  test('takeDataDirectory() creates the folders once, and refuses another version and a too long path', async () => {
    await take()
    assert.equal(statSync(layout(path).signer).mode & 0o777, 0o700)
    await take()
    writeFileSync(join(path, 'version'), '99\n')
    await assert.rejects(take(), /has data version "99", but this Bulkhead reads version 1/)
    await assert.rejects(takeDataDirectory(join(path, 'x'.repeat(100)), undefined), /is too long/)
  })

  const failing: readonly [what: string, err: object, message: RegExp][] = [
    ['a full disk', { errcode: 13 }, /The disk of the data directory ".*" is full: free some space/],
    ['a full disk, by its number', { errno: -constants.errno.ENOSPC, code: 'ENOSPC' }, /is full: free some space/],
    ['a quota', { errno: -constants.errno.EDQUOT }, /is full: free some space/],
    ['a disk that fails', { errcode: 10 | (4 << 8) }, /The disk of the data directory ".*" fails: the call failed. Fix it/],
  ]
  for (const [what, facts, message] of failing) {
    test(`takeDataDirectory() reports ${what} in a sentence`, async t => {
      t.mock.method(DatabaseSync.prototype, 'exec', () => {
        throw Object.assign(new Error('the call failed'), facts)
      })
      await assert.rejects(take(), err => err instanceof UserError && message.test(err.message))
    })
  }

  test('takeDataDirectory() has synced all names that it created when it resolves', async t => {
    const made = join(path, 'a', 'b')
    const synced = await recordSyncs(t, layout(made).dns)
    const { lock } = await takeDataDirectory(made, undefined)
    lock[Symbol.dispose]()
    const paths = synced.map(one => one.path)
    for (const folder of [path, join(path, 'a'), made]) assert.ok(paths.includes(folder), `${folder} is synced`)
    assert.deepEqual(synced.at(-1), { path: made, named: true })
  })

  for (const [name, content] of [
    ['nothing', ''],
    ['zeros', '\0\0'],
  ] as const) {
    test(`takeDataDirectory() treats a version file with ${name} after a power cut as missing`, async () => {
      await take()
      writeFileSync(join(path, 'version'), content)
      await take()
      assert.equal(readFileSync(join(path, 'version'), 'utf8'), '1\n')
    })
  }

  test('takeDataDirectory() gives the directory to exactly one of several callers, and changes nothing for the others', async () => {
    const takes = await Promise.allSettled(Array.from({ length: 8 }, () => takeDataDirectory(path, undefined)))
    const taken = takes.flatMap(result => (result.status === 'fulfilled' ? [result.value.lock] : []))
    const refused = takes.flatMap(result => (result.status === 'rejected' ? [String(result.reason)] : []))
    assert.equal(taken.length, 1)
    assert.deepEqual(new Set(refused), new Set([refusalBy('another process')]))
    // The running one has already set up its folders.
    rmSync(layout(path).signer, { recursive: true })
    await using _socket = await takeControlSocket(layout(path).supervisorSocket, () => status)
    await assert.rejects(take(), err => String(err) === refusalBy('process 42'))
    assert.equal(existsSync(layout(path).signer), false)
    for (const lock of taken) lock[Symbol.dispose]()
    await take()
    assert.equal(existsSync(layout(path).signer), true)
  })

  const refusalBy = (who: string) =>
    `UserError: This data directory is in use by ${who}: stop it first, or choose another directory with --data-dir`

  test('takeDataDirectory() creates a lock that only its owner can open', async () => {
    await take()
    assert.equal(statSync(layout(path).lock).mode & 0o777, 0o600)
  })

  test('takeControlSocket() refuses if another process answers, and gives its state', async () => {
    const socket = join(path, 'up.sock')
    {
      await using _taken = await takeControlSocket(socket, () => status)
      assert.deepEqual(await requestStatus(socket), status)
      await assert.rejects(
        takeControlSocket(socket, () => status),
        /in use by process 42/,
      )
    }
    assert.equal(await requestStatus(socket), undefined)
    // What a killed process leaves behind does no harm.
    writeFileSync(socket, '')
    await using _again = await takeControlSocket(socket, () => status)
  })

  test('requestStatus() reports a process that does not answer, and gives undefined if it ends without an answer', async () => {
    const socket = join(path, 'up.sock')
    let answers = false
    const server = createServer(connection => void (answers && connection.end())).listen(socket)
    await once(server, 'listening')
    await assert.rejects(
      requestStatus(socket, 10),
      /UserError: The "bulkhead up" that listens on ".*up\.sock" does not answer: it is stopped or hangs/,
    )
    answers = true
    assert.equal(await requestStatus(socket), undefined)
    server.close()
  })
})
