// The machine's settings for pods and Services: forwarding, and an address and a route for the service range. All of it can be undone.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { replaceFile } from '../base/files/replace-file.ts'
import { codeOf } from '../base/user-error.ts'
import { runProgram, unlessAbsent } from './command.ts'

export interface HostNetworkOptions {
  /** nftables tables of this node, with their families. */
  readonly tables: readonly string[]
  readonly serviceCidr: string
  /** Added to the loopback interface; the cluster's DNS listens on it. */
  readonly dnsAddress: string
  /** Records what was changed, so that a later process can undo it after a kill. */
  readonly stateFile: string
}

const forwarding = '/proc/sys/net/ipv4/ip_forward'

export async function setUpHostNetwork({ serviceCidr, dnsAddress, stateFile }: HostNetworkOptions): Promise<void> {
  const before = (await readFile(forwarding, 'utf8')).trim()
  if (before !== '1') {
    await mkdir(dirname(stateFile), { recursive: true, mode: 0o700 })
    // A partly written file would be empty, and the setting could not be restored.
    await replaceFile(stateFile, before)
    await writeFile(forwarding, '1')
  }
  await ip(['address', 'replace', `${dnsAddress}/32`, 'dev', 'lo'])
  // Without a default route, the node could not open a connection to a Service; the rules redirect it to a pod.
  await ip(['route', 'replace', serviceCidr, 'dev', 'lo', 'src', dnsAddress])
}

/** Undoes setUpHostNetwork, also that of an earlier process. Having nothing to undo is no error. */
export async function tearDownHostNetwork({ tables, serviceCidr, dnsAddress, stateFile }: HostNetworkOptions): Promise<void> {
  for (const table of tables) await unlessAbsent(() => runProgram('nft', ['delete', 'table', ...table.split(' ')]))
  await unlessAbsent(() => ip(['route', 'delete', serviceCidr, 'dev', 'lo']))
  await unlessAbsent(() => ip(['address', 'delete', `${dnsAddress}/32`, 'dev', 'lo']))
  await restoreForwarding(stateFile)
}

/** Sets forwarding as it was before the node; without the file it was on. */
export async function restoreForwarding(stateFile: string): Promise<void> {
  try {
    await writeFile(forwarding, await readFile(stateFile, 'utf8'))
    await rm(stateFile)
  } catch (err) {
    if (codeOf(err) !== 'ENOENT') throw err
  }
}

const ip = (args: readonly string[]): Promise<string> => runProgram('ip', args)
