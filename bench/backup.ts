// Backups of 100,000 objects in one process: full backup, increment of a minute's writes, age of the restore point under load, verification in the
// process without rights, and restore into a new data directory. Arguments: number of objects, writes per second.
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import type { KubeObject } from '../src/api/object.ts'
import { readChain } from '../src/backup/chain.ts'
import { apiSource, signerLinks } from '../src/backup/connect-source.ts'
import { packOpener } from '../src/backup/format/open-pack.ts'
import { planRestore } from '../src/backup/restore-plan.ts'
import { TargetBackups } from '../src/backup/target-backups.ts'
import { openFolderTarget } from '../src/backup/targets/folder-target.ts'
import { systemClock } from '../src/base/clock.ts'
import { silentLogger } from '../src/base/log.ts'
import { createRegistry } from '../src/base/metrics/metrics.ts'
import { restoreDirectory } from '../src/cli/backup/restore-directory.ts'
import { problemsOf, verifyBackup } from '../src/cli/backup/verify-backup.ts'
import { openControlPlane } from '../src/cluster/control-plane.ts'
import { createMemorySigner } from '../src/signer/memory-signer.ts'
import { openRestoredMemory } from '../src/store/restored-memory.ts'

const [count = 100_000, perSecond = 1000] = process.argv.slice(2).map(Number)
const loadSeconds = 10
const stop = new AbortController()
const { signal } = stop
const folder = mkdtempSync(join(tmpdir(), 'bench-backup-'))
await using stack = new AsyncDisposableStack()
stack.defer(() => rmSync(folder, { recursive: true, force: true }))

const configMap = (name: string, revision: number, value: string): KubeObject & { data: object } => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap' },
  metadata: {
    name,
    namespace: 'default',
    uid: crypto.randomUUID(),
    resourceVersion: String(revision),
    labels: { app: `app-${revision % 50}` },
  },
  data: { value, config: `log_level: info\nreplicas: ${revision % 7}\nendpoint: https://service-${revision}.example.com/path\n`.repeat(8) },
})
const objects = Array.from({ length: count }, (_, index) => {
  const revision = index + 10
  const name = `object-${String(index).padStart(7, '0')}`
  const bytes = Buffer.from(JSON.stringify(configMap(name, revision, crypto.randomUUID())))
  return { groupResource: 'configmaps', namespace: 'default', name, revision, bytes, labels: { app: `app-${revision % 50}` } }
})
const namespace = Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', resourceVersion: '2' } }))
objects.push({ groupResource: 'namespaces', namespace: '', name: 'default', revision: 2, bytes: namespace, labels: { app: '' } })
const store = stack.use(openRestoredMemory(objects, count + 20))
const signer = createMemorySigner()
const server = stack.use(
  await openControlPlane({
    ...{ store, signer, audit: { record: () => undefined }, profile: 'secure', serviceCidr: '10.96.0.0/16' },
    ...{ clock: systemClock, log: silentLogger, metrics: createRegistry(), signal, offline: true },
  }),
)
const transport = stack.use(server.transportFor({ name: 'backup', groups: ['system:masters'] }))
const identity = await generateX25519Identity()
const key = createPublicKey((await signer.evidenceKey(signal)).publicKey)
const backups = new TargetBackups({
  ...{
    name: 'bench',
    cluster: 'c'.repeat(64),
    key,
    recipients: [await identityToRecipient(identity)],
    clock: systemClock,
    log: silentLogger,
  },
  ...{ signer: signerLinks(signer), source: apiSource(transport, signer), verified: () => new Set(), open: () => openFolderTarget(folder) },
})
const bytes = () => readdirSync(join(folder, 'packs')).reduce((sum, name) => sum + statSync(join(folder, 'packs', name)).size, 0)
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const seconds = (from: number) => ((performance.now() - from) / 1000).toFixed(2)
const report = (what: string, value: string) => console.log(`${what.padEnd(46)} ${value}`)

report('objects, bytes of their JSON', `${count}, ${(objects.reduce((sum, object) => sum + object.bytes.length, 0) / 1e6).toFixed(0)} MB`)
let began = performance.now()
const running = backups.run(signal)
while (backups.state.problem !== undefined) await pause(5)
report('full backup', `${seconds(began)} s, ${(bytes() / 1e6).toFixed(1)} MB`)

const collection = store.collection({ groupResource: 'configmaps', fieldsVersion: -1 })
let written = 0
async function write(): Promise<void> {
  const name = `object-${String(written++ % count).padStart(7, '0')}`
  const expected = collection.newest('default', name)
  await collection.write({ namespace: 'default', name, expected, object: configMap(name, store.revision, crypto.randomUUID()) })
}
for (let index = 0; index < 600; index++) await write()
began = performance.now()
await backups.request(false, undefined)
report('increment of 600 writes', `${seconds(began)} s`)
let oldest = 0
const until = performance.now() + loadSeconds * 1000
let done = 0
while (performance.now() < until) {
  const due = Math.floor(((performance.now() - until + loadSeconds * 1000) / 1000) * perSecond)
  for (; done < due; done++) await write()
  oldest = Math.max(oldest, Date.now() - (backups.state.reachedAt ?? 0))
  await pause(2)
}
report(`oldest restore point at ${perSecond} writes/s`, `${(oldest / 1000).toFixed(2)} s (${Math.round(done / loadSeconds)} writes/s done)`)
began = performance.now()
const { link } = await backups.request(true, undefined)
report('second full backup, mostly stored already', `${seconds(began)} s, ${(bytes() / 1e6).toFixed(1)} MB in all`)
stop.abort(new Error('The bench has measured'))
await running
const limit = AbortSignal.timeout(600_000)
await using target = await openFolderTarget(folder)
const chain = await readChain(target, { key }, limit)
const plan = planRestore(chain, { backup: link.number })
began = performance.now()
const result = await verifyBackup({ target, plan, identities: [identity] }, limit)
report('shadow verification', `${seconds(began)} s, ${result.compared} objects, ${problemsOf(result, plan.objects).length} problems`)
began = performance.now()
await restoreDirectory({ target, chain, plan, open: packOpener([identity]), to: join(folder, 'restored') }, limit)
report('restore into a new data directory', `${seconds(began)} s`)
