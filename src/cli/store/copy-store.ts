// `bulkhead store copy`: moves the objects of a stopped cluster between its data directory and etcd.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../base/clock.ts'
import { createConfig, parseSettings, thisMachine } from '../../base/config/config.ts'
import { createLogger } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import type { StoreCopyResult, StoreCopySettings } from '../parts/store-copy.ts'
import { clusterAddresses } from '../up/addresses.ts'
import { layout, takeDataDirectory } from '../up/data-directory.ts'
import { part, signerDefinition } from '../up/part-definitions.ts'
import { partIdentity } from '../up/part-identities.ts'
import { readEtcd } from '../up/read-etcd.ts'
import { runtimeFor } from '../up/runtime.ts'
import { Supervisor } from '../up/supervisor.ts'

export interface CopyFlags {
  readonly from: 'sqlite' | 'etcd'
  readonly to: 'sqlite' | 'etcd'
  readonly dataDir?: string
  readonly etcdServers?: string
  readonly etcdCa?: string
  readonly etcdCert?: string
  readonly etcdKey?: string
}

/** Rejects with a UserError if the cluster runs, the target is not empty, or the copy differs. */
export async function copyStore({ from, to, ...flags }: CopyFlags, print: (text: string) => void): Promise<void> {
  if (from === to) throw new UserError('--from and --to must differ: one is sqlite, the other etcd')
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
  const config = createConfig(thisMachine(process.env), parseSettings('flags', { ...given, store: 'etcd', simulatedNodes: 0 }))
  const etcd = await readEtcd(config.etcd, systemClock.now())
  if (etcd === undefined) throw new Error('The settings of etcd are missing')
  if (!existsSync(config.dataDirectory))
    throw new UserError(`The data directory "${config.dataDirectory}" does not exist: choose it with --data-dir`)
  const identity = process.getuid?.() === 0 ? partIdentity(config.dataDirectory, layout(config.dataDirectory).signer) : undefined
  const { directory, lock } = await takeDataDirectory(config.dataDirectory, identity)
  using _held = lock
  const script = process.argv[1]
  if (script === undefined) throw new UserError('The copy can be started from a script file only')
  const entry = fileURLToPath(new URL('./cli.js', import.meta.url))
  const log = createLogger({ part: 'store-copy', level: 'error' })
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort('stop'))
  await using supervisor = new Supervisor({
    command: await runtimeFor(existsSync(entry) ? entry : script, config.dataDirectory, identity !== undefined),
    logLevel: 'error',
    clock: systemClock,
    log,
    stopping: stop.signal,
    onRestart: (name, exit) => print(`The ${name} ended (${exit}); it is started again.`),
  })
  const addresses = clusterAddresses(config)
  await supervisor.start(signerDefinition({ directory, identity, addresses, backup: undefined }))
  const settings = {
    ...{ directory: directory.server, signerSocket: directory.signerSockets.server, address: addresses.server },
    ...{ etcd, to, maxStoredBytes: undefined },
  } satisfies StoreCopySettings
  const copied = await supervisor.start(part('store-copy', directory.server, identity?.server, [], settings))
  const { objects, digest, revision, from: before } = parseResult(copied)
  print(`Copied ${objects.toLocaleString('en')} objects from ${nameOf(from)} to ${nameOf(to)}.`)
  print(`Both have the digest sha256:${digest}.`)
  print(`resourceVersions continue at ${revision}, above ${before}, the newest before: clients list again.`)
  print(
    to === 'etcd'
      ? 'Start with "bulkhead up --store etcd" and the same flags of etcd from now on.'
      : 'Start without --store etcd from now on.',
  )
}

const nameOf = (store: 'sqlite' | 'etcd'): string => (store === 'etcd' ? 'etcd' : 'the data directory')

function parseResult({ objects, digest, from, revision }: Readonly<Record<string, unknown>>): StoreCopyResult {
  return { objects: Number(objects), digest: String(digest), from: Number(from), revision: Number(revision) }
}
