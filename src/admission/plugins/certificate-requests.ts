// Approving or signing a certificate requires the right for that signer, and no certificate is issued for system:masters.
import { invalidUnshown } from '../../api/field-error.ts'
import { forbidden, invalid } from '../../api/status.ts'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const clientSigner = 'kubernetes.io/kube-apiserver-client'

/** The identity in a PEM encoded PKCS#10 request, or its fault: `The subject has several common names`. */
export type RequestedIdentity = (
  pem: string,
) => { readonly commonName: string; readonly organizations: readonly string[] } | { readonly problem: string }

/** The content of `spec.request`. */
export const pemOf = ({ spec }: CertificateSigningRequest): string => Buffer.from(spec.request, 'base64').toString('latin1')

export interface CertificateRequestOptions {
  /** Whether the user may `approve` or `sign` for a signer, given as the resource name of `signers` in certificates.k8s.io. */
  maySign(request: Pick<AdmissionRequest, 'user'>, verb: 'approve' | 'sign' | 'attest', signerName: string): Promise<boolean>
  readonly identityOf: RequestedIdentity
}

const acceptedSubject =
  'the subject must have at most one common name (CN), which is the user, and any number of organizations (O), which are its groups, each as UTF8String, PrintableString, TeletexString or IA5String'

export const certificateRequests: PluginDefinition<CertificateRequestOptions> = {
  name: 'CertificateRequests',
  also: ['CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction'],
  does: 'Requires the right for the signer to approve or sign a certificate, and refuses certificates for `system:masters`',
  on: 'always',
  guard: 'users who may update certificate requests can become administrators',
  handles: [
    {
      operations: ['CREATE', 'UPDATE'],
      resources: ['certificatesigningrequests.certificates.k8s.io', 'certificatesigningrequests.certificates.k8s.io/*'],
    },
  ],
  create,
}

function create({ maySign, identityOf }: CertificateRequestOptions): PluginSteps {
  /** The right for one signer, or for all of its domain. */
  const has = async (request: AdmissionRequest, verb: 'approve' | 'sign', signer: string) =>
    (await maySign(request, verb, signer)) || (await maySign(request, verb, `${signer.slice(0, signer.indexOf('/'))}/*`))

  async function rightFor(request: AdmissionRequest, verb: 'approve' | 'sign'): Promise<Verdict> {
    const signer = (request.oldObject as CertificateSigningRequest | undefined)?.spec.signerName ?? ''
    if (await has(request, verb, signer)) return admitted
    return {
      allowed: false,
      error: forbidden(request.resource, request.name, `user not permitted to ${verb} requests with signerName "${signer}"`),
    }
  }

  return {
    async validate(request) {
      const csr = request.object as CertificateSigningRequest | undefined
      if (csr === undefined) return admitted
      if (request.subresource === 'approval') return rightFor(request, 'approve')
      if (request.subresource === 'status') {
        const old = request.oldObject as CertificateSigningRequest | undefined
        const unchanged =
          csr.status?.certificate === old?.status?.certificate && semanticallyEqual(csr.status?.conditions, old?.status?.conditions)
        return unchanged ? admitted : rightFor(request, 'sign')
      }
      if (request.operation !== 'CREATE' || csr.spec.signerName !== clientSigner) return admitted
      const identity = identityOf(pemOf(csr))
      if ('problem' in identity) {
        const fault = invalidUnshown('spec.request', `${identity.problem}: ${acceptedSubject}`)
        return { allowed: false, error: invalid(request.resource, request.name, [fault]) }
      }
      if (!identity.organizations.includes('system:masters')) return admitted
      const why = `use of ${clientSigner} signer with system:masters group is not allowed`
      return { allowed: false, error: forbidden(request.resource, request.name, why) }
    },
  }
}
