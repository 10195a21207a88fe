// Removes what a real node left on the machine if it died and will not be restarted.
import type { Clock } from '../../base/clock.ts'
import { claimMachine } from '../../network/claim-machine.ts'
import { cleanUp } from '../../node/machine/clean-up.ts'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { type MachineNodeOptions, machineNetwork } from './machine-node.ts'

/** Rejects if a node of another cluster uses the machine: the network is in use by that one. */
export async function cleanUpMachine(
  options: Pick<MachineNodeOptions, 'directory' | 'podCidr' | 'serviceCidr' | 'clusterDnsIp'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await using _claim = await claimMachine()
  const directory = nodeDirectory(options.directory)
  await cleanUp(directory, clock, signal)
  await machineNetwork(options, directory).cleanUp()
}
