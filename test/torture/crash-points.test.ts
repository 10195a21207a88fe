// A control plane's state is killed before each call that changes its disk: the next start has all that was acknowledged.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AuditLog } from '../../src/access/audit/audit-log.ts'
import { verifyAuditLog } from '../../src/access/audit/verify-log.testing.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { checkpointSignerOf } from '../../src/cluster/audit-signer.ts'
import { signerSealer, signerStoreHeads } from '../../src/cluster/signer-sealer.ts'
import { openFileSigner } from '../../src/signer/file-signer.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { run } from '../cluster.ts'
import { type CrashPoint, crashPoints } from './crash-points.ts'
import { auditEventOf } from './crash-state.ts'

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url))
const skip = existsSync('/usr/bin/strace') ? false : 'not installed: /usr/bin/strace (Debian package strace)'
const never = new AbortController().signal
const common = { clock: systemClock, log: silentLogger }
/** Most of the time is that of starting processes. */
const atOnce = 4

/** What the child acknowledged before it was killed. Rejects if it reached its end. */
async function killedAt({ name, path, call, nth }: CrashPoint, directory: string): Promise<readonly string[]> {
  const tracing = [
    '-f',
    '-qqq',
    '-o',
    '/dev/null',
    '-P',
    join(directory, path),
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:signal=KILL:when=${nth}`,
  ]
  // Calls are counted by thread: with one thread for files each has its number.
  const environment = { UV_THREADPOOL_SIZE: '1' }
  const { code, stdout, stderr } = await run('strace', [...tracing, process.execPath, child, directory], { environment })
  assert.equal(code, 'SIGKILL', `${name} was not hit: ${stdout} ${stderr}`)
  return stdout.split('\n')
}

const follows = (lines: readonly string[], word: string): string[][] =>
  lines.filter(line => line.startsWith(`${word} `)).map(line => line.split(' ').slice(1))

async function assertNothingLost(directory: string, lines: readonly string[]): Promise<void> {
  for (const folder of ['signer', 'server']) mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 })
  await using signer = await openFileSigner({ directory: join(directory, 'signer'), ...common })
  for (const [key] of follows(lines, 'key')) {
    // The words of its first and last line are divided too.
    assert.ok((await signer.auditKey(never)).publicKey.startsWith(`${key} PUBLIC`))
  }
  for (const [volume = ''] of follows(lines, 'volume')) assert.ok(existsSync(join(directory, 'signer', 'volumes', `${volume}.key`)), volume)
  {
    await using store = await openSqliteStore({
      ...{ directory: join(directory, 'server'), sealer: signerSealer(signer, never), heads: signerStoreHeads(signer, never), ...common },
    })
    const maps = store.collection({ groupResource: 'configmaps' })
    for (const [name = '', revision] of follows(lines, 'stored'))
      assert.ok((maps.get('default', name)?.revision ?? 0) >= Number(revision), `${name} at ${revision}`)
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'after' } }
    const { revision } = await maps.write({ namespace: 'default', name: 'after', expected: undefined, object })
    for (const [, before] of follows(lines, 'stored')) assert.ok(revision > Number(before))
  }
  const logs = join(directory, 'server', 'audit')
  {
    await using audit = await AuditLog.open({ directory: logs, signer: await checkpointSignerOf(signer, never), ...common })
    await audit.record(auditEventOf('after'))
  }
  const { problems, events } = await verifyAuditLog(logs)
  assert.deepEqual(problems, [])
  const recorded = new Set(events.map(event => event['auditID']))
  for (const [id] of [...follows(lines, 'recorded'), ['after']]) assert.ok(recorded.has(id), id)
}

test('there are at least 72 crash points, each with a name of its own', () => {
  assert.ok(crashPoints.length >= 72, String(crashPoints.length))
  assert.equal(new Set(crashPoints.map(({ name }) => name)).size, crashPoints.length)
})

test('nothing acknowledged is lost at any crash point', { skip, concurrency: atOnce }, async t => {
  await Promise.all(
    crashPoints.map(point =>
      t.test(point.name, async () => {
        const directory = mkdtempSync(join(tmpdir(), 'bulkhead-crash-'))
        try {
          await assertNothingLost(directory, await killedAt(point, directory))
        } finally {
          rmSync(directory, { recursive: true })
        }
      }),
    ),
  )
})
