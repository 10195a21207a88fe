// Client certificates of the control plane's own parts: the key is created in memory and the signer certifies it.
import { createKeyAndCsr } from '../access/pki/key-and-csr.ts'
import type { Signer } from '../signer/signer.ts'

export interface ClientIdentity {
  readonly certificate: string
  readonly key: string
}

export const accountOrganizations: readonly string[] = ['system:serviceaccounts', 'system:serviceaccounts:kube-system']
export const accountName = (controller: string): string => `system:serviceaccount:kube-system:${controller}`

export async function issueIdentity(
  signer: Signer,
  commonName: string,
  organizations: readonly string[],
  lifetimeSeconds: number,
  signal: AbortSignal,
): Promise<ClientIdentity> {
  const { keyPem, csr } = await createKeyAndCsr({ commonName, organizations })
  const certificate = await signer.issueCertificate(
    { authority: 'client', csr, commonName, organizations, dnsNames: [], ipAddresses: [], lifetimeSeconds },
    signal,
  )
  return { certificate, key: keyPem }
}
