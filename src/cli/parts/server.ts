// The process of the API server: it has no private key of the cluster, and no rights on the machine outside its own folder.
import { join } from 'node:path'
import { hasRecords } from '../../access/audit/log-files.ts'
import type { AuditOutputsSettings } from '../../access/audit/outputs/audit-outputs-settings.ts'
import type { AuditPolicy } from '../../access/audit/policy.ts'
import type { TokenWebhookSettings } from '../../access/authenticators/token-webhook.ts'
import type { AdmissionSettings } from '../../admission/admission-settings.ts'
import type { HandlingOfClasses } from '../../api/data-classes/data-class.ts'
import type { Features } from '../../api/features.ts'
import { systemClock } from '../../base/clock.ts'
import type { Profile } from '../../base/config/config.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { registerProcessMetrics } from '../../base/metrics/process-metrics.ts'
import type { ConfigurationStates } from '../../cluster/reloaded-configurations.ts'
import { connectSigner } from '../../signer/connect.ts'
import { createStoreMetrics } from '../../store/metrics.ts'
import { markRestored } from '../../store/restored-mark.ts'
import type { Store } from '../../store/store.ts'
import { openServerStore, type StorePlace } from './open-server-store.ts'
import { runPart } from './part-process.ts'
import type { ServeApiOptions } from './serve-api.ts'

export interface ServerSettings extends StorePlace {
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
  readonly serviceIp: string
  readonly dnsAddress: string
  readonly admission: AdmissionSettings
  readonly features: Features
  readonly auditPolicy: AuditPolicy | undefined
  readonly auditOutputs: AuditOutputsSettings | undefined
  /** Undefined for the default. */
  readonly dataClasses: HandlingOfClasses | undefined
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
  settings: ServerSettings,
  { metrics, ...rest }: Pick<ServeApiOptions, 'signer' | 'log' | 'metrics' | 'signal'>,
): Promise<Store> {
  // First, so that a start that is interrupted does not forget it.
  if (settings.acceptRestoredStore) await markRestored(settings.directory)
  return openServerStore(settings, {
    ...rest,
    // If the audit log has records, the store must exist: the store is created first.
    mustExist: await hasRecords(auditFolder(settings.directory)),
    acceptRestored: settings.acceptRestoredStore,
    metrics: createStoreMetrics(metrics),
  })
}

/** If the store could not be opened, its user reports the error. */
async function closeStore(opening: Promise<Store>): Promise<void> {
  const [opened] = await Promise.allSettled([opening])
  if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]()
}
