// Limits how many certificate requests of a node the server stores: nothing else does, because parts of the cluster have no rate limits.
import type { StoreReader } from '../../api/store-view.ts'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import type { AdmissionRequest } from '../admission.ts'
import { sizeRefusal } from './own-sizes.ts'

/** Limit of characters of one; the PKCS#10 request itself is at most 16 KiB. */
export const maxCertificateRequestLength = 64 * 1024
/** Limit per node. The server removes them within a day, and a node has two certificates. */
export const maxCertificateRequests = 50

/** Why the node may not write this request; undefined if it may. */
export function certificateRequestRefusal(
  { operation, object, user }: AdmissionRequest,
  node: string,
  reader: StoreReader,
): string | undefined {
  const why = sizeRefusal(object, maxCertificateRequestLength, node, 'a certificate request')
  if (why !== undefined || operation !== 'CREATE') return why
  const all = reader.list('certificatesigningrequests.certificates.k8s.io') as readonly CertificateSigningRequest[]
  const own = all.filter(({ spec }) => spec.username === user.name)
  if (own.length < maxCertificateRequests) return undefined
  return `node "${node}" is not allowed to have more than ${maxCertificateRequests} certificate requests: delete some, or wait until the server drops them`
}
