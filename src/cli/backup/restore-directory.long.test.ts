import assert from 'node:assert/strict'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateX25519Identity } from 'age-encryption'
import { startBackups } from '../../backup/backup.testing.ts'
import { readChain } from '../../backup/chain.ts'
import { packOpener } from '../../backup/format/open-pack.ts'
import { planRestore } from '../../backup/restore-plan.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { smallDisk, whyNoSmallDisk } from '../../base/testing/small-disk.testing.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { configMaps } from '../../client/resources.ts'
import { signerSealer, signerStoreHeads } from '../../cluster/signer-sealer.ts'
import { openFileSigner } from '../../signer/file-signer.ts'
import { restoredGap } from '../../store/records/store-head.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { lockFile } from '../up/directory-lock.ts'
import { restoreDirectory } from './restore-directory.ts'

test('restoreDirectory() makes a store that opens, above all revisions, and refuses every other place', async t => {
  await using all = await startBackups()
  const { cluster, backups, signal, key, identity } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  const made = await cluster.client.create(configMaps, 'default', { metadata: { name: 'kept' }, data: { a: 'b' } }, signal)
  await backups.request(false, undefined)
  await using target = await all.target()
  const chain = await readChain(target, { key }, signal)
  const plan = planRestore(chain)
  const folder = mkdtempSync(join(tmpdir(), 'restore-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const options = { target, chain, plan, open: packOpener([identity]) }

  await t.test('the objects keep their revisions, and the signer knows the new head', async () => {
    const to = join(folder, 'new')
    const { objects, hasKeys } = await restoreDirectory({ ...options, to }, signal)
    assert.deepEqual([objects, hasKeys], [plan.objects, false])
    takeBack(to)
    await using signer = await openFileSigner({ directory: join(to, 'signer'), clock: systemClock, log: silentLogger })
    await using store = await openSqliteStore({
      ...{ directory: join(to, 'server'), sealer: signerSealer(signer, signal), heads: signerStoreHeads(signer, signal), mustExist: true },
      ...{ clock: systemClock, log: silentLogger },
    })
    const found = store.collection({ groupResource: 'configmaps' }).get('default', 'kept')
    assert.equal(found?.revision, Number(made.metadata.resourceVersion))
    assert.ok(store.revision > restoredGap)
    assert.equal((await signer.backupHead('here', signal))?.number, chain.newest?.link.number)
  })

  await t.test('a directory with something in it, or with a running cluster, is refused', async () => {
    const used = join(folder, 'used')
    mkdirSync(join(used, 'run'), { recursive: true })
    writeFileSync(join(used, 'mine'), 'x')
    await assert.rejects(restoreDirectory({ ...options, to: used }, signal), /is not empty: restore into a new directory/)
    using _running = lockFile(join(used, 'run', 'up.lock'))
    await assert.rejects(restoreDirectory({ ...options, to: used }, signal), /A cluster runs in ".*": nothing is restored over it/)
    assert.ok(existsSync(join(used, 'mine')))
  })

  await t.test('another identity opens nothing, and nothing is left', async () => {
    const to = join(folder, 'other')
    const open = packOpener([await generateX25519Identity()])
    await assert.rejects(restoreDirectory({ ...options, open, to }, signal), /identity is of none of its recipients/)
    assert.deepEqual([existsSync(to), existsSync(`${to}.restoring`)], [false, false])
  })

  await t.test('what an interrupted restore left is replaced', async () => {
    const to = join(folder, 'again')
    mkdirSync(`${to}.restoring`)
    writeFileSync(join(`${to}.restoring`, 'half'), 'x')
    await restoreDirectory({ ...options, to }, signal)
    assert.deepEqual([existsSync(join(to, 'half')), existsSync(`${to}.restoring`)], [false, false])
  })

  await t.test('a full disk is named, and nothing is left', { skip: whyNoSmallDisk }, async inner => {
    const to = join(smallDisk(inner, 256 * 1024), 'd')
    await assert.rejects(
      restoreDirectory({ ...options, to }, signal),
      /The disk of ".*" is full: free some space or choose another one with --to/,
    )
    assert.equal(existsSync(to), false)
  })
})

/** If root restores, the folders are those of the parts. */
function takeBack(folder: string): void {
  const user = process.getuid?.() ?? 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    chownSync(join(entry.parentPath, entry.name), user, user)
}
