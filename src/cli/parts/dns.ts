// The process of the cluster DNS: it parses data from any pod, so it has one read-only identity and nothing else.
import { systemClock } from '../../base/clock.ts'
import { Client } from '../../client/client.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'
import { runDns } from '../../network/dns/run-dns.ts'
import { runPart } from './part-process.ts'

export interface DnsSettings {
  readonly server: string
  readonly ca: string
  readonly identity: ClientIdentity
  readonly address: string
  readonly port: number
  readonly clusterDomain: string
}

export const dnsPart = (): Promise<void> =>
  runPart<DnsSettings>('dns', async ({ settings, log, signal, ready }) => {
    const { server, ca, identity, address, port, clusterDomain } = settings
    await using transport = createHttpTransport({ server, ca, ...identity, userAgent: 'bulkhead-dns' })
    const options = { client: new Client(transport), address, port, domain: clusterDomain, clock: systemClock, log, random: Math.random }
    await runDns(options, signal, () => ready({ address: `${address}:${port}` }))
  })
