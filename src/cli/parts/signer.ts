// The signer's process: the only one that has private keys beyond its own leaf.
import { systemClock } from '../../base/clock.ts'
import { warmUpCertificates } from '../../signer/certificate.ts'
import { openFileSigner } from '../../signer/file-signer.ts'
import { serveSigner } from '../../signer/serve.ts'
import { runPart } from '../part-process.ts'
import { waitFor } from './wait-for.ts'

export interface SignerSettings {
  readonly directory: string
  readonly sockets: { readonly server: string; readonly controllers: string; readonly admin: string }
  readonly servingNames: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }
}

export const signerPart = (): Promise<void> =>
  runPart<SignerSettings>('signer', async ({ settings, log, signal, ready }) => {
    const { directory, sockets, servingNames } = settings
    await using signer = await openFileSigner({ directory, clock: systemClock, log })
    // Each socket lies in a folder that only one group enters: whoever is of that group may connect.
    const socket = (role: 'server' | 'controllers' | 'admin') => ({ role, path: sockets[role], groupMayConnect: true })
    await using _listening = await serveSigner({
      signer,
      sockets: [socket('server'), socket('controllers'), socket('admin')],
      servingNames,
      log,
    })
    ready()
    await warmUpCertificates()
    await waitFor(signal)
  })
