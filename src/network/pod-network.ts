// The pod network of a real node: CNI configuration, forwarding and the rules for Services. The agent gets it as its `PodNetwork`.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { configuredRange, writeCniConfiguration } from './cni.ts'
import { runProgram } from './command.ts'
import { type HostNetworkOptions, setUpHostNetwork, tearDownHostNetwork } from './host-network.ts'
import { linkDevice, linkMtu, missingWireGuard, removeDevice } from './links/link-device.ts'
import { renderLinkRules } from './links/link-rules.ts'

export interface PodNetworkOptions {
  /** Where containerd reads the CNI configuration. */
  readonly configDirectory: string
  readonly stateDirectory: string
  /** Distinguishes this node's nftables table from those of other data directories on the machine: letters and digits. */
  readonly id: string
  readonly serviceCidr: string
  readonly dnsAddress: string
  /** Every pod of the cluster. */
  readonly clusterPods: string
  /** The address by which other nodes reach this one. */
  nodeAddress(): string | undefined
}

const binDirectories = ['/usr/lib/cni', '/opt/cni/bin']

export function tableName(id: string): string {
  return `bulkhead_${id}`
}

/** Separate from the other table, which is replaced as a whole whenever Services change. */
export function policyTableName(id: string): string {
  return `${tableName(id)}_policy`
}

/** Also separate: it never changes while the node runs. */
export function linkTableName(id: string): string {
  return `${tableName(id)}_links`
}

export function createPodNetwork(options: PodNetworkOptions) {
  const { configDirectory, stateDirectory, id, serviceCidr, dnsAddress, clusterPods, nodeAddress } = options
  const host: HostNetworkOptions = {
    tables: [`ip ${tableName(id)}`, `inet ${policyTableName(id)}`, `inet ${linkTableName(id)}`],
    serviceCidr,
    dnsAddress,
    stateFile: join(stateDirectory, 'ip_forward.before'),
  }
  return {
    cniBinDirectory: binDirectories.find(directory => existsSync(directory)) ?? '/usr/lib/cni',
    configuredRange: () => configuredRange(configDirectory),
    async configure(podCidr: string): Promise<void> {
      // First: no packet for another node's pods leaves in clear.
      const rules = { table: linkTableName(id), device: linkDevice(id), clusterPods, localPods: podCidr }
      await runProgram('nft', ['-f', '-'], renderLinkRules(rules))
      await setUpHostNetwork(host)
      // Packets between nodes are wrapped, so pods send smaller ones where this can happen.
      const mtu = missingWireGuard() === undefined ? { mtu: await linkMtu(nodeAddress()) } : {}
      await writeCniConfiguration({ configDirectory, stateDirectory, podCidr, ...mtu })
    },
    async cleanUp(): Promise<void> {
      await removeDevice(linkDevice(id))
      await tearDownHostNetwork(host)
      await rm(configDirectory, { recursive: true, force: true })
      await rm(stateDirectory, { recursive: true, force: true })
    },
  }
}
