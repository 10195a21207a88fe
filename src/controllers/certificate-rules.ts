// Which certificate requests may be approved by themselves, and which may be signed for each signer. Pure; the rules are upstream's.
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../api/types/certificates-v1.ts'
import { formatTime } from '../base/clock.ts'
import type { RequestedIdentity } from './certificate-request.ts'

export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet'
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving'
export const clientSigner = 'kubernetes.io/kube-apiserver-client'
export const bootstrapPrefix = 'system:bootstrap:'
const nodePrefix = 'system:node:'

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return status?.conditions?.some(condition => condition.type === type) === true
}

/** The conditions of the request with this one behind them; `now` in milliseconds since the epoch. */
export function conditionsWith(
  { status }: CertificateSigningRequest,
  { type, reason, message }: Pick<CertificateSigningRequestCondition, 'type' | 'reason' | 'message'>,
  now: number,
): CertificateSigningRequestCondition[] {
  const time = formatTime(now)
  return [...(status?.conditions ?? []), { type, status: 'True', reason, message, lastUpdateTime: time, lastTransitionTime: time }]
}

type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string }
const allowed: Verdict = { allowed: true }
const refuse = (reason: string): Verdict => ({ allowed: false, reason })

function usesOnly(usages: readonly string[], required: readonly string[], optional: readonly string[]): boolean {
  return required.every(usage => usages.includes(usage)) && usages.every(usage => required.includes(usage) || optional.includes(usage))
}

function isNodeSubject({ commonName, organizations }: RequestedIdentity): boolean {
  return (
    organizations.length === 1 &&
    organizations[0] === 'system:nodes' &&
    commonName.startsWith(nodePrefix) &&
    commonName.length > nodePrefix.length
  )
}

/** The content that a signer certifies; the messages name the rule. */
export function checkForSigner(signerName: string, identity: RequestedIdentity, usages: readonly string[]): Verdict {
  const { dnsNames, ipAddresses, otherNames } = identity
  switch (signerName) {
    case kubeletClientSigner: {
      if (!isNodeSubject(identity)) return refuse('subject must be system:node:NAME in the only organization system:nodes')
      if (dnsNames.length + ipAddresses.length + otherNames.length > 0) return refuse('subject alternative names are not allowed')
      const fine = usesOnly(usages, ['digital signature', 'client auth'], ['key encipherment'])
      return fine ? allowed : refuse('usages must be digital signature, client auth and optionally key encipherment')
    }
    case kubeletServingSigner: {
      if (!isNodeSubject(identity)) return refuse('subject must be system:node:NAME in the only organization system:nodes')
      if (otherNames.length > 0) return refuse('email and URI subject alternative names are not allowed')
      if (dnsNames.length + ipAddresses.length === 0) return refuse('DNS or IP subject alternative name is required')
      const fine = usesOnly(usages, ['digital signature', 'server auth'], ['key encipherment'])
      return fine ? allowed : refuse('usages must be digital signature, server auth and optionally key encipherment')
    }
    case clientSigner: {
      if (identity.organizations.includes('system:masters')) return refuse('organization system:masters is not allowed')
      // The right to approve people's certificates is not the right to make a node, a component or a ServiceAccount.
      if ([identity.commonName, ...identity.organizations].some(name => name.startsWith('system:')))
        return refuse('names that begin with "system:" are not allowed')
      const fine = usesOnly(usages, ['client auth'], ['digital signature', 'key encipherment'])
      return fine ? allowed : refuse('usages must be client auth and optionally digital signature and key encipherment')
    }
    default:
      return refuse(`signer ${signerName} is not served`)
  }
}

/** What a request must prove before it is approved without a person. */
export type Approval =
  /** A node renews its own certificate. */
  | { readonly approval: 'self'; readonly message: string }
  /** A node's first certificate, if the ticket names this node. */
  | { readonly approval: 'ticket'; readonly ticketId: string; readonly node: string; readonly message: string }
  | { readonly approval: 'none' }

export function planApproval({ spec }: CertificateSigningRequest, identity: RequestedIdentity): Approval {
  if (spec.signerName !== kubeletClientSigner || !checkForSigner(kubeletClientSigner, identity, spec.usages ?? []).allowed)
    return { approval: 'none' }
  const { username = '', groups = [] } = spec
  if (username === identity.commonName && groups.includes('system:nodes')) {
    return { approval: 'self', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' }
  }
  if (!username.startsWith(bootstrapPrefix) || !groups.includes('system:bootstrappers')) return { approval: 'none' }
  return {
    approval: 'ticket',
    ticketId: username.slice(bootstrapPrefix.length),
    node: identity.commonName.slice(nodePrefix.length),
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
  }
}

/** Upstream's csrcleaner: old requests are of no use to anybody. Ages in ms. */
export function isStale(request: CertificateSigningRequest, now: number): boolean {
  const age = now - (Date.parse(request.metadata.creationTimestamp ?? '') || now)
  const hour = 3_600_000
  const pending = request.status?.conditions === undefined || request.status.conditions.length === 0
  if (pending) return age > 24 * hour
  if (hasCondition(request, 'Denied') || hasCondition(request, 'Failed')) return age > hour
  return hasCondition(request, 'Approved') && age > (request.status?.certificate === undefined ? 24 * hour : hour)
}
