// What keeps state on a control plane's disk, in one process that a crash test kills: the signer's keys and heads, the store, and the audit
// log. Prints what it acknowledges, one line each. Argument: the directory.
import { mkdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { AuditLog } from '../../src/access/audit/audit-log.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { checkpointSignerOf } from '../../src/cluster/audit-signer.ts'
import { signerSealer, signerStoreHeads } from '../../src/cluster/signer-sealer.ts'
import { openFileSigner } from '../../src/signer/file-signer.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { auditEventOf } from './crash-state.ts'

const directory = process.argv[2] ?? ''
/** Enough for each kind of write to happen a few times. */
const rounds = 12
const large = 'x'.repeat(100_000)

// Synchronous: what is printed was acknowledged before the kill.
const print = (line: string) => writeSync(1, `${line}\n`)
const never = new AbortController().signal
const common = { clock: systemClock, log: silentLogger }

for (const name of ['signer', 'server']) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 })
await using signer = await openFileSigner({ directory: join(directory, 'signer'), ...common, auditEpochMs: 50 })
print(`key ${(await signer.auditKey(never)).publicKey.replaceAll('\n', '')}`)
await using store = await openSqliteStore({
  ...{ directory: join(directory, 'server'), sealer: signerSealer(signer, never), heads: signerStoreHeads(signer, never) },
  ...{ ...common, keep: { revisions: 5 }, recordsPerKey: 4 },
})
await using audit = await AuditLog.open({
  ...{ directory: join(directory, 'server', 'audit'), signer: await checkpointSignerOf(signer, never) },
  ...{ ...common, maxFileBytes: 4_000 },
})
const maps = store.collection({ groupResource: 'configmaps' })
for (let round = 0; round < rounds; round++) {
  await signer.makeVolumeKey(`v${round}`, 'n1', never)
  print(`volume v${round}`)
  for (const name of ['small', 'large', `only-${round}`]) {
    const data = { round: String(round), ...(name === 'large' ? { text: large } : {}) }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data }
    const { revision } = await maps.write({ namespace: 'default', name, expected: maps.newest('default', name), object })
    print(`stored ${name} ${revision}`)
    await audit.record(auditEventOf(`${name}-${round}`))
    print(`recorded ${name}-${round}`)
  }
}
print('done')
