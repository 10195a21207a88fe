// The process of the API server: it has no private key of the cluster, and no rights on the machine outside its own folder.
import { randomUUID, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { hasRecords } from '../../access/audit/log-files.ts'
import type { AuditPolicy } from '../../access/audit/policy.ts'
import type { TokenWebhookSettings } from '../../access/authenticators/token-webhook.ts'
import type { AdmissionSettings } from '../../admission/admission-settings.ts'
import type { Features } from '../../api/features.ts'
import { systemClock } from '../../base/clock.ts'
import type { Profile } from '../../base/config/config.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { machineMemory } from '../../base/machine-memory.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { registerProcessMetrics } from '../../base/metrics/process-metrics.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { ConfigurationStates } from '../../cluster/reloaded-configurations.ts'
import { signerSealer, signerStoreHeads } from '../../cluster/signer-sealer.ts'
import { connectSigner } from '../../signer/connect.ts'
import type { EtcdAddress } from '../../store/etcd/etcd-client.ts'
import { createStoreMetrics } from '../../store/metrics.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { defaultStoredBytes } from '../../store/stored-limit.ts'
import { runPart } from './part-process.ts'
import type { ServeApiOptions } from './serve-api.ts'

export interface ServerSettings {
  readonly directory: string
  readonly signerSocket: string
  /** Of the part that knows images. */
  readonly artifactsSocket: string
  /** The cluster's own registry, by its names in image references. */
  readonly registry: { readonly hosts: readonly string[] } | undefined
  /** For this start only. */
  readonly acceptRestoredStore: boolean
  readonly hosts: readonly [string, ...string[]]
  readonly port: number
  /** The address at which pods reach this server; undefined if it listens on loopback only and no node runs real pods. */
  readonly advertised: string | undefined
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly profile: Profile
  readonly allowPrivileged: boolean
  readonly policyDirectory: string | undefined
  readonly serviceCidr: string
  /** Undefined for a share of the memory. */
  readonly maxStoredBytes: number | undefined
  /** Where the store is; undefined if it is in `directory`. */
  readonly etcd: EtcdAddress | undefined
  /** URL of this server. */
  readonly address: string
  readonly serviceIp: string
  readonly dnsAddress: string
  readonly admission: AdmissionSettings
  readonly features: Features
  readonly auditPolicy: AuditPolicy | undefined
  /** The state at the start; changes come while the server runs. */
  readonly configurations: ConfigurationStates
  readonly tokenWebhook: TokenWebhookSettings | undefined
  readonly bootstrapTokens: boolean
}

/** In the server's own folder. */
export const auditFolder = (directory: string): string => join(directory, 'audit')

export const serverPart = (): Promise<void> =>
  runPart<ServerSettings, ConfigurationStates>('server', async ({ settings, log, signal, ready, onChange, ends }) => {
    const metrics = createRegistry()
    registerProcessMetrics(metrics)
    await using stack = new AsyncDisposableStack()
    const signer = stack.use(connectSigner(settings.signerSocket, { clock: systemClock, log }))
    // The store's thread opens the file while this thread loads the code of the API.
    const opening = openStore(settings, { signer, log, metrics, signal })
    // Awaited after the code is loaded.
    opening.catch(() => undefined)
    stack.defer(() => closeStore(opening))
    const { serveApi } = await import('./serve-api.ts')
    await serveApi({ settings, store: opening, signer, metrics, log, signal, ready, onChange, ends })
  })

async function openStore(
  { directory, maxStoredBytes, acceptRestoredStore, etcd, address }: ServerSettings,
  { signer, log, metrics, signal }: Pick<ServeApiOptions, 'signer' | 'log' | 'metrics' | 'signal'>,
): Promise<Store> {
  try {
    const common = {
      // If the audit log has records, the store must exist: the store is created first.
      mustExist: await hasRecords(auditFolder(directory)),
      sealer: signerSealer(signer, signal),
      maxStoredBytes: maxStoredBytes ?? defaultStoredBytes(machineMemory()),
      heads: signerStoreHeads(signer, signal),
      acceptRestored: acceptRestoredStore,
      clock: systemClock,
      log,
      metrics: createStoreMetrics(metrics),
    }
    if (etcd === undefined) return await openSqliteStore({ directory, ...common })
    // gRPC is loaded only where it is needed.
    const { openEtcdStore } = await import('../../store/etcd/etcd-store.ts')
    const cluster = clusterDigest(await signer.authority('serving', signal))
    const identity = { id: await storeClientId(directory), address }
    return await openEtcdStore({ etcd, cluster, identity, directory: join(directory, 'large'), signal, ...common })
  } catch (err) {
    if (signal.aborted) throw signal.reason
    // The store's own message names the file and the fault.
    throw new UserError(messageOf(err), { cause: err })
  }
}

/** Of the oldest certificate of its authority, which later ones do not change. */
function clusterDigest(authorities: string): string {
  const [oldest = ''] = authorities.split(/(?=-----BEGIN CERTIFICATE-----)/).slice(-1)
  return new X509Certificate(oldest).fingerprint256
}

/** By it, etcd recognizes this server after a restart. */
async function storeClientId(directory: string): Promise<string> {
  const file = join(directory, 'store-client-id')
  const known = await readTextIfThere(file)
  if (known !== undefined) return known.trim()
  const id = randomUUID()
  await replaceFile(file, `${id}\n`)
  return id
}

/** If the store could not be opened, its user reports the error. */
async function closeStore(opening: Promise<Store>): Promise<void> {
  const [opened] = await Promise.allSettled([opening])
  if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]()
}
