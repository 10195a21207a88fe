// How two machines of a control plane talk before the second has keys: by annotations of the certificate request of its join ticket. The
// ticket may create one and read it; what matters in it is bound by the carried secret (see key-transfer.ts).
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import type { Transfer } from '../../signer/key-transfer.ts'

const prefix = 'control-plane.bulkhead.dev/'
export const bundleAnnotation = `${prefix}keys`
export const refusalAnnotation = `${prefix}refusal`
export const mailboxOf = (ticketId: string): string => `control-plane-${ticketId}`

/** What the new machine writes. */
export const requestAnnotations = ({ address, publicKey }: Transfer, proof: string): Record<string, string> => ({
  [`${prefix}address`]: address,
  [`${prefix}public-key`]: publicKey,
  [`${prefix}proof`]: proof,
})

/** What it claims; undefined if something is missing. Nothing of it is true before its proof is checked. */
export function claimOf(
  { metadata: { annotations = {} } }: CertificateSigningRequest,
  { ticketId, node }: Pick<Transfer, 'ticketId' | 'node'>,
): { readonly transfer: Transfer; readonly proof: string } | undefined {
  const [address, publicKey, proof] = ['address', 'public-key', 'proof'].map(name => annotations[prefix + name])
  if (address === undefined || publicKey === undefined || proof === undefined) return undefined
  return { transfer: { ticketId, node, address, publicKey }, proof }
}
