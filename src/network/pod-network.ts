// The pod network of a real node: CNI configuration, forwarding and the rules for Services. The agent gets it as its `PodNetwork`.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeCniConfiguration } from './cni.ts'
import { type HostNetworkOptions, setUpHostNetwork, tearDownHostNetwork } from './host-network.ts'

export interface PodNetworkOptions {
  /** Where containerd reads the CNI configuration. */
  readonly configDirectory: string
  readonly stateDirectory: string
  /** Distinguishes this node's nftables table from those of other data directories on the machine: letters and digits. */
  readonly id: string
  readonly serviceCidr: string
  readonly dnsAddress: string
}

const binDirectories = ['/usr/lib/cni', '/opt/cni/bin']

export function tableName(id: string): string {
  return `bulkhead_${id}`
}

/** Separate from the other table, which is replaced as a whole whenever Services change. */
export function policyTableName(id: string): string {
  return `${tableName(id)}_policy`
}

export function createPodNetwork({ configDirectory, stateDirectory, id, serviceCidr, dnsAddress }: PodNetworkOptions) {
  const host: HostNetworkOptions = {
    tables: [`ip ${tableName(id)}`, `inet ${policyTableName(id)}`],
    serviceCidr,
    dnsAddress,
    stateFile: join(stateDirectory, 'ip_forward.before'),
  }
  return {
    cniBinDirectory: binDirectories.find(directory => existsSync(directory)) ?? '/usr/lib/cni',
    async configure(podCidr: string): Promise<void> {
      await setUpHostNetwork(host)
      await writeCniConfiguration({ configDirectory, stateDirectory, podCidr })
    },
    async cleanUp(): Promise<void> {
      await tearDownHostNetwork(host)
      await rm(configDirectory, { recursive: true, force: true })
      await rm(stateDirectory, { recursive: true, force: true })
    },
  }
}
