// A cluster in this process whose changes go to a target in a folder.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { startClusterParts } from '../cluster/start-cluster.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import { apiSource, signerLinks } from './connect-source.ts'
import { TargetBackups, type TargetBackupsOptions } from './target-backups.ts'
import { openFolderTarget } from './targets/folder-target.ts'
import type { Target } from './targets/target.ts'

export async function startBackups(overrides: Partial<TargetBackupsOptions> = {}) {
  const stack = new AsyncDisposableStack()
  const stop = new AbortController()
  const folder = mkdtempSync(join(tmpdir(), 'backup-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const signer = createMemorySigner()
  const { cluster, server } = await startClusterParts({ simulatedNodes: 0, controllers: false }, { signer })
  stack.use(cluster)
  const transport = stack.use(server.transportFor({ name: 'backup', groups: ['system:masters'] }))
  const identity = await generateX25519Identity()
  const key: KeyObject = createPublicKey((await signer.evidenceKey(stop.signal)).publicKey)
  const options: TargetBackupsOptions = {
    ...{
      name: 'here',
      cluster: 'c'.repeat(64),
      key,
      recipients: [await identityToRecipient(identity)],
      clock: systemClock,
      log: silentLogger,
    },
    signer: signerLinks(signer),
    source: apiSource(transport, signer),
    open: (): Promise<Target> => openFolderTarget(folder),
    verified: () => new Set(),
    ...overrides,
  }
  const backups = new TargetBackups(options)
  const ended = new AbortController()
  const running = backups.run(AbortSignal.any([stop.signal, ended.signal]))
  stack.defer(async () => {
    stop.abort(new Error('The test has ended'))
    await running
  })
  return {
    ...{ cluster, server, signer, backups, folder, identity, key, options },
    signal: stop.signal,
    target: () => options.open(stop.signal),
    stopBackups: async () => {
      ended.abort(new Error('The part ends'))
      await running
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
