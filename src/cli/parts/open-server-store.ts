// Opens the store of a server with the signer's keys: in its folder, or in etcd.
import { randomUUID, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import type { Logger } from '../../base/log.ts'
import { machineMemory } from '../../base/machine-memory.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { signerSealer, signerStoreHeads } from '../../cluster/signer-sealer.ts'
import type { Signer } from '../../signer/signer.ts'
import type { EtcdAddress } from '../../store/etcd/etcd-client.ts'
import type { StoreMetrics } from '../../store/metrics.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { defaultStoredBytes } from '../../store/stored-limit.ts'

export interface StorePlace {
  /** The server's own folder. */
  readonly directory: string
  /** Where the store is; undefined if it is in `directory`. */
  readonly etcd: EtcdAddress | undefined
  /** Whether a start waits for etcd without end: its members are parts of this cluster, and may need each other to start. */
  readonly waitsForEtcd?: boolean
  /** URL of this server. */
  readonly address: string
  /** Undefined for a share of the memory. */
  readonly maxStoredBytes: number | undefined
}

export interface OpenServerStoreOptions {
  readonly signer: Signer
  readonly log: Logger
  readonly signal: AbortSignal
  readonly mustExist: boolean
  readonly acceptRestored: boolean
  /** Refuses etcd while another server uses it. */
  readonly mustBeAlone?: boolean
  readonly metrics?: StoreMetrics
}

/** Rejects with a UserError, or with the signal's reason. */
export async function openServerStore(place: StorePlace, { signer, signal, ...options }: OpenServerStoreOptions): Promise<Store> {
  const { directory, etcd, address, maxStoredBytes } = place
  try {
    const common = {
      ...options,
      sealer: signerSealer(signer, signal),
      maxStoredBytes: maxStoredBytes ?? defaultStoredBytes(machineMemory()),
      heads: signerStoreHeads(signer, signal),
      clock: systemClock,
    }
    if (etcd === undefined) return await openSqliteStore({ directory, ...common })
    // gRPC is loaded only where it is needed.
    const { openEtcdStore } = await import('../../store/etcd/etcd-store.ts')
    const cluster = clusterDigest(await signer.authority('serving', signal))
    const identity = { id: await storeClientId(directory), address }
    return await openEtcdStore({
      etcd,
      cluster,
      identity,
      directory: join(directory, 'large'),
      signal,
      ...common,
      waits: place.waitsForEtcd === true,
    })
  } catch (err) {
    if (signal.aborted) throw signal.reason
    // The store's own message names the place and the fault.
    throw new UserError(messageOf(err), { cause: err })
  }
}

/** Of the oldest certificate of its authority, which later ones do not change. */
function clusterDigest(authorities: string): string {
  const [oldest = ''] = authorities.split(/(?=-----BEGIN CERTIFICATE-----)/).slice(-1)
  return new X509Certificate(oldest).fingerprint256
}

/** By it, etcd and the other servers recognize this server after a restart. */
export async function storeClientId(directory: string): Promise<string> {
  const file = join(directory, 'store-client-id')
  const known = await readTextIfThere(file)
  if (known !== undefined) return known.trim()
  const id = randomUUID()
  await replaceFile(file, `${id}\n`)
  return id
}
