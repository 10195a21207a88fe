// The members of etcd of a control plane with several machines, as seen from one of them.
import { existsSync } from 'node:fs'
import { UserError } from '../../base/user-error.ts'
import { connectSigner } from '../../signer/connect.ts'
import { EtcdClient } from '../../store/etcd/etcd-client.ts'
import type { EtcdMember } from '../../store/etcd/membership.ts'
import { type ControlPlaneRecord, etcdUrl, readControlPlane } from '../up/control-plane-record.ts'
import type { DataDirectory } from '../up/data-directory.ts'
import { etcdClientTls } from '../up/etcd-of-run.ts'

const statusMs = 2_000

export interface ClusterMembers extends Disposable {
  readonly etcd: EtcdClient
  /** Whether it runs, and can be reached from here. */
  answers(member: EtcdMember): Promise<boolean>
}

/** Rejects with a UserError if this machine has no such record. */
export async function controlPlaneAt(directory: DataDirectory): Promise<ControlPlaneRecord> {
  if (process.getuid?.() !== 0 && process.getuid?.() !== undefined && !existsSync(directory.signer))
    throw new UserError('The keys of the cluster are read by root only: run this command with sudo, on a machine of the control plane')
  const record = await readControlPlane(directory.controlPlane)
  if (record !== undefined) return record
  throw new UserError(
    `The cluster in "${directory.path}" has its store on this machine only, so no other machine is in its control plane: start one with "bulkhead up --ha" in a new data directory`,
  )
}

/** With a certificate of the signer, which must run. */
export async function openMembers(record: ControlPlaneRecord, directory: DataDirectory, signal: AbortSignal): Promise<ClusterMembers> {
  await using signer = connectSigner(directory.signerSockets.admin)
  const tls = await etcdClientTls(signer, signal)
  const hosts = new Set([record.address, ...record.members.map(({ address }) => address)])
  const etcd = new EtcdClient({ endpoints: [...hosts].map(host => etcdUrl(host, record.etcdPort)), tls })
  return {
    etcd,
    async answers({ clientURLs }) {
      // The record may be older than the member.
      for (const url of clientURLs) {
        using one = new EtcdClient({ endpoints: [url], tls })
        try {
          await one.ask(0, 'Status', {}, { timeoutMs: statusMs })
          return true
        } catch {
          // It is away: the next address.
        }
      }
      return false
    },
    [Symbol.dispose]: () => etcd[Symbol.dispose](),
  }
}
