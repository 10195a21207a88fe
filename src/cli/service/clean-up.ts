// `bulkhead node clean-up`: after the end of a service, what a killed node left in the kernel is removed. A node that ended by itself left nothing.
import { systemClock } from '../../base/clock.ts'
import { createConfig, parseSettings, readSettingsFile, thisMachine } from '../../base/config/config.ts'
import { cleanUpMachine } from '../../cluster/nodes/machine-clean-up.ts'
import { clusterAddresses, podCidr } from '../up/addresses.ts'
import { layout } from '../up/data-directory.ts'

const limitMs = 60_000

export interface CleanUpFlags {
  readonly dataDir: string
  /** The configuration file of the service: it may name another network of Services. */
  readonly config?: string
}

/** Only after a stop: after a crash, the next start takes the containers over (`SERVICE_RESULT` of systemd.exec(5)). */
export async function cleanUpAfterService(
  { dataDir, config: file }: CleanUpFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (environment['SERVICE_RESULT'] !== 'success') return
  const settings = file === undefined ? {} : await readSettingsFile(file)
  const config = createConfig(thisMachine(environment), settings, parseSettings('flags', { dataDir }))
  const { services } = clusterAddresses(config)
  const network = { podCidr, serviceCidr: services.cidr, clusterDnsIp: services.dnsIp }
  await cleanUpMachine({ directory: layout(config.dataDirectory).node, ...network }, systemClock, AbortSignal.timeout(limitMs))
}
