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

export const dnsPart = (): Promise<void> =>
  runPart<DnsSettings, DnsSettings['identity']>('dns', async ({ settings, log, signal, ready, onChange }) => {
    const { server, ca, address, port, clusterDomain } = settings
    let { identity } = settings
    const certificate = (): ClientIdentity => {
      if ('token' in identity) throw new Error('the part "dns" began with a certificate')
      return identity
    }
    const token = (): string => {
      if (!('token' in identity)) throw new Error('the part "dns" began with a token')
      return identity.token
    }
    const credential = 'token' in identity ? { token } : { identity: certificate }
    await using transport = createHttpTransport({ server, ca, ...credential, userAgent: 'bulkhead-dns' })
    const details = { address: `${address}:${port}` }
    const options = { client: new Client(transport), address, port, domain: clusterDomain, clock: systemClock, log, random: Math.random }
    await runDns(options, signal, () => {
      ready(details)
      onChange(renewed => {
        identity = renewed
        transport.reconnect()
        return details
      })
    })
  })
