// The member of etcd of one run of `up --ha`: its settings, and with what its servers reach it and the others.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import type { Config } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import type { Signer } from '../../signer/signer.ts'
import type { EtcdAddress, EtcdTls } from '../../store/etcd/etcd-client.ts'
import type { EtcdMemberSettings } from '../../store/etcd/run-etcd.ts'
import { type ControlPlaneRecord, etcdUrl, peerPortOf, readControlPlane, writeControlPlane } from './control-plane-record.ts'
import type { DataDirectory } from './data-directory.ts'

export interface EtcdOfRun {
  readonly record: ControlPlaneRecord
  settings(): Promise<EtcdMemberSettings>
  address(): Promise<EtcdAddress>
}

const programs = ['/usr/bin/etcd', '/usr/local/bin/etcd']
const certificateSeconds = 365 * 86_400

/** Throws a UserError that says how to install it. */
export function etcdProgram(exists: (path: string) => boolean = existsSync): string {
  const program = programs.find(exists)
  if (program !== undefined) return program
  throw new UserError('Cannot run --ha: etcd is missing. Install with "apt-get install etcd-server", or start without --ha')
}

/** The first start makes the record of a control plane with one machine. */
export async function controlPlaneOfRun(config: Config, directory: DataDirectory, address: string): Promise<ControlPlaneRecord> {
  const known = await readControlPlane(directory.controlPlane)
  if (known !== undefined) return known
  if (existsSync(`${directory.server}/store.db`))
    throw new UserError(
      `The data directory "${directory.path}" has its objects in "server/store.db": start --ha with a new data directory, and create the objects there`,
    )
  const name = config.nodeName
  const record: ControlPlaneRecord = {
    ...{ name, address, etcdPort: config.etcdPort, state: 'new', token: randomUUID() },
    members: [{ name, address }],
  }
  await writeControlPlane(directory.controlPlane, record)
  return record
}

export function etcdOfRun(record: ControlPlaneRecord, directory: DataDirectory, signer: Signer, stop: AbortSignal): EtcdOfRun {
  const { name, address, etcdPort, members, state, token } = record
  let client: Promise<EtcdTls> | undefined
  const clientTls = () => {
    client ??= etcdClientTls(signer, stop)
    return client
  }
  return {
    record,
    async settings() {
      const commonName = 'bulkhead-etcd'
      const { keyPem, csr } = await createKeyAndCsr({ commonName })
      const names = { dnsNames: [], ipAddresses: [...new Set([address, '127.0.0.1'])] }
      const request = { authority: 'etcd', csr, commonName, organizations: [], ...names, lifetimeSeconds: certificateSeconds } as const
      return {
        ...{ program: etcdProgram(), directory: directory.etcd, name, address, clientPort: etcdPort, peerPort: peerPortOf(etcdPort) },
        initialCluster: members.map(peer => `${peer.name}=${etcdUrl(peer.address, peerPortOf(etcdPort))}`).join(),
        ...{ initialState: state, token },
        ca: await signer.authority('etcd', stop),
        ...{ certificate: await signer.issueCertificate(request, stop), key: keyPem },
        client: await clientTls(),
      }
    },
    async address() {
      // Its own first: the others are for when it is away.
      const others = members.filter(peer => peer.name !== name).map(peer => peer.address)
      return { endpoints: ['127.0.0.1', ...others].map(host => etcdUrl(host, etcdPort)), tls: await clientTls() }
    },
  }
}

/** A certificate of a client of etcd. Only the signer's role of the supervisor gets one. */
export async function etcdClientTls(signer: Signer, signal: AbortSignal): Promise<EtcdTls> {
  const commonName = 'bulkhead-etcd-client'
  const { keyPem, csr } = await createKeyAndCsr({ commonName })
  const names = { organizations: [], dnsNames: [], ipAddresses: [], lifetimeSeconds: certificateSeconds }
  const cert = await signer.issueCertificate({ authority: 'etcd', csr, commonName, ...names }, signal)
  return { ca: await signer.authority('etcd', signal), cert, key: keyPem }
}
