// The first key of a store: which cluster the data belongs to, and the data key from which all others are derived, wrapped by the signer.
import { isJsonObject, parseJson } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Sealer } from '../store.ts'
import type { EtcdClient } from './etcd-client.ts'
import type { RangeResponse, TxnResponse } from './messages.ts'
import type { DataKey } from './value-seal.ts'

const format = 1

export interface MarkerOptions {
  readonly client: EtcdClient
  readonly prefix: string
  /** What distinguishes this cluster from others: a digest of its authority. */
  readonly cluster: string
  readonly sealer: Sealer
  /** Whether the cluster has written before: then an etcd without its data is refused. */
  readonly mustExist: boolean
}

/** The data keys of the store, created with it. Throws `UserError` if etcd has none although it must, or holds another cluster's data. */
export async function openMarker(options: MarkerOptions): Promise<readonly [DataKey, ...DataKey[]]> {
  const { client, prefix, cluster, sealer, mustExist } = options
  const key = Buffer.from(`${prefix}cluster`)
  const found = (await client.persist<RangeResponse>('Range', { key })).kvs[0]?.value
  if (found !== undefined) return [await unwrapped(found, options)]
  if (mustExist)
    throw new UserError(
      `etcd at ${client.endpoint} holds no data of this cluster, although the cluster has run before. Restore an etcd snapshot, or check --etcd-servers`,
    )
  const fresh = await sealer.newDataKey()
  const value = Buffer.from(writeJson({ format, cluster, wrapped: fresh.wrapped.toString('base64') }))
  const { succeeded } = await client.persist<TxnResponse>('Txn', {
    compare: [{ result: 'EQUAL', target: 'VERSION', key, version: 0 }],
    success: [{ requestPut: { key, value } }],
  })
  // Another server, or an attempt whose answer was lost, was first.
  return succeeded ? [{ number: 1, key: fresh.key }] : openMarker(options)
}

async function unwrapped(value: Buffer, { client, cluster, sealer }: MarkerOptions): Promise<DataKey> {
  const marker = parseJson(value.toString('utf8'))
  if (!isJsonObject(marker)) throw new UserError(`etcd at ${client.endpoint} holds data that Bulkhead has not written`)
  if (marker['format'] !== format)
    throw new UserError(
      `The data in etcd at ${client.endpoint} has format ${String(marker['format'])}, and this version reads ${format}. Start the version that wrote it`,
    )
  if (marker['cluster'] !== cluster)
    throw new UserError(
      `etcd at ${client.endpoint} holds the data of another cluster. Check --etcd-servers, or start with the data directory of that cluster`,
    )
  try {
    return { number: 1, key: await sealer.unwrapDataKey(Buffer.from(String(marker['wrapped']), 'base64')) }
  } catch (err) {
    throw new UserError(
      `The data in etcd at ${client.endpoint} was sealed under another encryption key (${messageOf(err)}). Restore the signer's folder of the data directory that belongs to it`,
      { cause: err },
    )
  }
}
