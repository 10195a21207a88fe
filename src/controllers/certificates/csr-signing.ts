// Has the signer sign approved certificate requests of Kubernetes' own signers.

import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { certificateSigningRequests } from '../../client/resources.ts'
import { type Context, type Controller, done } from '../controller.ts'
import { certificateController } from './certificate-identity.ts'
import { readRequest } from './certificate-request.ts'
import {
  checkForSigner,
  clientSigner,
  conditionsWith,
  hasCondition,
  kubeletClientSigner,
  kubeletServingSigner,
} from './certificate-rules.ts'

/** A node renews its certificate by itself; a stolen one is of little use after this time. */
export const nodeCertificateSeconds = 24 * 3600
const served: readonly string[] = [kubeletClientSigner, kubeletServingSigner, clientSigner]

export const csrSigning: Controller = {
  name: 'csrsigning-controller',
  identity: certificateController,
  watches: certificateSigningRequests,
  workers: 1,
  begin(context) {
    const cache = context.informers.full(certificateSigningRequests)
    return async (key, signal) => {
      const request = cache.getByKey(key)
      const isOpen =
        request !== undefined && hasCondition(request, 'Approved') && !hasCondition(request, 'Denied') && !hasCondition(request, 'Failed')
      if (isOpen && (request.status?.certificate ?? '') === '' && served.includes(request.spec.signerName))
        await sign(context, request, signal)
      return done
    }
  },
}

async function sign(context: Context, request: CertificateSigningRequest, signal: AbortSignal): Promise<void> {
  const { client, settings, log } = context
  const { signerName, usages = [], expirationSeconds } = request.spec
  let identity: Awaited<ReturnType<typeof readRequest>>
  try {
    identity = await readRequest(request.spec.request)
  } catch (err) {
    return fail(context, request, `unable to parse CSR "${request.metadata.name}": ${messageOf(err)}`, signal)
  }
  const verdict = checkForSigner(signerName, identity, usages)
  if (!verdict.allowed) return fail(context, request, verdict.reason, signal)
  const { csr, commonName, organizations, dnsNames, ipAddresses } = identity
  const longest =
    signerName === kubeletClientSigner
      ? Math.min(nodeCertificateSeconds, settings.certificateLifetimeSeconds)
      : settings.certificateLifetimeSeconds
  const lifetimeSeconds = Math.min(Math.max(600, expirationSeconds ?? longest), longest)
  const authority = signerName === kubeletServingSigner ? 'kubelet-serving' : 'client'
  const order = { request, csr, commonName, organizations, dnsNames, ipAddresses, authority, lifetimeSeconds } as const
  let signed: string
  try {
    signed = await settings.signCertificate(order, signal)
  } catch (err) {
    // A refusal by the signer's policy is final; any other failure is retried.
    if (err instanceof Error && err.name === 'PolicyViolation') return fail(context, request, messageOf(err), signal)
    throw err
  }
  const certificate = Buffer.from(signed).toString('base64')
  await client.updateStatus(certificateSigningRequests, { ...request, status: { ...request.status, certificate } }, signal)
  log.info('certificate signed', { certificateSigningRequest: request.metadata.name })
}

async function fail({ client, clock }: Context, request: CertificateSigningRequest, message: string, signal: AbortSignal): Promise<void> {
  const conditions = conditionsWith(request, { type: 'Failed', reason: 'SignerValidationFailure', message }, clock.now())
  await client.updateStatus(certificateSigningRequests, { ...request, status: { ...request.status, conditions } }, signal)
}
