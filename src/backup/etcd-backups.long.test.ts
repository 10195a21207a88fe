// Backups of a cluster whose store is in etcd: the same feed, and a restore into a data directory.
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { restoreDirectory } from '../cli/backup/restore-directory.ts'
import { problemsOf, verifyBackup } from '../cli/backup/verify-backup.ts'
import { Client } from '../client/client.ts'
import { configMaps } from '../client/resources.ts'
import { bootstrap } from '../cluster/bootstrap/bootstrap.ts'
import { openControlPlane } from '../cluster/control-plane.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import { noEtcd, startEtcd } from '../store/etcd/etcd.testing.ts'
import { openEtcdStore } from '../store/etcd/etcd-store.ts'
import { testSealer } from '../store/records/sealer.testing.ts'
import { readChain } from './chain.ts'
import { apiSource, signerLinks } from './connect-source.ts'
import { packOpener } from './format/open-pack.ts'
import { planRestore } from './restore-plan.ts'
import { TargetBackups } from './target-backups.ts'
import { openFolderTarget } from './targets/folder-target.ts'

test('a cluster on etcd is backed up, and restored to a write into a data directory', { skip: noEtcd }, async t => {
  await using etcd = await startEtcd()
  const folder = mkdtempSync(join(tmpdir(), 'etcd-backup-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const stop = new AbortController()
  const { signal } = stop
  const signer = createMemorySigner()
  await using store = await openEtcdStore({
    ...{ etcd, prefix: '/backed-up/', cluster: 'test', sealer: testSealer(), clock: systemClock, log: silentLogger },
    identity: { id: 'one', address: 'https://127.0.0.1:6443' },
  })
  await using server = await openControlPlane({
    ...{ store, signer, audit: { record: () => undefined }, profile: 'secure', serviceCidr: '10.96.0.0/16' },
    ...{ clock: systemClock, log: silentLogger, metrics: createRegistry(), signal },
  })
  await bootstrap({ server, store, signer, namespaceDefaults: false, signal })
  await using transport = server.transportFor({ name: 'backup', groups: ['system:masters'] })
  const client = new Client(transport)
  const identity = await generateX25519Identity()
  const key = createPublicKey((await signer.evidenceKey(signal)).publicKey)
  const recipients = [await identityToRecipient(identity)]
  const target = await openFolderTarget(folder)
  const backups = new TargetBackups({
    ...{ name: 'here', cluster: 'c'.repeat(64), key, recipients, clock: systemClock, log: silentLogger, verified: () => new Set() },
    ...{ signer: signerLinks(signer), source: apiSource(transport, signer), open: () => openFolderTarget(folder) },
  })
  const ended = new AbortController()
  const running = backups.run(ended.signal)
  await until(() => backups.state.problem === undefined, 'the first backup')
  const create = async (name: string) => {
    const made = await client.create(configMaps, 'default', { metadata: { name }, data: { value: name } }, signal)
    return Number(made.metadata.resourceVersion)
  }
  const first = await create('one')
  await client.delete(configMaps, 'default', 'one', {}, signal)
  await create('two')
  await backups.request(false, undefined)
  ended.abort(new Error('The test has its backups'))
  await running

  const chain = await readChain(target, { key }, signal)
  const compared: number[] = []
  for (const revision of [first, undefined]) {
    const plan = planRestore(chain, { revision })
    const result = await verifyBackup({ target, plan, identities: [identity] }, signal)
    assert.deepEqual(problemsOf(result, plan.objects), [])
    compared.push(result.compared)
  }
  const plan = planRestore(chain, { revision: first })
  const restored = await restoreDirectory({ target, chain, plan, open: packOpener([identity]), to: join(folder, 'restored') }, signal)
  assert.equal(restored.objects, compared[0])
  stop.abort(new Error('The test has ended'))
})
