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
  /** The certificate of the part, or on a joined machine a token. */
  readonly identity: ClientIdentity | { readonly token: string }
  readonly address: string
  readonly port: number
  readonly clusterDomain: string
}

/** A newer token, sent before the current one ends. */
export interface DnsChange {
  readonly token: string
}

export const dnsPart = (): Promise<void> =>
  runPart<DnsSettings, DnsChange>('dns', async ({ settings, log, signal, ready, onChange }) => {
    const { server, ca, identity, address, port, clusterDomain } = settings
    let token = 'token' in identity ? identity.token : undefined
    const credential = 'token' in identity ? { token: () => token ?? identity.token } : identity
    await using transport = createHttpTransport({ server, ca, ...credential, userAgent: 'bulkhead-dns' })
    onChange(change => {
      token = change.token
      return {}
    })
    const options = { client: new Client(transport), address, port, domain: clusterDomain, clock: systemClock, log, random: Math.random }
    await runDns(options, signal, () => ready({ address: `${address}:${port}` }))
  })
