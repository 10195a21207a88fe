// What the registry of one run of `up` needs from the signer.
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { accountName, accountOrganizations, type ClientIdentity, issueIdentity } from '../../cluster/client-identity.ts'
import type { Signer } from '../../signer/signer.ts'
import type { ClusterAddresses } from './addresses.ts'
import { hostsOf, newSecret, type RegistryOfRun, registryNames } from './registry-parts.ts'

const certificateSeconds = 365 * 86_400

export function registryOfRun(signer: Signer, addresses: ClusterAddresses, port: number, stop: AbortSignal): RegistryOfRun {
  let serving: Promise<ClientIdentity> | undefined
  return {
    hosts: hostsOf(addresses, port),
    secret: newSecret(),
    authority: () => signer.authority('registry', stop),
    identity: () => issueIdentity(signer, accountName('registry'), accountOrganizations, certificateSeconds, stop),
    serving() {
      serving ??= issueServing(signer, addresses, stop)
      return serving
    },
  }
}

async function issueServing(signer: Signer, addresses: ClusterAddresses, stop: AbortSignal): Promise<ClientIdentity> {
  const commonName = 'bulkhead-registry'
  const { keyPem, csr } = await createKeyAndCsr({ commonName })
  const names = registryNames(addresses)
  const certificate = await signer.issueCertificate(
    { authority: 'registry', csr, commonName, organizations: [], ...names, lifetimeSeconds: certificateSeconds },
    stop,
  )
  return { certificate, key: keyPem }
}
